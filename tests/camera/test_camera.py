"""The camera's public face against a device of bytes."""

import asyncio
import gc
import os
import time
from functools import partial

import pytest

import waiting
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.supervisor import Timing
from onframe.camera.tls import TLS
from onframe.errors import AuthenticationError, CertificateError, LocalProtocolError, StatusError, UnsupportedError
from onframe.record import AccessUnit, Gap, Record, StateChange, Undecodable
from onframe.simulator.certificates import make_certificate, server_context

next_of = partial(waiting.next_of, seconds=3.0)
until = partial(waiting.until, seconds=3.0)

QUICK = Backoff(initial=0.05, maximum=0.2)


def camera_of(device, **options):
    given = {
        "username": "admin",
        "password": "abcd1234",
        "http_port": device.http_port,
        "rtsp_port": device.rtsp_port,
        "backoff": QUICK,
        "timeout": 2.0,
    }
    return Camera("127.0.0.1", **(given | options))


async def played(device, count=1):
    await until(lambda: len(device.playing) >= count)


# -- what it says of itself


@pytest.mark.requirement("R-001")
def test_the_client_loads_no_vendor_library():
    import onframe.camera.camera as module

    assert not [name for name in vars(module) if "ctypes" in name or "hcnet" in name.lower()]


def test_the_representation_holds_no_password():
    assert repr(Camera("192.168.0.64", username="admin", password="canary")) == (
        "Camera('192.168.0.64', username='admin', http_port=80, rtsp_port=554)"
    )


def test_a_url_gives_host_ports_and_decoded_credentials():
    camera = Camera.from_url("http://us%40er:p%3Aw%2F@[fe80::1]:8080/?rtsp_port=8554")
    assert (camera.host, camera.http_port, camera.rtsp_port, camera.username) == ("fe80::1", 8080, 8554, "us@er")
    assert camera.name == "[fe80::1]:8080"
    rtsp = Camera.from_url("rtsp://admin:x@cam.example:1554/ISAPI?http_port=81")
    assert (rtsp.host, rtsp.http_port, rtsp.rtsp_port) == ("cam.example", 81, 1554)


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("https://admin@host", (443, 322)),
        ("rtsps://admin@host:8322", (443, 8322)),
        ("https://admin@host:8443/?rtsp_port=8322", (8443, 8322)),
    ],
)
def test_a_url_with_tls_is_verified_unless_told_otherwise(url, ports):
    camera = Camera.from_url(url)
    assert (camera.http_port, camera.rtsp_port, camera.tls) == (*ports, TLS("verify"))
    assert Camera.from_url(url, tls=TLS("insecure")).tls == TLS("insecure")
    plain = Camera.from_url(url.replace("https", "http").replace("rtsps", "rtsp"), tls=TLS("insecure"))
    assert (plain.http_port, plain.rtsp_port) == ports


def test_a_host_with_tls_has_the_ports_of_https_and_rtsps():
    camera = Camera("cam.example", username="admin", password="x", tls=TLS())
    assert (camera.http_port, camera.rtsp_port, camera.name) == (443, 322, "cam.example:443")


def test_an_unknown_transport_is_refused():
    with pytest.raises(ValueError, match='"tcp", "udp" or "multicast"'):
        Camera("cam.example", username="admin", password="x", transport="pigeon")


@pytest.mark.parametrize(
    "url",
    [
        "http://admin:canary/1@host",
        "ftp://admin:canary@host",
        "http://admin:canary@host:99999",
        "http://admin:canary@host/?rtsp_port=canary",
        "http://admin:canary@[::1",
    ],
)
def test_a_bad_url_is_refused_without_showing_its_password(url):
    with pytest.raises(ValueError) as caught:
        Camera.from_url(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["", "http://x", "a b", "a\r\nb", "user@host"])
def test_a_host_that_is_none_is_refused(host):
    with pytest.raises(ValueError):
        Camera(host, username="admin", password="x")


# -- capability and configuration


@pytest.mark.requirement("R-002", "R-006")
async def test_capabilities_are_read(device):
    async with camera_of(device) as camera:
        assert (await camera.device_capability()).supports_metadata
        capability = await camera.metadata_capability()
        assert capability.types == ["ANPR", "behaviorAnalysis"]
        assert capability.supports_subscribe_type
        assert await camera.channels() == [1]
    assert [target for _, target, _ in device.http_log][:2] == [
        "/ISAPI/System/capabilities",
        "/ISAPI/Streaming/channels/101/metadata/capabilities",
    ]


