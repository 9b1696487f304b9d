"""What a page may ask of the viewer's server: what it watches, pauses, documents, coordinates; on real sockets."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import narrator, visit
from onframe.viewer.server import Viewer
from onframe.viewer.source import Source
from pages import connected, eventually, is_key, is_picture, kind, open_page, requests, say, until, watch

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_is_logged_or_printed")]


class TestWatch:
    async def test_a_page_that_asks_for_nothing_is_closed_after_a_while(
        self, viewer: Viewer, simulated: SimulatedCamera, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visit, "WATCH_WITHIN", 0.3)
        async with await connected(viewer) as page:
            assert json.loads(await page.recv())["type"] == "welcome"
            await say(page, "pause", paused=True)
            assert (await until(page, kind("error")))["message"] == "nothing is watched yet"
            with pytest.raises(ConnectionClosed) as closed:
                await page.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "nothing was asked for within 0.3 s")
        assert requests(simulated, "PLAY") == 0

    async def test_one_that_watches_may_be_silent_for_longer(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visit, "WATCH_WITHIN", 0.3)
        async with await open_page(viewer) as page:
            end = time.monotonic() + 1.0
            await until(page, lambda message: time.monotonic() > end)
            await until(page, is_picture)

    async def test_another_stream_and_then_none_while_shapes_go_on(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            await watch(page, stream=2, why="too large")
            hello = await until(page, lambda m: kind("hello", stream=2)(m) and m.get("codec"))
            assert (hello["width"], hello["height"]) == (640, 360)
            assert int.from_bytes((await until(page, is_key))[2:4], "little") == 2
            await watch(page, stream=2, path="none")
            await until(page, lambda m: kind("hello", stream=2, path="none")(m) and m.get("codec") is None)
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(kind("shapes"), seen)) >= 20)  # type: ignore[func-returns-value]
            assert not any(map(is_picture, seen))
        await eventually(lambda: requests(simulated, "TEARDOWN") == requests(simulated, "PLAY"))

    async def test_another_path_of_the_same_stream_needs_no_other_session(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_key)
            await watch(page, path="fmp4")
            hello = await until(page, lambda m: kind("hello", path="fmp4")(m) and m.get("base"))
            start = await until(page, lambda m: is_picture(m) and m[0] != 1)
            assert start[0] == 2 and start[28:32] == b"ftyp"
            fragment = await until(page, is_picture)
            assert fragment[0] == 3 and fragment[1] & 1 and fragment[28:32] == b"moof"
            assert int.from_bytes(fragment[8:16], "little", signed=True) >= hello["base"]
        assert requests(simulated, "PLAY") == 1

    async def test_a_page_that_joins_by_fmp4_gets_the_start_and_everything_since_the_key_picture(
        self, viewer: Viewer
    ) -> None:
        async with (
            await open_page(viewer, wanted={"path": "fmp4"}) as one,
            await open_page(viewer) as plain,
        ):
            await until(one, lambda m: is_picture(m) and m[0] == 3 and not m[1] & 1)
            async with await open_page(viewer, wanted={"path": "fmp4"}) as other:
                kinds = [(await until(other, is_picture))[:2] for _ in range(3)]
                assert kinds[0][0] == 2 and kinds[1] == b"\x03\x01" and kinds[2][0] == 3
            assert (await until(plain, is_key))[0] == 1

    async def test_another_size_goes_on_in_the_time_line_of_the_fmp4(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer, wanted={"path": "fmp4"}) as page:
            before = await until(page, lambda m: kind("hello", width=1280)(m) and m.get("base"))
            await until(page, is_key)
            await simulated.faults.inject("small")
            after = await until(page, kind("hello", width=640))
            assert after["base"] == before["base"] and after["codec"] != before["codec"]
            assert (await until(page, is_picture))[:1] == b"\x02"
            assert (await until(page, is_picture))[:2] == b"\x03\x01"

    async def test_by_jpeg_every_picture_can_be_shown_by_itself(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer, wanted={"path": "jpeg"}) as page, await open_page(viewer) as plain:
            assert (await until(page, kind("welcome")))["jpeg"] is True
            await until(page, kind("hello", path="jpeg"))
            units = {}
            for _ in range(20):
                unit = await until(plain, is_picture)
                units[unit[8:16]] = unit[16:24]
            pictures = [await until(page, is_picture) for _ in range(20)]
            assert {picture[:2] for picture in pictures} == {b"\x04\x01"}
            assert all(picture[24:27] == b"\xff\xd8\xff" for picture in pictures)
            same = [picture for picture in pictures if picture[8:16] in units]
            assert same and all(picture[16:24] == units[picture[8:16]] for picture in same), "and when it came"
            await until(page, kind("shapes"))
        assert requests(simulated, "PLAY") == 1

    async def test_what_is_private_leaves_as_jpeg_alone_whatever_a_page_asks_for(
        self, simulated: SimulatedCamera
    ) -> None:
        async with (
            Camera.from_url(simulated.url) as camera,
            Viewer(camera, privacy="human:fill,plate") as viewer,
            await open_page(viewer, wanted={"path": "annexb"}) as page,
            await open_page(viewer, wanted={"path": "none"}) as bare,
        ):
            welcome = await until(page, kind("welcome"))
            assert (welcome["privacy"], welcome["jpeg"]) == (["human", "plate"], True)
            await until(page, kind("hello", path="jpeg"))
            assert (await until(page, is_picture))[0] == 4
            shapes = await until(bare, lambda m: kind("shapes")(m) and any(s["t"] == "plate" for s in m["shapes"]))
            assert {shape["text"] for shape in shapes["shapes"] if shape["t"] == "plate"} == {"•••"}
            await say(bare, "inspect", n=shapes["n"])
            assert "licensePlate" not in json.dumps(await until(bare, kind("inspected")))

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [
            ({"camera": "nowhere"}, "there is no camera 'nowhere'"),
            ({"camera": "http://169.254.1.1/"}, "there is no camera 'http://169.254.1.1/'"),
            ({"stream": 4}, "there is no stream 4"),
            ({"stream": -1}, "there is no stream -1"),
        ],
    )
    async def test_what_there_is_not_is_an_error_and_what_is_shown_stays(
        self, viewer: Viewer, wanted: dict[str, Any], told: str
    ) -> None:
        async with await connected(viewer) as page:
            for _ in range(2):
                await watch(page, **wanted)
                error = await until(page, kind("error"))
                assert (error["code"], error["message"]) == ("server", told) and error["hint"]
                await watch(page)
                await until(page, is_picture)


class TestPause:
    @pytest.mark.fault("F70")
    async def test_a_hidden_page_gets_counters_alone_and_begins_anew_with_a_key_picture(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page, await open_page(viewer) as other:
            await until(page, is_picture)
            await say(page, "pause", paused=True)
            await say(page, "inspect", n=-2)
            await until(page, kind("inspected"))  # what was on its way before is through
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(kind("stats"), seen)) >= 2)  # type: ignore[func-returns-value]
            assert {message["type"] for message in seen if not is_picture(message)} == {"stats"}
            assert not any(map(is_picture, seen))
            await until(other, is_picture)
            await say(page, "pause", paused=False)
            assert (await until(page, kind("hello")))["rules"]
            assert (await until(page, is_picture))[1] & 1
            await until(page, kind("shapes"))
        assert requests(simulated, "PLAY") == 1

    async def test_saying_it_twice_changes_nothing(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            await say(page, "pause", paused=False)
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(is_picture, seen)) >= 5)  # type: ignore[func-returns-value]
            assert not any(map(kind("hello"), seen))


def raw_ids(raw: str) -> list[str]:
    return re.findall(r"<targetID>(\d+)</targetID>", raw)


class TestQuestions:
    async def test_a_shape_leads_to_its_document(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            shapes = await until(page, lambda m: kind("shapes")(m) and any(s.get("subject") for s in m["shapes"]))
            subject = next(shape["subject"] for shape in shapes["shapes"] if shape.get("subject"))
            await say(page, "inspect", n=shapes["n"], subject=subject)
            answer = await until(page, kind("inspected", n=shapes["n"], subject=subject))
            assert answer["raw"].lstrip().startswith("<") and "</Metadata>" in answer["raw"]
            assert shapes["layer"] == f"{answer['facts']['subType']}/target"
            assert str(answer["facts"]["targets"][0]["targetID"]) in raw_ids(answer["raw"])

    async def test_one_that_is_forgotten_is_not_found(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            await say(page, "inspect", n=2**40, subject="behaviorAnalysis/target/1")
            assert (await until(page, kind("inspected")))["found"] is False

    async def test_another_space_is_told_to_all_pages_with_what_it_changes(self, viewer: Viewer) -> None:
        async with (
            await open_page(viewer) as one,
            await open_page(viewer, wanted={"stream": 2, "path": "none"}) as other,
        ):
            boxed = lambda m: kind("shapes")(m) and any(s["t"] == "box" for s in m["shapes"])  # noqa: E731
            before = await until(one, boxed)
            await until(other, boxed)
            await say(one, "coordinates", space="unit", origin="bottom-left")
            for page in (one, other):
                told = await until(page, kind("coordinates"))
                assert (told["space"], told["origin"]) == ("unit", "bottom-left")
                assert told["coordinates"] == "unit, origin bottom left"
            again = await until(one, kind("shapes", n=before["n"], layer=before["layer"]))
            old, new = (next(s for s in m["shapes"] if s["t"] == "box") for m in (before, again))
            assert (new["x"], new["w"]) == pytest.approx((old["x"] * 1000, old["w"] * 1000))
            async with await open_page(viewer, wanted={"stream": 3, "path": "none"}) as third:
                assert (await until(third, kind("hello")))["space"] == "unit", "for who comes later, too"

    async def test_what_is_older_is_told_in_the_other_space_too_for_who_looks_back(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(narrator, "AGAIN", 0.3)
        async with await open_page(viewer) as page:
            boxed = lambda m: kind("shapes")(m) and any(s["t"] == "box" for s in m["shapes"])  # noqa: E731
            before = await until(page, boxed)
            await until(page, lambda m: kind("shapes")(m) and m["pts"] > before["pts"] + 2 * 90_000)
            await say(page, "coordinates", space="unit", origin="bottom-left")
            seen: list[Any] = []
            named = kind("shapes", n=before["n"], layer=before["layer"])
            again = await until(page, lambda m: seen.append(m) or named(m))  # type: ignore[func-returns-value]
            old, new = (next(s for s in m["shapes"] if s["t"] == "box") for m in (before, again))
            assert (new["x"], new["w"]) == pytest.approx((old["x"] * 1000, old["w"] * 1000))
            numbers = [m["n"] for m in seen if kind("shapes")(m) and m["pts"] <= before["pts"] + 90_000]
            assert numbers == sorted(numbers, reverse=True), "the newest first, each once"
            assert any(map(is_picture, seen)), "pictures go on meanwhile"


class TestSeveralCameras:
    async def test_each_is_watched_by_its_key_with_a_session_of_its_own(self, simulated: SimulatedCamera) -> None:
        async with (
            SimulatedCamera("hall", clock="sr") as hall,
            Camera.from_url(simulated.url) as one,
            Camera.from_url(hall.url) as two,
            Viewer([Source(one, name="The gate"), Source(two, stream=2, key="hall")]) as viewer,
        ):
            async with await connected(viewer) as page, await open_page(viewer) as first:
                welcome = json.loads(await page.recv())
                assert [(camera["key"], camera["name"]) for camera in welcome["cameras"]] == [
                    ("1", "The gate"),
                    ("hall", two.name),
                ]
                await watch(page, camera="hall")
                hello = await until(page, lambda m: kind("hello", key="hall", stream=2)(m) and m.get("codec"))
                assert hello["camera"] == two.name and (hello["width"], hello["height"]) == (640, 360)
                await until(page, is_key)
                assert (await until(first, kind("hello")))["camera"] == "The gate"
                assert (requests(simulated, "PLAY"), requests(hall, "PLAY")) == (1, 1)
                await watch(page, camera="1")
                await until(page, kind("hello", key="1"))
                await until(page, is_key)
                await eventually(lambda: requests(hall, "TEARDOWN") == 1)
            assert requests(simulated, "PLAY") == 1

    async def test_what_is_set_for_one_says_nothing_of_the_other(self, simulated: SimulatedCamera) -> None:
        async with (
            Camera.from_url(simulated.url) as camera,
            Viewer([Source(camera, key="a"), Source(camera, stream=2, key="b")]) as viewer,
            await open_page(viewer, wanted={"camera": "a"}) as a,
            await open_page(viewer, wanted={"camera": "b"}) as b,
        ):
            await say(a, "coordinates", space="unit")
            await until(a, kind("coordinates"))
            seen: list[Any] = []
            await until(b, lambda m: seen.append(m) or sum(map(kind("stats"), seen)) >= 2)  # type: ignore[func-returns-value]
            assert not any(map(kind("coordinates"), seen))

    async def test_keys_are_made_up_where_they_are_left_out_and_never_twice_the_same(self) -> None:
        async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera:
            viewer = Viewer(
                [Source(camera), Source(camera, channel=2, key="1"), Source(camera, channel=3, name="Yard")]
            )
            seen = [(one.key, one.name) for one in viewer.welcome().cameras]
            assert seen == [("2", f"{camera.name} channel 1"), ("1", f"{camera.name} channel 2"), ("3", "Yard")]
            for wrong in ([], [Source(camera, key="a"), Source(camera, key="a")], [Source(camera, key="../x")]):
                with pytest.raises(OnframeError):
                    Viewer(wrong)
