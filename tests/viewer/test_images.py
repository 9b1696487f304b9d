"""Pictures made on the server: JPEG for pages, /mjpeg and /snapshot.jpg with the overlay, and what is private."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import numpy as np
import pixels
import pytest
from PIL import Image
from websockets.asyncio.client import connect

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import images, wire
from onframe.viewer.branches import Piece
from onframe.viewer.jpeg import JpegFeed
from onframe.viewer.server import Viewer
from waiting import until

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("picture_threads")]


@asynccontextmanager
async def shown(
    viewer: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Viewer, httpx2.AsyncClient]]:
    """A simulated gate with marks, its viewer, and a client with the token in every address."""
    options = {"scene": "gate", "clock": "sr", "frame_marks": True, **options}
    async with SimulatedCamera(**options) as simulated, Camera.from_url(simulated.url) as camera:
        async with Viewer(camera, **(viewer or {})) as served:
            base, _, token = served.url.partition("/?t=")
            async with httpx2.AsyncClient(base_url=base, params={"t": token}, timeout=20) as client:
                yield served, client


class Part(NamedTuple):
    headers: dict[str, str]
    data: bytes


async def parts(client: httpx2.AsyncClient, count: int, **query: Any) -> list[Part]:
    """So many pictures of /mjpeg, as a client reads them that goes by Content-Length."""
    found: list[Part] = []
    async with client.stream("GET", "/mjpeg", params={**client.params, **query}) as answer:
        assert answer.status_code == 200
        kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
        assert kind == "multipart/x-mixed-replace"
        opening = f"--{boundary}\r\n".encode()
        buffer = b""
        async for piece in answer.aiter_raw():
            buffer += piece
            while (part := _first_part(buffer, opening)) is not None:
                found.append(part[0])
                buffer = buffer[part[1] :]
                if len(found) == count:
                    return found
    raise AssertionError("the stream ended")


def _first_part(buffer: bytes, opening: bytes) -> tuple[Part, int] | None:
    head, separator, rest = buffer.partition(b"\r\n\r\n")
    if not separator:
        return None
    assert head.startswith(opening)
    lines = head[len(opening) :].decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
    if len(rest) < length + 2:
        return None
    assert rest[length : length + 2] == b"\r\n"
    return Part(headers, rest[:length]), len(head) + 4 + length + 2


@pytest.mark.requirement("R-119")
async def test_burned_in_boxes_lie_on_the_picture_that_they_describe() -> None:
    """The painted target moves up to 9 pixels a picture: a box of another picture would not fit."""
    async with shown(metadata_delay=(0.0, 0.3)) as (_, client):
        got = await parts(client, 120, q=100)
    frames = [pixels.Shown(one.data, 0.0) for one in got]
    assert all(frame.has_video for frame in frames)
    passed = [(int(one.headers["x-pts"]) - int(got[0].headers["x-pts"])) / 3600 for one in got]
    assert passed == sorted(passed)
    assert [(one.frame - frames[0].frame) % 400 for one in frames] == [count % 400 for count in passed]
    found, looked_for = pixels.distances(frames)
    print(f"{len(found)} of {looked_for} edges, at most {max(found):.1f} pixels off")
    assert len(found) >= 0.6 * looked_for >= 100
    assert max(found) <= 2.0
    captured = [float(one.headers["x-timestamp"]) for one in got]
    assert all(abs(time - captured[0] - 0.04 * count) < 0.01 for time, count in zip(captured, passed, strict=True))


async def test_a_snapshot_has_its_overlay() -> None:
    async with shown(metadata_delay=(0.0, 0.3)) as (_, client):
        got = [await client.get("/snapshot.jpg", params={**client.params, "q": "100"}) for _ in range(6)]
    for answer in got:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"].startswith('inline; filename="1-1-')
    assert len({answer.headers["etag"] for answer in got}) == 6
    found, looked_for = pixels.distances(pixels.Shown(answer.content, 0.0) for answer in got)
    assert len(found) >= 0.5 * looked_for > 0
    assert max(found) <= 2.0


async def test_h265_is_shown_where_no_browser_decodes_it() -> None:
    async with shown() as (viewer, client):
        answer = await client.get("/snapshot.jpg", params={**client.params, "stream": "3", "width": "320"})
        assert Image.open(io.BytesIO(answer.content)).size == (320, 180)
        made: list[Piece] = []
        feed = viewer.feed("1", 3)
        listener = JpegFeed(made.append)
        feed.listen(listener)
        await until(lambda: len(made) >= 30)
        await feed.unlisten(listener)
    assert all(piece.kind == wire.JPEG and piece.key for piece in made)
    big = [Image.open(io.BytesIO(piece.data)).resize((1280, 720)) for piece in made]
    numbers = [pixels.bits(np.asarray(one.convert("RGB")), pixels.PICTURE_ROW) for one in big]
    passed = [(piece.pts - made[0].pts) // 3600 for piece in made]
    assert [(number - numbers[0]) % 400 for number in numbers] == [count % 400 for count in passed]
    assert passed == sorted(set(passed))


async def pages_pictures(viewer: Viewer, client: httpx2.AsyncClient, count: int) -> list[tuple[int, bytes]]:
    """(kind, payload) of so many binary messages to a page that asks for the coded pictures."""
    assert (await client.get("/")).status_code == 303
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    host = f"127.0.0.1:{viewer.port}"
    found: list[tuple[int, bytes]] = []
    async with connect(f"ws://{host}/ws", origin=f"http://{host}", additional_headers=cookies, max_size=None) as page:  # type: ignore[arg-type]
        await page.send('{"type":"watch","path":"annexb"}')
        async with asyncio.timeout(30):
            while len(found) < count:
                message = await page.recv()
                if isinstance(message, bytes):
                    found.append((message[0], message[wire.HEADER.size :]))
    return found


def greens(datas: Iterable[bytes]) -> list[float]:
    """How green the painted target is at its greenest pixel, in each picture that has one."""
    shown = [pixels.Shown(data, 0.0) for data in datas]
    boxes = pixels.landmarks()
    found = []
    for one in shown:
        if (box := boxes.get(one.frame)) is not None:
            left, top, right, bottom = (round(value) for value in box)
            region = one.picture[top:bottom, left:right].astype(np.int16)
            found.append(float((region[:, :, 1] - region[:, :, 0]).max()))
    return found


async def test_what_is_private_leaves_on_no_path_and_in_no_picture() -> None:
    """Metadata is late and some is lost; from the first picture on nothing of the painted target is to be seen."""
    late = {"metadata_delay": (0.0, 0.3), "metadata_loss": 0.05}
    async with shown({"privacy": "human:fill,vehicle:fill"}, **late) as (viewer, client):
        sent = await pages_pictures(viewer, client, 120)
        burned = await parts(client, 60, q=95, hide="target,trail,rule,plate", privacy="human:blur")
    assert {kind for kind, _ in sent} == {wire.JPEG}
    hidden = greens([*(data for _, data in sent), *(one.data for one in burned)])
    async with shown() as (_, client):
        bare = greens(one.data for one in await parts(client, 40, q=95, hide="target,trail,rule,plate"))
    print(f"{len(hidden)} targets hidden: at most {max(hidden):.0f}; {len(bare)} bare: {min(bare):.0f} and more")
    assert len(hidden) >= 100 and len(bare) >= 10
    assert min(bare) > 200
    assert max(hidden) < 30


async def test_errors_are_sentences() -> None:
    async with shown() as (_, client):
        for path in ("/mjpeg", "/snapshot.jpg"):
            for status, query, words in (
                (404, {"camera": "9"}, "There is no camera '9'; there are: 1"),
                (400, {"q": "101"}, "q=101 is no number from 1 to 100."),
                (400, {"width": "-1"}, "width=-1 is no number from 16 to 8192."),
                (400, {"fps": "nan"}, "fps=nan is no number from 0.1 to 60."),
                (400, {"color": "hot"}, "Choose among class, rule, target, alarm."),
                (400, {"privacy": "face:wipe"}, "Choose among blur, pixelate, fill."),
            ):
                answer = await client.get(path, params={**client.params, **query})
                assert answer.status_code == status
                assert words in answer.text
        refused = await client.get("/snapshot.jpg", params={"t": "wrong"})
        assert refused.status_code == 403
        assert (await client.get("/")).status_code == 303  # and the cookie is there
        head = await client.head("/mjpeg", params={"t": ""})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")


async def test_without_a_picture_a_snapshot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FIRST_WITHIN", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    async with Camera("127.0.0.1", username="admin", password="x", http_port=port, rtsp_port=port) as camera:
        async with Viewer(camera) as viewer, httpx2.AsyncClient() as client:
            answer = await client.get(viewer.url.replace("/?", "/snapshot.jpg?"))
    silent.close()
    assert answer.status_code == 503
    assert answer.text == f"No picture of {camera.name} has come within 0.3 s.\n"


async def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_spec", lambda name: None if name == "av" else object())
    async with shown() as (_, client):
        for path in ("/mjpeg", "/snapshot.jpg"):
            answer = await client.get(path)
            assert answer.status_code == 501
            assert "pip install 'onframe[video]'" in answer.text


async def test_however_many_look_on_a_picture_is_decoded_once(picture_threads: Callable[[], list[str]]) -> None:
    async with shown() as (viewer, client):
        first, second, third = await asyncio.gather(
            parts(client, 40), parts(client, 40), parts(client, 40, width=320, hide="label")
        )
        assert picture_threads() == [] or len(picture_threads()) == 1
    same = {one.headers["x-pts"]: one.data for one in first}
    assert sum(same.get(one.headers["x-pts"]) == one.data for one in second) >= 20
    assert Image.open(io.BytesIO(third[0].data)).size == (320, 180)


async def test_one_that_does_not_read_harms_nobody_and_leaves_nothing(picture_threads: Callable[[], list[str]]) -> None:
    async with shown() as (viewer, client), contextlib.AsyncExitStack() as stack:
        token = viewer.url.partition("t=")[2]
        lazy = stack.enter_context(contextlib.closing(socket.socket()))
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", viewer.port))
        lazy.sendall(f"GET /mjpeg?t={token} HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\n\r\n".encode())
        assert len(await parts(client, 60)) == 60
        assert picture_threads() == ["pictures with their overlay"]
        assert viewer.feed("1").running
        lazy.close()
        await until(lambda: picture_threads() == [] and not viewer.feed("1").running)
        ours = {"pictures for a dashboard", "a dashboard's going"}
        await until(lambda: not ours & {task.get_name() for task in asyncio.all_tasks()})


async def test_at_most_so_many_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_READERS", 1)
    async with shown() as (_, client):
        async with client.stream("GET", "/mjpeg") as open_one:
            assert open_one.status_code == 200
            answer = await client.get("/snapshot.jpg")
            assert (answer.status_code, answer.text) == (503, "1 programs are shown pictures already.\n")