@pytest.mark.requirement("R-004")
@pytest.mark.parametrize(("said", "supported"), [(b"true", True), (b"", True), (b"false", False), (None, False)])
async def test_metadata_is_supported_when_the_node_is_there_and_not_false(device, said, supported):
    if said is None:
        device.device_cap = device.device_cap.replace(b"<isSupportMetadata>true</isSupportMetadata>", b"")
    else:
        device.device_cap = device.device_cap.replace(b"true</isS", said + b"</isS")
    async with camera_of(device) as camera:
        assert await camera.supports_metadata() is supported


@pytest.mark.requirement("R-004")
async def test_a_device_that_says_false_is_unsupported_without_a_connection(device):
    device.device_cap = device.device_cap.replace(b"true</isS", b"false</isS")
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match="isSupportMetadata = false"):
            await anext(camera.watch())
    assert device.rtsp_log == []


@pytest.mark.requirement("R-004")
async def test_a_device_that_does_not_say_it_is_tried_all_the_same(device, make_document, caplog):
    device.device_cap = b"<DeviceCap><SysCap/></DeviceCap>"
    async with camera_of(device) as camera:
        watching = asyncio.create_task(anext(camera.watch()))
        await played(device)
        device.send(make_document())
        assert (await asyncio.wait_for(watching, 2)).metadata.sub_type == "behaviorAnalysis"
    assert "isSupportMetadata" in caplog.text


@pytest.mark.requirement("R-004")
async def test_strict_stops_as_the_guide_does(device):
    device.device_cap = b"<DeviceCap><SysCap/></DeviceCap>"
    async with camera_of(device, strict=True) as camera:
        with pytest.raises(UnsupportedError, match="does not say isSupportMetadata"):
            await anext(camera.watch())


@pytest.mark.requirement("R-004", "R-023")
async def test_no_track_names_both_facts(device):
    device.device_cap = b"<DeviceCap><SysCap/></DeviceCap>"
    device.sdp = device.sdp.partition("m=application")[0]
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match="no isapi.metadata track, and the device does not say isSupp"):
            await anext(camera.watch())


@pytest.mark.requirement("R-008")
async def test_configure_reads_merges_writes_and_reads_back(device):
    async with camera_of(device) as camera:
        result = await camera.configure(enable={"behaviorAnalysis"})
    assert [str(change) for change in result.changed] == ["behaviorAnalysis: disabled → enabled"]
    assert not result.restart_needed
    methods = [method for method, target, _ in device.http_log if target.endswith("/101/metadata")]
    assert methods == ["GET", "PUT", "GET"]
    body = next(body for method, _, body in device.http_log if method == "PUT")
    assert b"<type>ANPR</type>" in body.replace(b"\n", b"").replace(b" ", b"")
    assert device.types == {"ANPR": "true", "behaviorAnalysis": "true"}


@pytest.mark.requirement("R-008")
async def test_nothing_is_written_when_nothing_changes(device):
    async with camera_of(device) as camera:
        result = await camera.configure(enable={"anpr"}, disable={"behaviorAnalysis"})
    assert result.changed == []
    assert {method for method, _, _ in device.http_log} == {"GET"}


@pytest.mark.requirement("R-008")
async def test_a_setting_that_did_not_take_is_a_status_error(device):
    device.stubborn = True
    async with camera_of(device) as camera:
        with pytest.raises(StatusError, match="accepted behaviorAnalysis = enabled but reports disabled"):
            await camera.configure(enable={"behaviorAnalysis"})


@pytest.mark.requirement("R-008")
async def test_a_restart_that_is_needed_is_told(device):
    device.stubborn, device.accepted = True, (7, "rebootRequired")
    async with camera_of(device) as camera:
        result = await camera.configure(enable={"behaviorAnalysis"})
    assert result.restart_needed
    assert len(result.changed) == 1


@pytest.mark.requirement("R-008")
async def test_types_can_be_written_one_by_one(device):
    path = "/ISAPI/Streaming/channels/101/Metadata/behaviorAnalysis"
    device.http_paths = {path: b"<ResponseStatus><statusCode>1</statusCode></ResponseStatus>"}
    async with camera_of(device) as camera:
        with pytest.raises(StatusError, match="reports disabled"):
            await camera.configure(enable={"behaviorAnalysis"}, one_by_one=True)
    (put,) = [(target, body) for method, target, body in device.http_log if method == "PUT"]
    assert put[0] == path
    assert b"SingleMetadataCfg" in put[1]


