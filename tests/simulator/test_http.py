"""The device's HTTP side on a real socket: all of Appendix A, and what is answered when it cannot be."""

import asyncio
import contextlib
import json
import xml.etree.ElementTree as ET

import httpx2
import pytest

from onframe.asgi import Site
from onframe.simulator.device import PROFILES, Device, Profile
from onframe.simulator.http import http_app

TYPES = (
    "thermometry fireDetection shipsDetection behaviorAnalysis ANPR personQueue faceSnap radarDetection personalTrack"
).split()
METADATA = "/ISAPI/Streaming/channels/101/metadata"
SUBSCRIBE = "/ISAPI/Streaming/channels/1/metadata/subscribeType?format=json"
STD_CGI = "{http://www.std-cgi.org/ver20/XMLSchema}"
ISAPI = "{http://www.isapi.org/ver20/XMLSchema}"


@contextlib.asynccontextmanager
async def serving(device):
    async with Site(http_app(device), "127.0.0.1", 0, ws="none") as site:
        yield site.port


@contextlib.asynccontextmanager
async def client_of(device, username="admin", password="abcd1234"):
    async with serving(device) as port:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", auth=httpx2.DigestAuth(username, password), trust_env=False
        ) as client:
            yield client


@pytest.fixture
async def device():
    return Device(password="abcd1234", channel_numbers=(1, 2), rtsp_port=8554)


@pytest.fixture
async def client(device):
    async with client_of(device) as client:
        yield client


def cfg(*entries, upload=None, root="MetadataCfg"):
    inside = "".join(f"<Metadata><type>{name}</type><enable>{enable}</enable></Metadata>" for name, enable in entries)
    tail = f"<uploadDataFormat>{upload}</uploadDataFormat>" if upload else ""
    return f"<{root}><MetadataList>{inside}</MetadataList>{tail}</{root}>"


def single(name, enable="false"):
    return f"<SingleMetadataCfg><Metadata><type>{name}</type><enable>{enable}</enable></Metadata></SingleMetadataCfg>"


def verdict(response):
    """(HTTP status, statusCode, subStatusCode) of an XML_ResponseStatus."""
    root = ET.fromstring(response.content)
    assert root.tag == STD_CGI + "ResponseStatus"
    assert response.headers["content-type"].startswith("application/xml")
    return response.status_code, int(root.findtext(STD_CGI + "statusCode")), root.findtext(STD_CGI + "subStatusCode")


@pytest.mark.requirement("R-003", "R-005", "R-064", "R-092", "B.9")
async def test_the_device_capability_says_that_metadata_is_supported(client):
    response = await client.get("/ISAPI/System/capabilities")
    root = ET.fromstring(response.content)
    assert response.status_code == 200
    assert root.tag == ISAPI + "DeviceCap"
    assert root.findtext(f"{ISAPI}SysCap/{ISAPI}isSupportMetadata") == "true"


@pytest.mark.requirement("R-005", "R-004")
async def test_a_device_without_metadata_leaves_the_node_out_and_refuses_the_rest():
    profile = Profile(supports_metadata=False)
    async with client_of(Device(password="abcd1234", profile=profile)) as client:
        assert b"isSupportMetadata" not in (await client.get("/ISAPI/System/capabilities")).content
        assert verdict(await client.get(METADATA)) == (403, 4, "notSupport")


@pytest.mark.requirement("R-007", "R-065", "R-091", "B.8")
async def test_the_metadata_capability_lists_nine_types_and_both_formats(client):
    root = ET.fromstring((await client.get(METADATA + "/capabilities")).content)
    assert root.tag == ISAPI + "MetadataCfg"
    assert root.find(ISAPI + "MetadataList").get("size") == "9"
    assert root.find(f"{ISAPI}MetadataList/{ISAPI}Metadata/{ISAPI}type").get("opt").split(",") == TYPES
    assert root.find(ISAPI + "uploadDataFormat").get("opt") == "xml,json"
    assert root.findtext(ISAPI + "isSupportSubscribeType") == "true"


@pytest.mark.requirement("R-066", "R-099", "B.16")
async def test_all_types_are_enabled_at_the_start(client):
    root = ET.fromstring((await client.get(METADATA)).content)
    entries = root.findall(f"{ISAPI}MetadataList/{ISAPI}Metadata")
    assert [(one.findtext(ISAPI + "type"), one.findtext(ISAPI + "enable")) for one in entries] == [
        (name, "true") for name in TYPES
    ]
    assert root.findtext(ISAPI + "uploadDataFormat") == "xml"


