"""Answers over HTTP that are not what they seem: rows F14 to F17, with our client on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from onframe.camera.camera import Camera
from onframe.errors import LimitExceeded, OnframeError, RemoteProtocolError, StatusError
from onframe.simulator.camera import SimulatedCamera

PATIENCE = 10.0
NOT_OK = (
    "<ResponseStatus><requestURL>/x</requestURL><statusCode>{}</statusCode><statusString>text</statusString>"
    "<subStatusCode>{}</subStatusCode></ResponseStatus>"
)
CAPABILITY = (
    '<MetadataCfg><MetadataList size="{}">{}</MetadataList>'
    "<isSupportSubscribeType>true</isSupportSubscribeType></MetadataCfg>"
)


@asynccontextmanager
async def answering(status: str, body: bytes, *, headers: bytes = b"", media_type: str = "") -> AsyncIterator[Camera]:
    """A camera whose device gives every request this one answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        kind = f"Content-Type: {media_type}\r\n" if media_type else ""
        head = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(body)}\r\nConnection: close\r\n".encode()
        writer.write(head + headers + b"\r\n" + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Camera("127.0.0.1", username="admin", password="abcd1234", http_port=port) as camera:
        yield camera


@pytest.mark.fault("F14")
@pytest.mark.parametrize("media_type", ["text/html", "application/xml", "image/jpeg", ""])
async def test_success_with_a_login_page_is_told_whatever_type_it_claims(media_type: str) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Please log in</title></head></html>"
    async with answering("200 OK", page, media_type=media_type) as camera:
        with pytest.raises(RemoteProtocolError, match=r"an HTML page \(Please log in\) instead of a document") as told:
            await camera.device_capability()
    assert told.value.hint == "is this the camera's own HTTP port? a login page or a proxy may stand before it"


@pytest.mark.fault("F14")
@pytest.mark.parametrize("media_type", ["application/xml", "text/html", ""])
async def test_success_with_an_error_document_is_the_devices_no(media_type: str) -> None:
    body = NOT_OK.format(3, "deviceError").encode()
    async with answering("200 OK", body, media_type=media_type) as camera:
        with pytest.raises(StatusError, match="deviceError") as told:
            await camera.configuration()
    error = told.value
    assert (error.http_status, error.status_code, error.sub_status_code) == (200, 3, "deviceError")
    assert error.request == "GET /ISAPI/Streaming/channels/101/metadata"


@pytest.mark.fault("F14")
async def test_success_with_nothing_in_it_is_told() -> None:
    async with answering("200 OK", b"") as camera:
        with pytest.raises(RemoteProtocolError, match="HTTP 200 and an empty body"):
            await camera.configuration()


@pytest.mark.fault("F14")
async def test_a_type_that_cannot_be_subscribed_is_told_by_status_name_code_and_meaning() -> None:
    body = (
        b'{"statusCode":4,"statusString":"Invalid Operation","subStatusCode":"subscribeTypeErr","errorCode":1073782806}'
    )
    async with answering("403 Forbidden", body, media_type="application/json") as camera:
        with pytest.raises(StatusError) as told:
            await camera.subscribe(types=["ANPR"])
    error = told.value
    assert (error.http_status, error.status_code, error.error_code) == (403, 4, 0x4000A016)
    assert error.sub_status_code == "subscribeTypeErr" and error.meaning
    assert error.hint is not None and "types that the metadata capability lists" in error.hint


@pytest.mark.fault("F15")
@pytest.mark.parametrize("size", ["", "1", "-3", "999999999999", "nine"])
async def test_a_capability_that_counts_wrongly_and_blanks_in_its_list_is_read(size: str) -> None:
    listed = '<Metadata><type opt="ANPR,  faceSnap ,\n\t thermometry,"/></Metadata>'
    async with answering("200 OK", CAPABILITY.format(size, listed).encode()) as camera:
        capability = await camera.metadata_capability()
    assert capability.types == ["ANPR", "faceSnap", "thermometry"]
    assert capability.supports_subscribe_type


@pytest.mark.fault("F15")
async def test_the_other_spelling_of_the_path_is_found_in_the_documented_order_and_remembered() -> None:
    async with SimulatedCamera("gate", quirks={"path_case": "Metadata"}) as simulated:
        async with Camera.from_url(simulated.url) as camera:
            async with asyncio.timeout(PATIENCE):
                record = await anext(camera.watch(types=["ANPR"]))
            assert record.metadata.sub_type == "ANPR"
            assert camera.inquiry.fallbacks == {
                "metadata_capability": "GET /ISAPI/Streaming/channels/101/Metadata/capabilities",
                "subscribe_type": "POST /ISAPI/Streaming/channels/1/Metadata/subscribeType?format=json",
            }
        asked = [request.uri for request in simulated.device.requests if request.status == 404]
    assert asked == [
        "/ISAPI/Streaming/channels/101/metadata/capabilities",
        "/ISAPI/Streaming/channels/1/metadata/subscribeType?format=json",
    ]


@pytest.mark.fault("F16")
async def test_ten_thousand_challenges_are_refused_at_the_bound_and_nothing_is_sent_for_them() -> None:
    challenges = b'WWW-Authenticate: Digest realm="r", nonce="n"\r\n' * 10_000
    async with answering("401 Unauthorized", b"", headers=challenges) as camera:
        with pytest.raises(OnframeError) as told:
            await camera.device_capability()
    assert isinstance(told.value, LimitExceeded | RemoteProtocolError)
    assert not camera.login.accepted


@pytest.mark.fault("F16")
@pytest.mark.parametrize(("count", "refused"), [(10_000, False), (30_000, True)])
async def test_the_same_element_ten_thousand_times_costs_no_more_than_the_bound(count: int, refused: bool) -> None:
    entries = "<Metadata><type>ANPR</type></Metadata>" * count
    async with answering("200 OK", CAPABILITY.format("", entries).encode()) as camera:
        if refused:
            with pytest.raises(LimitExceeded) as told:
                await camera.metadata_capability()
            assert (told.value.limit, told.value.maximum) == ("elements", 50_000)
        else:
            assert (await camera.metadata_capability()).types == ["ANPR"]


@pytest.mark.fault("F17")
async def test_a_setting_that_takes_after_a_restart_says_so_and_takes_then() -> None:
    async with SimulatedCamera("gate") as simulated:
        simulated.device.restart_to_apply = True
        async with Camera.from_url(simulated.url) as camera:
            result = await camera.configure(disable={"ANPR"})
            assert result.restart_needed
            assert [str(change) for change in result.changed] == ["ANPR: enabled → disabled"]
            assert await camera.type_enabled("ANPR")
            simulated.device.restart()
            assert not await camera.type_enabled("ANPR")


@pytest.mark.fault("F17")
@pytest.mark.parametrize("one_by_one", [False, True])
async def test_a_setting_that_was_accepted_and_did_not_take_is_never_passed_over(one_by_one: bool) -> None:
    async with SimulatedCamera("gate") as simulated:
        simulated.device.stubborn = True
        async with Camera.from_url(simulated.url) as camera:
            with pytest.raises(StatusError, match="accepted ANPR = disabled but reports enabled"):
                await camera.configure(disable={"ANPR"}, one_by_one=one_by_one)
        statuses = [(request.method, request.status) for request in simulated.device.requests if request.credentials]
    assert ("PUT", 200) in statuses and statuses[-1] == ("GET", 200)
