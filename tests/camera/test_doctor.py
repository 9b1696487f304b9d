"""The doctor: each step ok, or its cause and its remedy."""

import asyncio
import socket

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.doctor import diagnose

NAMES = [
    "HTTP port",
    "RTSP port",
    "login",
    "device capability",
    "metadata capability",
    "types enabled",
    "track",
    "packets",
    "documents",
    "rules",
]


def camera_of(device, **options):
    given = {"username": "admin", "password": "abcd1234", "http_port": device.http_port, "rtsp_port": device.rtsp_port}
    return Camera("127.0.0.1", **(given | {"backoff": Backoff(initial=0.05, maximum=0.1), "timeout": 1.0} | options))


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def findings(camera, payloads=(), device=None, wait=0.5, **options):
    """All findings by name, while the device sends ``payloads`` over and over."""

    async def send():
        timestamp = 0
        while True:
            for payload in payloads:
                timestamp += 3600
                device.send(payload, timestamp=timestamp)
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(send())
    try:
        async with camera:
            return {finding.name: finding async for finding in diagnose(camera, wait=wait, **options)}
    finally:
        sending.cancel()


@pytest.fixture
def healthy(device, make_document):
    device.types["behaviorAnalysis"] = "true"
    return [make_document(type="ruleTarget"), make_document()]


async def test_a_healthy_camera_is_ok_from_end_to_end(device, healthy):
    found = await findings(camera_of(device), healthy, device)
    assert list(found) == NAMES
    assert all(finding.ok for finding in found.values())
    assert device.methods().count("TEARDOWN") == 1


async def test_a_wrong_password_is_named_and_costs_one_refused_request(device, healthy):
    found = await findings(camera_of(device, password="wrong"), healthy, device)
    assert list(found) == ["HTTP port", "RTSP port", "login"]
    assert not found["login"].ok
    assert "'admin'" in found["login"].detail
    assert "password" in found["login"].remedy
    assert device.refused == 1


async def test_a_closed_http_port_is_named_and_rtsp_is_still_looked_at(device, healthy):
    found = await findings(camera_of(device, http_port=closed_port()), healthy, device)
    assert not found["HTTP port"].ok
    assert "--http-port" in found["HTTP port"].remedy
    assert found["login"].ok
    assert found["rules"].ok


async def test_a_closed_rtsp_port_is_named_and_http_is_still_looked_at(device):
    found = await findings(camera_of(device, rtsp_port=closed_port()))
    assert not found["RTSP port"].ok
    assert "--rtsp-port" in found["RTSP port"].remedy
    assert found["metadata capability"].ok
    assert "track" not in found


async def test_a_disabled_type_is_named_with_the_command_that_enables_it(device, healthy):
    device.types["ANPR"] = "false"
    found = await findings(camera_of(device), healthy, device)
    assert not found["types enabled"].ok
    assert found["types enabled"].detail == "disabled: ANPR"
    assert "--enable ANPR" in found["types enabled"].remedy
    assert found["track"].ok


async def test_only_the_types_asked_for_must_be_enabled(device, healthy):
    device.types["ANPR"] = "false"
    found = await findings(camera_of(device), healthy, device, types=["behaviorAnalysis"])
    assert found["types enabled"].ok
    found = await findings(camera_of(device), healthy, device, types=["lions"])
    assert found["types enabled"].detail == "the channel has no lions"


@pytest.mark.requirement("R-023")
async def test_a_stream_without_the_track_is_named(device, healthy):
    device.sdp = device.sdp.partition("m=application")[0]
    found = await findings(camera_of(device), healthy, device)
    assert "no isapi.metadata track" in found["track"].detail
    assert found["track"].remedy
    assert list(found)[-1] == "track"


@pytest.mark.requirement("R-023")
async def test_onvif_metadata_is_named(device, healthy):
    device.sdp = device.sdp.replace("isapi.metadata", "vnd.onvif.metadata")
    found = await findings(camera_of(device), healthy, device)
    assert "ONVIF" in found["track"].detail
    assert "/ISAPI/" in found["track"].remedy


async def test_a_capability_that_is_not_said_is_named_and_the_track_is_tried(device, healthy):
    device.device_cap = b"<DeviceCap><SysCap/></DeviceCap>"
    found = await findings(camera_of(device), healthy, device)
    assert not found["device capability"].ok
    assert found["track"].ok


async def test_another_spelling_that_works_is_told(device, healthy):
    path = "/ISAPI/Streaming/channels/101/metadata/capabilities"
    device.http_paths = {path: (404, b""), path.replace("/metadata", "/Metadata"): device.metadata_cap}
    found = await findings(camera_of(device), healthy, device)
    assert found["metadata capability"].ok
    assert "/101/Metadata/capabilities" in found["metadata capability"].detail


async def test_silence_on_the_track_is_named(device):
    device.types["behaviorAnalysis"] = "true"
    found = await findings(camera_of(device), wait=0.2)
    assert found["track"].ok
    assert not found["packets"].ok
    assert "rule" in found["packets"].remedy
    assert list(found)[-1] == "packets"


async def test_documents_that_cannot_be_read_and_missing_rules_are_named(device, make_document):
    device.types["behaviorAnalysis"] = "true"
    found = await findings(camera_of(device), [b"<Metadata><type>x", make_document()], device)
    assert not found["documents"].ok
    assert "report" in found["documents"].remedy
    assert not found["rules"].ok


async def test_a_device_that_never_answers_is_named(device):
    device.frozen = True
    found = await findings(camera_of(device, timeout=0.2), wait=0.5)
    device.frozen = False
    assert found["HTTP port"].ok
    assert "not answered" in found["device capability"].detail
    assert not found["track"].ok