@pytest.mark.requirement("R-009", "R-067", "R-099", "R-101", "B.16", "B.18")
async def test_a_put_merges_into_one_channel_and_leaves_the_other(client, device):
    response = await client.put(METADATA, content=cfg(("ANPR", "false"), ("faceSnap", "0"), upload="json"))
    assert verdict(response) == (200, 1, "ok")
    assert not device.enabled(1, "ANPR")
    assert not device.enabled(1, "faceSnap")
    assert device.enabled(1, "thermometry")
    assert device.enabled(2, "ANPR")
    assert device.channels[1].upload_data_format == "json"
    assert b"<type>ANPR</type><enable>false</enable>" in (await client.get(METADATA)).content


@pytest.mark.requirement("R-067", "R-099", "B.16")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, 5, "badXmlFormat")),
        ("<MetadataCfg>", (400, 5, "badXmlFormat")),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><MetadataCfg/>", (400, 5, "badXmlFormat")),
        ('{"type": []}', (400, 5, "badXmlFormat")),
        ("<a>" * 100 + "</a>" * 100, (400, 5, "badXmlFormat")),
        (cfg(("ANPR", "true"), root="Cfg"), (400, 6, "badXmlContent")),
        ("<MetadataCfg/>", (400, 6, "badXmlContent")),
        (cfg(("heatmap", "true")), (400, 6, "badXmlContent")),
        (cfg(("anpr", "true")), (400, 6, "badXmlContent")),
        (cfg(("", "true")), (400, 6, "badXmlContent")),
        (cfg(("ANPR", "yes")), (400, 6, "badXmlContent")),
        (cfg(("ANPR", "")), (400, 6, "badXmlContent")),
        (
            "<MetadataCfg><MetadataList><Metadata><type>ANPR</type></Metadata></MetadataList></MetadataCfg>",
            (400, 6, "badXmlContent"),
        ),
        ("<MetadataCfg><MetadataList><Other/></MetadataList></MetadataCfg>", (400, 6, "badXmlContent")),
        (cfg(("ANPR", "true"), ("ANPR", "false")), (400, 6, "badParameters")),
        (cfg(("ANPR", "true"), upload="yaml"), (400, 6, "badParameters")),
    ],
)
async def test_a_put_that_does_not_fit_changes_nothing(client, device, body, expected):
    assert verdict(await client.put(METADATA, content=body)) == expected
    assert all(device.channels[1].enabled.values())


@pytest.mark.requirement("R-067")
async def test_a_body_beyond_the_limit_is_refused(client):
    assert verdict(await client.put(METADATA, content=b" " * 70_000)) == (413, 6, "badParameters")


@pytest.mark.requirement("R-070", "R-071", "R-072", "R-011", "R-102", "B.19")
@pytest.mark.parametrize("name", TYPES)
async def test_each_of_the_nine_types_can_be_read_and_set_alone(client, device, name):
    url = f"/ISAPI/Streaming/channels/101/Metadata/{name}"
    root = ET.fromstring((await client.get(url)).content)
    assert root.tag == ISAPI + "SingleMetadataCfg"
    assert root.findtext(f"{ISAPI}Metadata/{ISAPI}enable") == "true"
    assert verdict(await client.put(url, content=single(name))) == (200, 1, "ok")
    assert [one for one, enable in device.channels[1].enabled.items() if not enable] == [name]


@pytest.mark.requirement("R-071", "R-072", "R-102", "B.19")
@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("ANPR", single("faceSnap"), (400, 6, "badParameters")),
        ("ANPR", single("heatmap"), (400, 6, "badXmlContent")),
        ("ANPR", "<SingleMetadataCfg/>", (400, 6, "badXmlContent")),
        ("ANPR", cfg(("ANPR", "true")), (400, 6, "badXmlContent")),
        ("ANPR", single("ANPR", "perhaps"), (400, 6, "badXmlContent")),
        ("ANPR", "<", (400, 5, "badXmlFormat")),
        ("heatmap", single("heatmap"), (403, 4, "notSupport")),
    ],
)
async def test_a_single_put_that_does_not_fit_is_refused(client, device, name, body, expected):
    assert verdict(await client.put(f"/ISAPI/Streaming/channels/101/Metadata/{name}", content=body)) == expected
    assert all(device.channels[1].enabled.values())


@pytest.mark.requirement("R-073", "R-074")
@pytest.mark.parametrize("segment", ["metadata", "Metadata"])
@pytest.mark.parametrize("identifier", ["2", "201", "202", "203"])
async def test_both_spellings_and_both_forms_of_the_id_are_taken(client, device, segment, identifier):
    base = f"/ISAPI/Streaming/channels/{identifier}/{segment}"
    assert (await client.get(base + "/capabilities")).status_code == 200
    assert (await client.get(base + "/ANPR")).status_code == 200
    assert (await client.put(base, content=cfg(("ANPR", "false")))).status_code == 200
    assert (await client.post(base + "/subscribeType?format=json", json={"type": ["ANPR"]})).status_code == 200
    assert not device.enabled(2, "ANPR")


