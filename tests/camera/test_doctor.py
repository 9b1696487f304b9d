"""The doctor: each step ok, or its cause and its remedy."""

import asyncio
import re
import socket

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.doctor import diagnose
from onframe.camera.firmware import judge_firmware
from onframe.camera.supervisor import Timing
from onframe.camera.tls import TLS
from onframe.record import Coordinates
from onframe.simulator.certificates import make_certificate, server_context

NAMES = [
    "HTTP port",
    "RTSP port",
    "login",
    "firmware",
    "device capability",
    "metadata capability",
    "types enabled",
    "rights",
    "track",
    "transport",
    "packets",
    "documents",
    "clock",
    "coordinates",
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
    assert [name for name, finding in found.items() if finding.level == "note"] == ["clock"]
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


# -- firmware

DEVICE_INFO = """<?xml version="1.0" encoding="UTF-8"?>
<DeviceInfo version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"><deviceName>{name}</deviceName>
<model>{model}</model><serialNumber>CANARY-SERIAL</serialNumber><firmwareVersion>{version}</firmwareVersion>
<firmwareReleasedDate>{build}</firmwareReleasedDate></DeviceInfo>"""


def device_info(version="V5.7.3", build="build 220112", model="DS-2CD2143G2-I", name="gate"):
    return DEVICE_INFO.format(version=version, build=build, model=model, name=name).encode()


@pytest.mark.parametrize(
    ("version", "build", "known"),
    [
        ("V5.4.0", "build 160530", ["CVE-2017-7921", "CVE-2021-36260"]),
        ("V5.4.5", "build 170124", ["CVE-2021-36260"]),
        ("V5.4.5", "build 170122", ["CVE-2017-7921", "CVE-2021-36260"]),
        ("V5.4.3", "build 170123", ["CVE-2021-36260"]),
        ("V5.0.9", "build 140305", ["CVE-2017-7921", "CVE-2021-36260"]),
        ("V5.0.9", "build 140304", ["CVE-2021-36260"]),
        ("V5.0.8", "build 150101", ["CVE-2021-36260"]),
        ("V5.4.6", "build 170122", ["CVE-2021-36260"]),
        ("V5.5.800", "build 210624", ["CVE-2021-36260"]),
        ("V5.5.800", "build 210625", []),
        ("V5.7.3", "build 220112", []),
        ("V5.3.0", "", []),
        ("V5.7.3", "", []),
        ("5.4.1 build 161017", "", ["CVE-2017-7921", "CVE-2021-36260"]),
    ],
)
def test_firmware_that_may_be_dangerous_is_a_note_with_its_names(version, build, known):
    finding = judge_firmware(device_info(version, build))
    assert finding.ok
    assert [name for name in ("CVE-2017-7921", "CVE-2021-36260") if name in finding.detail] == known
    assert ("update the firmware" in (finding.remedy or "")) == bool(known)


def test_a_devices_strings_are_not_echoed():
    hostile = device_info("V5.4.0&lt;script&gt;", "build 160530; rm -rf /", "<![CDATA[<img src=x>]]>", "evil")
    finding = judge_firmware(hostile)
    assert finding.detail.startswith("V5.4.0 build 160530 is old")
    assert not any(word in finding.detail for word in ("script", "rm -rf", "img", "evil", "CANARY"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"<DeviceInfo/>", b"<DeviceInfo><firmwareVersion/></DeviceInfo>"])
def test_a_device_that_says_nothing_of_its_firmware_is_ok(body):
    assert judge_firmware(body).level == "ok"


async def test_firmware_is_asked_for_and_judged(device, healthy):
    device.http_paths = {"/ISAPI/System/deviceInfo": device_info("V5.4.0", "build 160530")}
    found = await findings(camera_of(device), healthy, device)
    assert found["firmware"].detail.startswith("DS-2CD2143G2-I, V5.4.0 build 160530 is old")
    assert found["firmware"].ok


# -- rights


async def test_what_the_account_may_do_is_told_and_writing_is_not_tried_unasked(device, healthy):
    found = await findings(camera_of(device), healthy, device)
    assert found["rights"].detail.startswith("may read the configuration and subscribe; writing was not tried")
    assert [method for method, _, _ in device.http_log if method == "PUT"] == []


async def test_writing_is_tried_with_what_was_read(device, healthy):
    before = dict(device.types)
    found = await findings(camera_of(device), healthy, device, try_writing=True)
    assert found["rights"].detail == "may read the configuration, subscribe and change the configuration"
    assert device.types == before
    device.accepted = (4, "lowPrivilege")
    found = await findings(camera_of(device), healthy, device, try_writing=True)
    assert found["rights"].level == "note"
    assert "not change it" in found["rights"].detail and "right to set parameters" in found["rights"].remedy


async def test_an_account_that_may_not_read_the_configuration_is_named(device, healthy):
    device.http_paths = {
        f"/ISAPI/Streaming/channels/{number}/{name}": (403, b"")
        for number in (1, 101)
        for name in ("metadata", "Metadata")
    }
    found = await findings(camera_of(device), healthy, device)
    assert not found["types enabled"].ok and "HTTP 403" in found["types enabled"].detail
    assert "right" in found["types enabled"].remedy
    assert found["track"].ok


async def test_an_account_that_may_not_see_live_pictures_is_named(device, healthy):
    device.describe_status = 403
    found = await findings(camera_of(device), healthy, device)
    assert "Live View" in found["track"].remedy


async def test_a_device_that_is_busy_is_named(device, healthy):
    device.describe_status = 453
    found = await findings(camera_of(device), healthy, device)
    assert found["track"].detail.startswith("stream 101 does not play: DESCRIBE was answered 453")
    assert "end another session" in found["track"].remedy


# -- the stream


async def test_losses_are_counted_in_packets_and_per_cent(device, make_document):
    device.types["behaviorAnalysis"] = "true"

    async def lossy():
        while True:
            device.send(make_document(type="ruleTarget"), timestamp=0, lose=1)
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(lossy())
    async with camera_of(device) as camera:
        found = {finding.name: finding async for finding in diagnose(camera, wait=0.5)}
    sending.cancel()
    assert not found["packets"].ok
    received, lost, share = re.match(r"(\d+) received, (\d+) lost \((.+) %\)", found["packets"].detail).groups()
    assert int(received) - int(lost) in (0, 1, 2)
    assert 40 < float(share) <= 50


@pytest.mark.parametrize(("lose", "ok"), [(1, True), (0, False)])
async def test_a_document_that_cannot_be_read_is_no_cause_of_its_own_where_packets_are_lost(
    device, make_document, lose, ok
):
    device.types["behaviorAnalysis"] = "true"

    async def torn():
        while True:
            device.send(b"<x>500</x>", timestamp=0)
            for before in (0, lose):
                device.send(make_document(type="ruleTarget"), timestamp=0, lose=before)
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(torn())
    async with camera_of(device) as camera:
        found = {finding.name: finding async for finding in diagnose(camera, wait=0.5)}
    sending.cancel()
    assert (found["packets"].ok, found["documents"].ok) == (not lose, ok)
    assert "'x' is no root" in found["documents"].detail
    assert ("losses first" if lose else "report it") in found["documents"].remedy


async def test_jitter_transport_and_the_spread_of_values_are_told(device, healthy):
    found = await findings(camera_of(device), healthy, device)
    assert found["transport"].detail == "RTP over tcp within the RTSP connection"
    assert re.search(r"\d+ received in \d\.\d s, none lost(; jitter \d+ ms)?$", found["packets"].detail)
    assert found["coordinates"].detail == "0..1000, top-left (assumed); no point was seen"


async def test_udp_that_is_blocked_is_a_note_with_its_remedy(device, healthy):
    device.firewall = True
    camera = camera_of(device, transport="udp", timing=Timing(datagrams=0.3))
    found = await findings(camera, healthy, device, wait=2.0)
    assert found["transport"].level == "note"
    assert found["transport"].detail.startswith("tcp, because nothing came over udp within 0.3 s")
    assert "let udp through the firewall" in found["transport"].remedy
    assert found["documents"].ok


async def test_a_clock_that_is_years_off_is_a_note_with_its_grade(device, healthy):
    found = await findings(camera_of(device), healthy, device)
    assert re.match(r"\d+\.\d days behind this machine; grade \w+", found["clock"].detail)
    assert "NTP" in found["clock"].remedy


@pytest.mark.parametrize(
    ("points", "space", "said", "remedy"),
    [
        ([(100, 100), (700, 950)], "0..1000", "values from 100 to 950 fit 0..1000, top-left (assumed)", None),
        ([(0.1, 0.2), (0.5, 0.9)], "0..1000", "do not look like 0..1000, top-left (assumed), but like unit", "unit"),
        ([(100, 100), (1900, 900)], "0..1000", "but like pixels", "pixels"),
        ([(100, 100), (700, 950)], "unit", "but like 0..1000", "0..1000"),
        ([(100, 100), (1900, 900)], "pixels", "fit pixels", None),
    ],
)
async def test_values_that_do_not_fit_the_space_are_a_note_and_switch_nothing(
    device, healthy, make_document, points, space, said, remedy
):
    listed = "".join(f"<Point><x>{x}</x><y>{y}</y></Point>" for x, y in points)
    region = f"<RegionList><Region>{listed}</Region></RegionList>"
    payloads = [make_document(type="ruleTarget"), make_document(more=region)]
    coordinates = Coordinates(space=space, assumed=space == "0..1000", width=1920, height=1080)
    found = await findings(camera_of(device, coordinates=coordinates), payloads, device)
    assert said in found["coordinates"].detail
    assert found["coordinates"].ok
    assert (f"--coordinates {remedy}" in found["coordinates"].remedy) if remedy else not found["coordinates"].remedy


# -- TLS


@pytest.fixture(scope="module")
def certificate():
    return make_certificate("camera.example")


async def secured(device, certificate):
    await device.stop()
    device.tls = server_context(certificate)
    await device.start()


async def test_a_pinned_certificate_is_ok_with_fingerprint_and_dates(device, healthy, certificate):
    await secured(device, certificate)
    found = await findings(camera_of(device, tls=TLS("pin", pin=certificate.sha256)), healthy, device)
    assert list(found)[:3] == ["HTTP port", "RTSP port", "TLS"]
    assert re.match(r"certificate ([0-9A-F]{2}:){31}[0-9A-F]{2}, valid 20\d\d-", found["TLS"].detail)
    assert found["TLS"].detail.endswith(", pin")
    assert found["TLS"].level == "ok" and found["rules"].ok
    assert found["transport"].detail.endswith(", under TLS")


async def test_a_self_signed_certificate_is_named_with_the_command_that_pins_it(device, healthy, certificate):
    await secured(device, certificate)
    found = await findings(camera_of(device, tls=TLS()), healthy, device)
    assert list(found)[-1] == "TLS"
    assert "self-signed" in found["TLS"].detail and "verify" in found["TLS"].detail
    assert "onframe doctor --pin 127.0.0.1" in found["TLS"].remedy
    assert device.http_log == device.rtsp_log == []


async def test_a_changed_certificate_is_named(device, healthy, certificate):
    await secured(device, certificate)
    found = await findings(camera_of(device, tls=TLS("pin", pin="00" * 32)), healthy, device)
    assert "another certificate than the pinned one" in found["TLS"].detail
    assert not found["TLS"].ok


async def test_a_certificate_that_nobody_checks_is_a_note(device, healthy, certificate):
    await secured(device, certificate)
    found = await findings(camera_of(device, tls=TLS("insecure")), healthy, device)
    assert found["TLS"].level == "note"
    assert "pin its certificate" in found["TLS"].remedy
    assert found["rules"].ok


async def test_a_port_that_does_not_speak_tls_is_named(device, healthy):
    found = await findings(camera_of(device, tls=TLS()), healthy, device)
    assert not found["TLS"].ok
    assert "showed no certificate" in found["TLS"].detail and "http://" in found["TLS"].remedy