async def test_a_type_cannot_be_enabled_and_disabled(device):
    async with camera_of(device) as camera:
        with pytest.raises(ValueError, match="both"):
            await camera.configure(enable={"ANPR"}, disable={"ANPR"})
        with pytest.raises(ValueError, match="sets"):
            await camera.configure(enable="ANPR")


# -- subscription


@pytest.mark.requirement("R-051", "R-052", "R-053", "R-055", "R-056", "R-074")
async def test_several_types_are_subscribed_in_one_request(device):
    async with camera_of(device) as camera:
        uri = await camera.subscribe(types=["ANPR", "behaviorAnalysis"])
    assert uri == "rtsp://10.99.99.99:554/ISAPI/Streaming/channels/101?token=7"
    (_, first, _), (method, target, body) = device.http_log
    assert first.endswith("/101/metadata/capabilities")
    assert (method, target) == ("POST", "/ISAPI/Streaming/channels/1/metadata/subscribeType?format=json")
    assert body.replace(b" ", b"") == b'{"type":["ANPR","behaviorAnalysis"]}'


@pytest.mark.requirement("R-053")
@pytest.mark.parametrize("said", [b"", b"<isSupportSubscribeType>false</isSupportSubscribeType>"])
async def test_subscribe_ends_where_the_device_has_no_subscription(device, said):
    device.metadata_cap = device.metadata_cap.replace(b"<isSupportSubscribeType>true</isSupportSubscribeType>", said)
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match="isSupportSubscribeType"):
            await camera.subscribe(types=["ANPR"])


@pytest.mark.requirement("R-054")
async def test_the_types_that_can_be_subscribed_are_those_of_the_configuration(device):
    async with camera_of(device) as camera:
        assert await camera.subscribable() == ["ANPR", "behaviorAnalysis"]
        device.http_paths = {"/ISAPI/Streaming/channels/101/metadata": (403, b"")}
        device.metadata_cap = device.metadata_cap.replace(b"ANPR,", b"faceSnap,")
        assert await camera.subscribable() == ["faceSnap", "behaviorAnalysis"]


REFUSAL = (
    b'{"statusCode":4,"statusString":"Invalid Operation","subStatusCode":"subscribeTypeErr","errorCode":1073782806}'
)


@pytest.mark.requirement("R-056")
async def test_a_refusal_with_http_200_is_a_refusal(device):
    device.http_paths = {"/ISAPI/Streaming/channels/1/metadata/subscribeType": REFUSAL}
    async with camera_of(device) as camera:
        with pytest.raises(StatusError, match=r"subscribeTypeErr \(0x4000a016\)") as caught:
            await camera.subscribe(types=["heatmap"])
        assert caught.value.error_code == 0x4000A016
        with pytest.raises(UnsupportedError, match=r"subscribeTypeErr \(0x4000a016\): "):
            await anext(camera.watch(types=["heatmap"], via="subscribe"))


@pytest.mark.requirement("R-059", "R-051")
async def test_watching_by_subscription_plays_the_uri_on_the_configured_host(device, make_document):
    async with camera_of(device) as camera:
        watch = camera.watch(types=["ANPR"])
        watching = asyncio.create_task(anext(watch))
        await played(device)
        device.send(make_document("behaviorAnalysis"))
        device.send(make_document("ANPR", target_id=5), timestamp=93600)
        record = await asyncio.wait_for(watching, 2)
        assert record.metadata.sub_type == "ANPR"
        assert record.camera == f"127.0.0.1:{device.http_port}"
        await watch.aclose()
    assert [(m, u) for m, u in device.rtsp_log if m != "GET_PARAMETER"] == [
        ("DESCRIBE", device.rtsp_uri),
        ("SETUP", "rtsp://10.99.99.99:554/ISAPI/Streaming/channels/101/trackID=3?token=7"),
        ("PLAY", device.rtsp_uri),
        ("TEARDOWN", device.rtsp_uri),
    ]


