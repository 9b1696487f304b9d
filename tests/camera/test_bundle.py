"""The support bundle: what it holds, and that nothing private is in any of its files."""

import asyncio
import zipfile

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.bundle import write_bundle
from onframe.camera.camera import Camera
from onframe.camera.checks_rtsp import Seen
from onframe.camera.doctor import diagnose
from onframe.camera.redaction import SECRETS, Redactor

PASSWORD, USER, HOST_NAME = "Kanarie-7q", "wachtmeister", "gate-7.example.net"
PRIVATE = {
    "addresses": ["10.11.12.13", "2001:db8::77", "fe80::1cab"],
    "identity": ["c0:56:e3:11:22:33", "DS-2CD0000000CANARY", "4711471147", "Front gate of the Meiers"],
    "plates": ["XAB4711", "987654", "Anna Meier"],
    "pictures": ["aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8"],
}
DEVICE_INFO = """<DeviceInfo version="2.0"><deviceName>Front gate of the Meiers</deviceName>
<model>DS-2CD2143G2-I</model><serialNumber>DS-2CD0000000CANARY</serialNumber>
<macAddress>c0:56:e3:11:22:33</macAddress><firmwareVersion>V5.7.3</firmwareVersion>
<telecontrolID>4711471147</telecontrolID></DeviceInfo>"""
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?><Metadata version="2.0"><type>activityTarget</type>
<subType>ANPR</subType><time>2024-05-01T12:00:00.000+08:00</time><DevInfo><ipAddress>10.11.12.13</ipAddress>
<ipv6Address>2001:db8::77</ipv6Address><macAddress>c0:56:e3:11:22:33</macAddress><channel>1</channel></DevInfo>
<TargetDetection><TargetList><Target><targetID>7</targetID><recognition>vehicle</recognition><PropertyList>
<Property><description>licensePlate</description><value>XAB4711</value></Property>
<Property><description>plateNumberOfTrailer</description><value>987654</value></Property>
<Property><description>speed</description><value>53</value></Property>
<Property><description>triggerEvent</description><value>true</value></Property>
</PropertyList><ownerName>Anna Meier</ownerName></Target></TargetList></TargetDetection></Metadata>"""
JSON = (
    '{"Metadata":{"type":"activityTarget","subType":"faceSnap","time":"2024-05-01T12:00:00.000+08:00",'
    '"DevInfo":{"ipAddress":"10.11.12.13","macAddress":"c0:56:e3:11:22:33"},'
    '"PcitureList":[{"dataType":"base64","data":"aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8="}],'
    '"TargetDetection":{"TargetList":[{"Target":{"targetID":3,"PropertyList":'
    '[{"Property":{"description":"faceName","value":"Anna Meier"}}]}}]}}}'
)


def private_device(device):
    device.username, device.password = USER, PASSWORD
    device.types["behaviorAnalysis"] = "true"
    device.http_paths = {"/ISAPI/System/deviceInfo": DEVICE_INFO.encode()}
    device.sdp = device.sdp.replace("o=- 1 1 IN IP4 0.0.0.0", "o=meier 4711471147 1 IN IP4 10.11.12.13").replace(
        "s=Media Presentation", "s=Front gate of the Meiers\r\ni=Anna Meier\r\nc=IN IP6 fe80::1cab"
    )


async def bundle_of(device, path, include=()):
    """Diagnose, write a bundle, and give its files."""

    async def send():
        timestamp = 0
        while True:
            for payload in (DOCUMENT, JSON):
                timestamp += 3600
                device.send(payload.encode(), timestamp=timestamp)
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(send())
    camera = Camera(
        "127.0.0.1",
        username=USER,
        password=PASSWORD,
        http_port=device.http_port,
        rtsp_port=device.rtsp_port,
        name=HOST_NAME,
        backoff=Backoff(initial=0.05, maximum=0.1),
        timeout=1.0,
    )
    seen = Seen()
    try:
        async with camera:
            findings = [finding async for finding in diagnose(camera, wait=0.5, seen=seen)]
            await write_bundle(path, camera, 1, 1, findings, seen, include=include)
    finally:
        sending.cancel()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_a_bundle_holds_what_is_needed_to_find_the_cause(device, tmp_path):
    private_device(device)
    files = await bundle_of(device, tmp_path / "bundle.zip")
    assert {
        *("README.txt", "findings.json", "versions.json", "settings.json", "session.json"),
        *("http/device-info.xml", "http/device-capability.xml", "http/metadata-capability.xml"),
        *("http/metadata-configuration.xml", "rtsp/description.sdp", "rtsp/headers.txt"),
        *("documents/1.xml", "documents/2.json"),
    } <= set(files)
    assert "a=rtpmap:107 isapi.metadata/90000" in files["rtsp/description.sdp"]
    assert "> DESCRIBE rtsp://CAMERA" in files["rtsp/headers.txt"]
    assert (
        "<   WWW-Authenticate: Digest realm=[8 characters], nonce=[11 characters], stale=" in files["rtsp/headers.txt"]
    )
    assert "<firmwareVersion>V5.7.3</firmwareVersion>" in files["http/device-info.xml"]
    assert "<model>DS-2CD2143G2-I</model>" in files["http/device-info.xml"]
    assert '<type opt="ANPR,behaviorAnalysis"/>' in files["http/metadata-capability.xml"]
    assert "<subType>ANPR</subType>" in files["documents/1.xml"] and "<value>53</value>" in files["documents/1.xml"]
    assert '"subType": "faceSnap"' in files["documents/2.json"]
    assert '"packets"' in files["session.json"]


@pytest.mark.fault("F75")
async def test_nothing_private_is_in_any_file_of_a_bundle(device, tmp_path):
    private_device(device)
    files = await bundle_of(device, tmp_path / "bundle.zip")
    everything = "\n".join(f"{name}\n{text}" for name, text in files.items())
    secrets = [
        PASSWORD,
        USER,
        HOST_NAME,
        "127.0.0.1",
        "meier",
        "Meier",
        *(text for one in PRIVATE.values() for text in one),
    ]
    assert [secret for secret in secrets if secret.lower() in everything.lower()] == []
    assert "response=" not in everything and "Authorization" not in everything


@pytest.mark.parametrize("asked", SECRETS)
async def test_what_was_asked_for_is_let_through_and_nothing_else(device, tmp_path, asked):
    private_device(device)
    files = await bundle_of(device, tmp_path / "bundle.zip", include=[asked])
    everything = "\n".join(files.values())
    assert any(text in everything for text in PRIVATE[asked])
    others = [text for name, texts in PRIVATE.items() if name != asked for text in texts]
    assert [text for text in others if text in everything] == []
    assert PASSWORD not in everything and f"was asked for: {asked}." in files["README.txt"]


async def test_a_refused_login_gives_a_bundle_that_asks_nothing_more(device, tmp_path):
    private_device(device)
    device.password = "another"
    files = await bundle_of(device, tmp_path / "bundle.zip")
    assert not [name for name in files if name.startswith(("http/", "rtsp/"))]
    assert "refused the user" in files["findings.json"] and USER not in files["findings.json"]
    assert device.refused == 1


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("rtsp://admin:Kanarie@10.0.0.7:554/ISAPI", "rtsp://ADDRESS-1:554/ISAPI"),
        ("from 10.0.0.7 to 10.0.0.8, again 10.0.0.7", "from ADDRESS-1 to ADDRESS-2, again ADDRESS-1"),
        ("MAC 44-19-b6-aa-bb-cc", "MAC MAC-1"),
        ("at 12:34:56 and ::1 and fe80::1%eth0", "at 12:34:56 and ADDRESS-1 and ADDRESS-2"),
        ("serial 123456789", "serial NUMBER-1"),
        ("V5.7.3 build 220112, port 18554, 0x4000a016", "V5.7.3 build 220112, port 18554, 0x4000a016"),
        ("host cam.example:80", "host CAMERA:80"),
    ],
)
def test_texts_lose_addresses_identities_and_user_information(text, left):
    assert Redactor({"cam.example": "CAMERA"}).text(text) == left


@pytest.mark.parametrize(
    ("name", "text", "description", "left"),
    [
        ("value", "XA 123", "licensePlate", "[6 characters]"),
        ("value", "12345", "licensePlate", "[5 characters]"),
        ("value", "12.5", "speed", "12.5"),
        ("value", "lefttoright", "crossdirection", "lefttoright"),
        ("value", "Anna", None, "[4 characters]"),
        ("description", "licensePlate", None, "licensePlate"),
        ("description", "XA12345", None, "[7 characters]"),
        ("somethingNew", "Anna Meier", None, "[10 characters]"),
        ("somethingNew", "12.5", None, "12.5"),
        ("time", "2024-05-01T12:00:00.000+0800", None, "2024-05-01T12:00:00.000+0800"),
        ("picData", "AAAA", None, "[4 characters of a picture]"),
        ("enable", "true", None, "true"),
    ],
)
def test_values_stay_only_where_they_are_known_to_be_harmless(name, text, description, left):
    assert Redactor({}).value(name, text, description) == left