@pytest.mark.requirement("R-082", "R-065", "R-066")
@pytest.mark.parametrize("identifier", ["0", "3", "301", "100", "104", "abc", "-1", "%20", "1.0"])
async def test_a_channel_that_does_not_exist_is_an_invalid_id(client, identifier):
    base = f"/ISAPI/Streaming/channels/{identifier}"
    assert verdict(await client.get(base + "/metadata/capabilities")) == (403, 4, "invalidID")
    assert verdict(await client.get(base + "/metadata")) == (403, 4, "invalidID")
    refused = await client.post(base + "/metadata/subscribeType?format=json", json={"type": ["ANPR"]})
    assert (refused.status_code, refused.json()["errorCode"]) == (403, 0x40001008)


@pytest.mark.requirement("R-064")
async def test_other_methods_are_refused_with_those_allowed(client):
    response = await client.delete("/ISAPI/System/capabilities")
    assert verdict(response) == (405, 4, "methodNotAllowed")
    assert response.headers["allow"] == "GET"
    assert (await client.post(METADATA)).headers["allow"] == "GET, PUT"


async def test_an_unknown_url_is_not_supported(client):
    assert verdict(await client.get("/ISAPI/System/nothing")) == (404, 4, "notSupport")
    assert verdict(await client.get("/")) == (404, 4, "notSupport")


@pytest.mark.requirement("R-056", "R-068", "R-089", "R-063", "R-051", "B.6", "B.7")
async def test_a_subscription_is_answered_with_a_new_uri_each_time(client, device):
    answers = [await client.post(SUBSCRIBE, json={"type": ["ANPR", "faceSnap", "ANPR"]}) for _ in range(2)]
    uris = [answer.json()["rtspURI"] for answer in answers]
    assert answers[0].headers["content-type"].startswith("application/json")
    assert uris[0] != uris[1]
    assert all(uri.startswith("rtsp://127.0.0.1:8554/ISAPI/Streaming/channels/101/") for uri in uris)
    assert all(len(uri) <= 128 for uri in uris)
    assert device.place(uris[0]).subscription.types == ("ANPR", "faceSnap")


@pytest.mark.requirement("R-058", "R-090", "B.7")
async def test_without_type_the_whole_channel_is_subscribed(client, device):
    uri = (await client.post(SUBSCRIBE, content="{}")).json()["rtspURI"]
    assert device.place(uri).subscription.types is None


@pytest.mark.requirement("R-062")
async def test_a_disabled_type_can_be_subscribed(client, device):
    await client.put(METADATA, content=cfg(("ANPR", "false")))
    assert (await client.post(SUBSCRIBE, json={"type": ["ANPR"]})).status_code == 200


@pytest.mark.requirement("R-057", "R-058", "R-068", "R-088", "R-115", "R-090", "B.5", "B.7")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, 5, "badXmlFormat", 1342177281)),
        ("<SubscribeType/>", (400, 5, "badXmlFormat", 1342177281)),
        ('{"type": ["ANPR"]', (400, 5, "badXmlFormat", 1342177281)),
        ('["ANPR"]', (400, 6, "badParameters", 1610612737)),
        ('{"type": []}', (400, 6, "badParameters", 1610612737)),
        ('{"type": null}', (400, 6, "badParameters", 1610612737)),
        ('{"type": "ANPR"}', (400, 6, "badParameters", 1610612737)),
        ('{"type": [1]}', (400, 6, "badParameters", 1610612737)),
        (json.dumps({"type": ["x" * 65]}), (400, 6, "badParameters", 1610612737)),
        ('{"type": ["heatmap"]}', (403, 4, "subscribeTypeErr", 1073782806)),
        ('{"type": ["ANPR", "PeopleCounting"]}', (403, 4, "subscribeTypeErr", 1073782806)),
    ],
)
async def test_a_subscription_that_does_not_fit_fails_as_a_whole_in_json(client, body, expected):
    response = await client.post(SUBSCRIBE, content=body)
    status = response.json()
    assert (response.status_code, status["statusCode"], status["subStatusCode"], status["errorCode"]) == expected
    assert status["errorMsg"]
    assert status["requestURL"] == SUBSCRIBE
    assert "rtspURI" not in status