@pytest.mark.requirement("R-059")
async def test_an_expired_subscription_is_asked_for_again(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events(types=["ANPR"], via="subscribe")
        first = asyncio.create_task(next_of(events, StateChange, state="live"))
        await first
        device.rtsp_uri = device.rtsp_uri.replace("token=7", "token=8")
        device.known_tokens = {device.rtsp_uri}
        await device.stop()
        await device.start()
        change = await next_of(events, StateChange, state="live")
        assert change.epoch > first.result().epoch
    assert device.rtsp_log[-2][1].endswith("token=8")


@pytest.mark.requirement("R-053")
async def test_watch_falls_back_to_the_channel_stream_and_filters(device, make_document):
    device.metadata_cap = device.metadata_cap.replace(b"<isSupportSubscribeType>true</isSupportSubscribeType>", b"")
    async with camera_of(device) as camera:
        watching = asyncio.create_task(anext(camera.watch(types={"ANPR"})))
        await played(device)
        device.send(make_document("behaviorAnalysis"))
        device.send(make_document("ANPR"), timestamp=93600)
        assert (await asyncio.wait_for(watching, 2)).metadata.sub_type == "ANPR"
    channel = f"rtsp://127.0.0.1:{device.rtsp_port}/ISAPI/Streaming/channels/101"
    assert device.rtsp_log[0] == ("DESCRIBE", channel)


@pytest.mark.requirement("R-074", "R-073")
async def test_watch_tries_the_other_spelling_and_the_other_form_of_the_id(device):
    device.http_paths = {
        "/ISAPI/Streaming/channels/101/metadata/capabilities": (404, b""),
        "/ISAPI/Streaming/channels/1/Metadata/capabilities": device.metadata_cap,
    }
    async with camera_of(device) as camera:
        assert await camera._sessions.can_subscribe(1, 1)
        assert camera.inquiry.fallbacks == {
            "metadata_capability": "GET /ISAPI/Streaming/channels/1/Metadata/capabilities"
        }
        with pytest.raises(StatusError):
            await camera.metadata_capability()
    asked = [target.removeprefix("/ISAPI/Streaming/channels/") for _, target, _ in device.http_log]
    assert asked[:4] == [
        "101/metadata/capabilities",
        "101/Metadata/capabilities",
        "1/metadata/capabilities",
        "1/Metadata/capabilities",
    ]


@pytest.mark.requirement("R-074")
async def test_the_forms_of_the_id_can_be_chosen(device):
    device.http_paths = {
        "/ISAPI/Streaming/channels/1/metadata/capabilities": device.metadata_cap,
        "/ISAPI/Streaming/channels/101/metadata/subscribeType": b'{"rtspURI": "/ISAPI/x"}',
    }
    async with camera_of(device, metadata_id="channel", subscribe_id="stream") as camera:
        assert await camera.subscribe(types=["ANPR"]) == f"rtsp://127.0.0.1:{device.rtsp_port}/ISAPI/x"


# -- watching


@pytest.mark.requirement("R-001", "R-032")
async def test_only_the_metadata_track_is_set_up(device, make_document):
    async with camera_of(device) as camera:
        watch = camera.watch()
        watching = asyncio.create_task(anext(watch))
        await played(device)
        device.send(make_document(target_id=42))
        record = await asyncio.wait_for(watching, 2)
        assert (record.epoch, record.n, record.metadata.targets[0].target_id) == (1, 1, 42)
        assert camera.state == "live"
        assert camera.counters["records"] == 1
    assert device.methods() == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert device.rtsp_log[1][1].endswith("/trackID=3")


async def test_watchers_share_one_session_which_ends_with_the_last(device, make_document):
    async with camera_of(device) as camera:
        one, other = camera.watch(), camera.watch()
        tasks = [asyncio.create_task(anext(watch)) for watch in (one, other)]
        await played(device)
        await asyncio.sleep(0.05)
        device.send(make_document())
        await asyncio.gather(*tasks)
        await one.aclose()
        assert "TEARDOWN" not in device.methods()
        await other.aclose()
        assert device.methods() == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert camera.states() == []


async def test_leaving_the_loop_ends_the_session(device, make_document):
    async with camera_of(device) as camera:

        async def first():
            async for record in camera.watch():
                return record

        task = asyncio.create_task(first())
        await played(device)
        device.send(make_document())
        await asyncio.wait_for(task, 2)
        del task
        await until(lambda: "TEARDOWN" in device.methods())
        assert device.methods()[-1] == "TEARDOWN"


async def test_who_joins_later_is_told_the_rules_and_the_state(device, make_document):
    async with camera_of(device) as camera:
        early = camera.watch()
        watching = asyncio.create_task(anext(early))
        await played(device)
        device.send(make_document(type="ruleTarget"))
        rule = await watching
        keeper = camera.watch()
        assert (await asyncio.wait_for(anext(keeper), 2)).n == rule.n
        events = camera.events()
        assert (await anext(events)).state == "live"
        assert (await anext(events)).n == rule.n


async def test_asking_for_the_picture_sets_the_video_up_too(device):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        stream = camera.stream()
        joining = asyncio.create_task(next_of(stream, StateChange, state="live", epoch=2))
        assert (await next_of(events, Gap)).reason == "reconnect"
        await joining
        assert [u[-1] for m, u in device.rtsp_log if m == "SETUP"] == ["3", "1", "3"]
        assert AccessUnit in stream._subscriber._events


async def test_each_calls_back_and_leaves_the_session_at_its_end(device, make_document):
    async with camera_of(device) as camera:
        got, came = [], asyncio.Event()

        def hear(record):
            got.append(record)
            came.set()

        watch = camera.watch()
        each = asyncio.create_task(watch.each(hear))
        await next_of(camera.events(), StateChange, state="live")
        device.send(make_document(target_id=4))
        await asyncio.wait_for(came.wait(), 5)
        assert got[0].metadata.targets[0].target_id == 4 and not each.done(), each
        assert watch.counters.delivered == 1
        each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await each
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


@pytest.mark.requirement("R-105")
async def test_a_bad_message_is_reported_and_the_stream_goes_on(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.send(b"<Metadata><type>half a docu")
        device.send(b'<!DOCTYPE x [<!ENTITY a "b">]><Metadata>&a;</Metadata>', timestamp=91000)
        device.send(make_document(target_id=9), timestamp=92000)
        first = await next_of(events, Undecodable)
        second = await next_of(events, Undecodable)
        record = await next_of(events, Record)
    assert first.raw == b"<Metadata><type>half a docu"
    assert second.raw.startswith(b"<!DOCTYPE")
    assert record.metadata.targets[0].target_id == 9
    assert record.epoch == 1


async def test_a_loss_is_an_event_and_stands_before_the_next_record(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.send(make_document(), timestamp=90000)
        await next_of(events, Record)
        device.send(make_document(), timestamp=93600, lose=3)
        gap = await next_of(events, Gap)
        device.send(make_document(), timestamp=97200)
        record = await next_of(events, Record)
        assert (gap.reason, gap.packets) == ("loss", 3)
        assert record.gap_before.packets == 3


async def test_sub_types_and_kinds_are_filtered(device, make_document):
    async with camera_of(device) as camera:
        watch = camera.watch(sub_types={"anpr"}, kinds={"rule"})
        watching = asyncio.create_task(anext(watch))
        await played(device)
        device.send(make_document("ANPR"), timestamp=1000)
        device.send(make_document("thermometry", type="ruleTarget"), timestamp=2000)
        device.send(make_document("ANPR", type="ruleTarget"), timestamp=3000)
        record = await asyncio.wait_for(watching, 2)
        assert (record.metadata.type, record.metadata.sub_type) == ("ruleTarget", "ANPR")


@pytest.mark.parametrize(
    "options", [{"kinds": {"lion"}}, {"types": "ANPR"}, {"via": "pigeon"}, {"overflow": "forget"}, {"maxsize": 0}]
)
async def test_impossible_wishes_are_refused(device, options):
    async with camera_of(device) as camera:
        with pytest.raises(ValueError):
            await anext(camera.watch(**options))


@pytest.mark.fault("F61")
async def test_a_slow_watcher_is_told_its_loss_and_disturbs_nobody(device, make_document):
    async with camera_of(device) as camera:
        slow, quick = camera.watch(maxsize=2), camera.watch()
        tasks = [asyncio.create_task(anext(watch)) for watch in (slow, quick)]
        await played(device)
        await asyncio.sleep(0.05)
        device.send(make_document(target_id=0), timestamp=0)
        await asyncio.gather(*tasks)
        for n in range(1, 7):
            device.send(make_document(target_id=n), timestamp=3600 * n)
        async with asyncio.timeout(2):
            assert [(await anext(quick)).metadata.targets[0].target_id for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        late = await anext(slow)
        assert late.metadata.targets[0].target_id == 5
        assert (late.gap_before.reason, late.gap_before.records) == ("overflow", 4)
        assert slow.counters.dropped_records == camera.counters["dropped"] == 4


async def test_block_stops_the_reading_until_the_watcher_has_caught_up(device, make_document):
    async with camera_of(device) as camera:
        patient = camera.watch(maxsize=4, overflow="block")
        watching = asyncio.create_task(anext(patient))
        await played(device)
        device.send(make_document(target_id=0), timestamp=0)
        await watching
        for n in range(1, 400):
            device.send(make_document(target_id=n, more=" " * 2000), timestamp=3600 * n)
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        assert camera.counters["records"] < 399
        async with asyncio.timeout(5):
            seen = [(await anext(patient)).metadata.targets[0].target_id for _ in range(20)]
        assert seen[:5] == [1, 2, 3, 4, 5]
        assert camera.state == "live"


# -- states, loss and return


@pytest.mark.requirement("R-049")
async def test_a_device_that_is_restarted_is_resumed_with_a_new_epoch(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        first = await next_of(events, StateChange, state="live")
        device.send(make_document())
        await next_of(events, Record, epoch=first.epoch)
        await device.stop()
        lost = await next_of(events, StateChange, state="backoff")
        assert lost.previous == "live"
        await device.start()
        back = await next_of(events, StateChange, state="live")
        assert back.epoch > first.epoch
        assert (await next_of(events, Gap)).reason == "reconnect"
        await played(device)
        device.send(make_document())
        record = await next_of(events, Record)
        assert (record.epoch, record.n, record.gap_before.reason) == (back.epoch, 1, "reconnect")
        assert camera.counters["reconnects"] == 1


async def test_a_camera_that_is_away_at_the_start_is_waited_for(device, make_document):
    await device.stop()
    async with camera_of(device) as camera:
        watching = asyncio.create_task(anext(camera.watch()))
        await asyncio.sleep(0.2)
        assert camera.state in ("backoff", "connecting", "authenticating")
        await device.start()
        await played(device)
        device.send(make_document())
        assert (await asyncio.wait_for(watching, 2)).n == 1


@pytest.mark.fault("F33")
async def test_a_quiet_scene_is_no_reason_to_reconnect(device, make_document):
    async with camera_of(device, keepalive=0.1, timing=Timing(quiet=0.15)) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        quiet = await next_of(events, StateChange, state="quiet")
        await asyncio.sleep(0.5)
        assert device.methods().count("PLAY") == 1
        assert device.methods().count("GET_PARAMETER") >= 3
        device.send(make_document())
        live = await next_of(events, StateChange, state="live")
        assert live.epoch == quiet.epoch


@pytest.mark.fault("F32")
async def test_a_half_open_connection_is_stale_within_twice_the_keep_alive_and_resumed(device):
    async with camera_of(device, keepalive=0.4) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        frozen_at = time.monotonic()
        device.frozen = True
        await next_of(events, StateChange, state="stale")
        assert time.monotonic() - frozen_at < 0.8
        device.frozen = False
        back = await next_of(events, StateChange, state="live")
        assert back.previous in ("stale", "authenticating")


async def test_a_device_that_stays_frozen_is_reconnected_soon_after_it_answers(device):
    async with camera_of(device, keepalive=0.2, timeout=0.5) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.frozen = True
        await next_of(events, StateChange, state="stale")
        await next_of(events, StateChange, state="backoff")
        await asyncio.sleep(1.2)
        device.frozen = False
        thawed = time.monotonic()
        back = await next_of(events, StateChange, state="live", seconds=5)
        assert time.monotonic() - thawed < 3
        assert back.epoch > 1


@pytest.mark.fault("F27", "F35")
async def test_a_track_that_vanishes_is_looked_for_again(device):
    sdp = device.sdp
    async with camera_of(device, timing=Timing(recheck=0.1)) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.sdp = sdp.partition("m=application")[0]
        await device.stop()
        await device.start()
        change = await next_of(events, StateChange, state="no_track")
        assert "no isapi.metadata track" in change.reason
        device.sdp = sdp
        await next_of(events, StateChange, state="live")


@pytest.mark.fault("F35")
async def test_what_a_device_can_do_is_read_again_once_it_was_away(device):
    async with camera_of(device) as camera:
        events = camera.events(types=["ANPR"])
        await next_of(events, StateChange, state="live")
        assert device.methods()[0] == "DESCRIBE" and device.rtsp_log[0][1] == device.rtsp_uri
        device.metadata_cap = device.metadata_cap.replace(b"<isSupportSubscribeType>true</isSupportSubscribeType>", b"")
        await device.stop()
        await device.start()
        await next_of(events, StateChange, state="live")
        other = camera.events(types=["behaviorAnalysis"])
        await next_of(other, StateChange, state="live")
    channel = f"rtsp://127.0.0.1:{device.rtsp_port}/ISAPI/Streaming/channels/101"
    assert ("DESCRIBE", channel) in device.rtsp_log
    asked = [target for _, target, _ in device.http_log]
    assert asked.count("/ISAPI/System/capabilities") == 2
    assert len([target for target in asked if target.endswith("/metadata/capabilities")]) == 2


@pytest.mark.fault("F1")
async def test_what_cannot_be_read_is_warned_of_once_and_not_by_every_watcher(device, caplog):
    device.http_paths = {"/ISAPI/System/capabilities": (500, b"")}
    async with camera_of(device) as camera:
        watches = [camera.events() for _ in range(5)]
        for watch in watches:
            await next_of(watch, StateChange, state="live")
        for watch in watches:
            await watch.aclose()
    assert len([record for record in caplog.records if "device capability could not be read" in record.message]) == 1


@pytest.mark.fault("F2")
async def test_a_camera_that_does_not_answer_yet_is_connecting(device):
    device.frozen = True
    async with camera_of(device) as camera:
        watching = asyncio.create_task(anext(camera.watch()))
        await until(lambda: device.connections)
        assert camera.state == "connecting"
        watching.cancel()
        await asyncio.wait([watching])
        assert camera.state == "stopped"
    device.frozen = False


async def test_status_tells_how_each_session_stands(device, make_document):
    async with camera_of(device) as camera:
        assert camera.status() == []
        events = camera.events()
        await next_of(events, StateChange, state="live")
        (before,) = camera.status()
        assert (before.state, before.transport, before.last_document_age, before.documents) == ("live", "tcp", None, 0)
        device.send(make_document())
        await next_of(events, Record)
        (after,) = camera.status()
        assert after.documents == 1 and 0 <= after.last_document_age < 2
        assert after.counters["packets"] == 1 and after.last_error is None


@pytest.mark.requirement("R-023")
async def test_onvif_metadata_is_not_taken_for_ours(device):
    device.sdp = device.sdp.replace("isapi.metadata", "vnd.onvif.metadata")
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match="ONVIF"):
            await anext(camera.watch())


@pytest.mark.parametrize("status", [453, 503])
async def test_a_device_without_room_is_left_alone_for_long(device, status):
    device.describe_status = status
    async with camera_of(device, timing=Timing(busy=20.0)) as camera:
        events = camera.events()
        change = await next_of(events, StateChange, state="backoff")
        assert "next attempt in 20.0 s" in change.reason
        assert str(status) in change.reason


async def test_a_channel_that_does_not_exist_is_unsupported(device):
    device.describe_status = 404
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match="no such channel"):
            await anext(camera.watch(channel=1, stream=3))


async def test_a_device_that_closes_at_once_is_not_asked_in_a_tight_loop(device):
    async with camera_of(device, backoff=Backoff(initial=0.1, uniform=lambda low, high: high)) as camera:
        watching = asyncio.create_task(anext(camera.watch()))
        for _ in range(3):
            await played(device)
            for writer, _channel in device.playing:
                writer.transport.abort()
            await until(lambda: not device.playing)
        await asyncio.sleep(0.3)
        assert device.methods().count("PLAY") <= 4
        watching.cancel()


# -- credentials


@pytest.mark.requirement("R-018")
async def test_a_wrong_password_costs_one_refused_request_with_ten_callers(device):
    async with camera_of(device, password="wrong") as camera:
        calls = [anext(camera.watch()) for _ in range(4)]
        calls += [anext(camera.watch(types={"ANPR"})), anext(camera.watch(via="channel"))]
        calls += [anext(camera.watch(via="subscribe", types={"ANPR"}))]
        calls += [camera.device_capability(), camera.configuration(), camera.subscribe(types={"ANPR"})]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results] == [AuthenticationError] * 10
        assert camera.state == "auth_failed"
        await asyncio.sleep(0.5)
        with pytest.raises(AuthenticationError):
            await anext(camera.watch())
    assert device.refused == 1


async def test_a_wrong_password_is_refused_once_by_rtsp_alone_too(device):
    device.http_port, port = 1, device.http_port
    async with camera_of(device, password="wrong") as camera:
        results = await asyncio.gather(*(anext(camera.watch()) for _ in range(10)), return_exceptions=True)
        assert {type(result) for result in results} == {AuthenticationError}
    device.http_port = port
    assert device.refused == 1


async def test_events_tell_the_refusal_before_they_raise_it(device):
    async with camera_of(device, password="wrong") as camera:
        events = camera.events()
        assert (await anext(events)).state == "auth_failed"
        with pytest.raises(AuthenticationError):
            await anext(events)


async def test_a_password_changed_while_away_is_not_sent_again_for_half_an_hour(device):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.password = "changed"
        await device.stop()
        await device.start()
        while "not before" not in (change := await next_of(events, StateChange, state="backoff")).reason:
            pass
        assert "if the password was changed, start again with the new one" in change.reason
        refused = device.refused
        await asyncio.sleep(0.4)
        assert device.refused == refused <= 2


# -- TLS


@pytest.fixture(scope="module")
def certificate():
    return make_certificate("camera.example")


async def secured(device, certificate):
    await device.stop()
    device.tls = server_context(certificate)
    await device.start()


async def test_a_pinned_camera_is_watched_over_https_and_rtsps(device, make_document, certificate):
    await secured(device, certificate)
    async with camera_of(device, tls=TLS("pin", pin=certificate.sha256)) as camera:
        assert await camera.supports_metadata()
        events = camera.events()
        await next_of(events, StateChange, state="live")
        await played(device)
        device.send(make_document(target_id=3))
        assert (await next_of(events, Record)).metadata.targets[0].target_id == 3
    assert device.rtsp_log[0][1].startswith("rtsps://127.0.0.1:")


@pytest.mark.fault("F36")
async def test_another_certificate_ends_the_watch_for_good_and_nothing_is_sent(device, certificate):
    await secured(device, certificate)
    async with camera_of(device, tls=TLS("pin", pin="00" * 32)) as camera:
        events = camera.events()
        change = await anext(events)
        assert (change.state, "pinned" in change.reason) == ("stopped", True)
        with pytest.raises(CertificateError) as caught:
            await anext(events)
    assert caught.value.cause == "pin_changed"
    assert device.http_log == device.rtsp_log == [] and device.refused == 0


@pytest.mark.fault("F36")
async def test_a_certificate_that_changes_while_watching_stops_the_session_without_another_try(device, certificate):
    await secured(device, certificate)
    async with camera_of(device, tls=TLS("pin", pin=certificate.sha256)) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        await secured(device, make_certificate("camera.example"))
        change = await next_of(events, StateChange, state="stopped")
        assert "another certificate" in change.reason
        with pytest.raises(CertificateError):
            await anext(events)
        attempts = camera.counters["attempts"]
        await asyncio.sleep(0.5)
        assert camera.counters["attempts"] == attempts


# -- ends


async def test_close_ends_the_iterators_and_says_goodbye(device):
    camera = camera_of(device)
    events = camera.events()
    await next_of(events, StateChange, state="live")
    started = time.monotonic()
    await camera.close()
    assert time.monotonic() - started < 2
    assert device.methods()[-1] == "TEARDOWN"
    assert [event.state async for event in events] == ["stopped"]
    with pytest.raises(LocalProtocolError, match="closed"):
        await anext(camera.watch())


@pytest.mark.fault("F71")
async def test_close_takes_two_seconds_at_most_from_a_frozen_device(device):
    camera = camera_of(device)
    await next_of(camera.events(), StateChange, state="live")
    kept = camera.events()
    await next_of(kept, StateChange, state="live")
    device.frozen = True
    started = time.monotonic()
    await camera.close()
    assert time.monotonic() - started < 2.3
    device.frozen = False


@pytest.mark.fault("F62", "F71")
@pytest.mark.parametrize("wait", [0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.05])
async def test_a_watch_can_be_cancelled_at_any_moment(device, wait):
    async with camera_of(device) as camera:
        watching = asyncio.create_task(anext(camera.watch()))
        await asyncio.sleep(wait)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        del watching
        gc.collect()
        await until(lambda: camera.states() == [])
    names = [task.get_name() for task in asyncio.all_tasks()]
    await until(lambda: not [n for n in names if n.startswith("onframe")] or not camera.states())


@pytest.mark.fault("F31")
async def test_fifty_cycles_leave_no_task_and_no_descriptor_behind(device, make_document):
    async def cycle():
        async with camera_of(device) as camera:
            watch = camera.watch()
            watching = asyncio.create_task(anext(watch))
            await played(device)
            device.send(make_document())
            await asyncio.wait_for(watching, 2)
        await until(lambda: not device.connections)

    def count():
        gc.collect()
        return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))

    for _ in range(10):
        await cycle()
    before = count()
    for _ in range(40):
        await cycle()
    await asyncio.sleep(0.05)
    assert count() == before