@pytest.mark.requirement("R-069")
async def test_a_subscription_that_is_not_asked_for_in_json_is_refused_in_xml(client):
    path = SUBSCRIBE.partition("?")[0]
    assert verdict(await client.post(path, json={"type": ["ANPR"]})) == (400, 6, "badParameters")
    assert verdict(await client.post(path + "?format=xml", json={"type": ["ANPR"]})) == (403, 4, "notSupport")


@pytest.mark.requirement("R-053")
async def test_a_device_without_subscription_leaves_the_node_out_and_refuses():
    profile = Profile(supports_subscribe_type=False)
    async with client_of(Device(password="abcd1234", profile=profile)) as client:
        assert b"isSupportSubscribeType" not in (await client.get(METADATA + "/capabilities")).content
        assert (await client.post(SUBSCRIBE, json={})).json()["subStatusCode"] == "notSupport"


async def test_too_many_subscriptions_are_busy(client, device):
    while device.subscribe(1, None):
        pass
    response = await client.post(SUBSCRIBE, json={})
    assert (response.status_code, response.json()["subStatusCode"]) == (503, "deviceBusy")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("notActivated", (403, 4, "notActivated")),
        ("deviceBusy", (503, 2, "deviceBusy")),
        ("serviceUnavailable", (503, 2, "serviceUnavailable")),
        ("upgrading", (503, 2, "upgrading")),
        ("deviceError", (500, 3, "deviceError")),
    ],
)
@pytest.mark.requirement("R-064", "R-101")
async def test_a_device_in_trouble_says_so(client, device, condition, expected):
    device.condition = condition
    assert verdict(await client.get("/ISAPI/System/capabilities")) == expected


@pytest.mark.requirement("R-101", "R-113")
async def test_a_setting_that_waits_for_a_restart_is_accepted_with_seven(client, device):
    device.restart_to_apply = True
    assert verdict(await client.put(METADATA, content=cfg(("ANPR", "false")))) == (200, 7, "rebootRequired")
    assert device.enabled(1, "ANPR")
    device.restart()
    assert not device.enabled(1, "ANPR")


async def test_a_viewer_may_look_and_not_configure(device):
    device.viewers["guest"] = "look"
    async with client_of(device, "guest", "look") as client:
        assert (await client.get(METADATA)).status_code == 200
        assert verdict(await client.put(METADATA, content=cfg(("ANPR", "false")))) == (403, 4, "lowPrivilege")


@pytest.mark.requirement("R-064")
async def test_a_wrong_password_is_refused_and_logged(device):
    async with client_of(device, password="wrong") as client:
        response = await client.get(METADATA)
    assert verdict(response) == (401, 4, "badAuthorization")
    assert response.headers["www-authenticate"].startswith('Digest qop="auth", realm="IP Camera(51289)"')
    assert [(one.protocol, one.method, one.uri) for one in device.log] == [("http", "GET", METADATA)]
    assert [(one.status, one.credentials) for one in device.requests] == [(401, False), (401, True)]


async def test_a_request_without_credentials_is_no_refused_login(device):
    async with serving(device) as port, httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"http://127.0.0.1:{port}{SUBSCRIBE}", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.json()["subStatusCode"] == "badAuthorization"
    assert device.log == []


async def curl(*arguments):
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--noproxy", "*", "--max-time", "10", "--digest", "-u", "admin:abcd1234", *arguments, stdout=-1
    )
    return (await process.communicate())[0].decode()


@pytest.mark.server
@pytest.mark.requirement("R-066", "R-067", "R-068")
async def test_curl_reads_writes_and_subscribes(device):
    async with serving(device) as port:
        base = f"http://127.0.0.1:{port}"
        assert "<type>ANPR</type><enable>true</enable>" in await curl(base + METADATA)
        written = await curl("-X", "PUT", "--data-binary", cfg(("ANPR", "false")), base + METADATA)
        assert "<statusCode>1</statusCode>" in written
        assert "<type>ANPR</type><enable>false</enable>" in await curl(base + METADATA)
        uri = json.loads(await curl("-d", '{"type":["ANPR"]}', base + SUBSCRIBE))["rtspURI"]
        assert device.place(uri).channel == 1
    assert device.log == []


@pytest.mark.requirement("R-064")
async def test_sha_256_is_asked_for_where_the_profile_says_so():
    device = Device(password="abcd1234", profile=PROFILES["sha256"])
    async with client_of(device) as client:
        assert (await client.get(METADATA)).status_code == 200


@pytest.mark.parametrize("target", ["//[x", "//]/y?format=json", "/%00", "/[?["])
async def test_a_target_that_is_no_address_is_refused_and_costs_nothing(device, target):
    async with serving(device) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 401 ")
