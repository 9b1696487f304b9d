"""Each quirk that a device can have, and our client that lives through it: right Records, or the cause by its name.

``CASES`` has a row for every value of every quirk; a quirk without one fails the suite.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.firmware import read_firmware
from onframe.errors import AuthenticationError, ProtocolError, StatusError, UnsupportedError
from onframe.isapi.config import METADATA_TYPES
from onframe.isapi.resources import DEVICE_INFO
from onframe.record import AccessUnit, Gap, Record, StateChange, Undecodable
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.quirks import QUIRKS

BOX = [[(100, 200), (300, 200), (300, 400), (100, 400)]]
QUICK = Backoff(initial=0.05, maximum=0.2)
KINDS = [
    ("rule", "behaviorAnalysis"),
    ("target", "behaviorAnalysis"),
    ("target", "ANPR"),
    ("target", "heatmap"),
    ("target", "personalTrack"),
]
PATIENCE = 5.0


@dataclass
class Site:
    """A simulated camera, and our client of it."""

    simulated: SimulatedCamera
    camera: Camera

    def other(self, **options: Any) -> Camera:
        """Another client of the same camera."""
        return Camera.from_url(self.simulated.url, backoff=QUICK, remember_logins=False, **options)


Check = Callable[[Site], Awaitable[None]]


# What is right


async def until_all(site: Site) -> dict[tuple[str, str], Record]:
    """The latest record of each of the scene's five documents."""
    seen: dict[tuple[str, str], Record] = {}
    async with asyncio.timeout(PATIENCE):
        async for record in site.camera.watch():
            seen[record.metadata.kind, record.metadata.sub_type or ""] = record
            if set(KINDS) <= set(seen):
                return seen
    raise AssertionError("the watch ended")


def assert_right(seen: dict[tuple[str, str], Record]) -> None:
    """Every fact of the scene, whatever it looked like on the way."""
    rule, vehicle, plates, warmth, people = (seen[kind].metadata for kind in KINDS)
    assert [(t.rule_id, t.regions) for t in rule.targets] == [(1, [[(500, 0), (500, 1000)]])]
    [target] = vehicle.targets
    assert (target.target_id, target.recognition, target.regions) == (7, "vehicle", BOX)
    assert target.properties == [
        ("eventType", "linedetection"),
        ("triggerEvent", "true"),
        ("crossdirection", "lefttoright"),
    ]
    assert [(t.target_id, t.get("licensePlate")) for t in plates.targets] == [(10 + n, f"ONF {n}") for n in range(8)]
    assert warmth.situation is not None and warmth.situation.person_count == 3
    assert [(p.data_type, p.data) for p in warmth.pictures] == [("base64", "QUJD")]
    assert [t.regions for t in warmth.targets] == [BOX]
    [person] = people.tracking
    [joint] = person.joints
    assert (person.obj_id, person.tra_complete, joint.gesture_score, joint.x, joint.y2d) == (
        "P1",
        False,
        0.75,
        1.5,
        0.5,
    )
    assert [one.susp_id for one in people.suspects] == [5]


async def records(site: Site) -> None:
    """All documents are right, no login was refused, and nothing was lost."""
    assert_right(await until_all(site))
    assert site.simulated.device.log == []
    assert site.camera.counters["lost"] == 0 and len(site.camera.states()) == 1


def with_raw(pattern: str, *, form: str = "xml", absent: bool = False) -> Check:
    """The same, and the quirk was in the bytes of a document."""

    async def check(site: Site) -> None:
        seen = await until_all(site)
        assert_right(seen)
        raw = b"\n".join(record.raw for record in seen.values() if record.format == form)
        assert bool(re.search(pattern.encode(), raw)) is not absent, raw

    return check


# RTSP as it is on the wire


USUAL: list[str] = []
"""What the guide's camera says, once it was asked."""


async def conversation(simulated: SimulatedCamera, url: str = "") -> str:
    """The texts of the answers to OPTIONS, DESCRIBE, SETUP, PLAY and GET_PARAMETER, asked by hand."""
    reader, writer = await asyncio.open_connection(simulated.host, simulated.rtsp_port)
    base = f"rtsp://{simulated.host}:{simulated.rtsp_port}{url or '/ISAPI/Streaming/channels/101'}"
    texts, session, track = [], "", f"{base}/trackID=3"

    async def ask(method: str, target: str, *headers: str) -> str:
        lines = [f"{method} {target} RTSP/1.0", f"CSeq: {len(texts) + 1}", *headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        head = head[head.index(b"RTSP/1.0") :]
        length = re.search(rb"Content-Length: *(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        texts.append((head + body).decode())
        return texts[-1]

    try:
        async with asyncio.timeout(PATIENCE):
            await ask("OPTIONS", base)
            described = await ask("DESCRIBE", base, "Accept: application/sdp")
            if control := re.search(r"a=control:(rtsp:\S*trackID=3\S*)", described):
                track = control[1]
            answer = await ask("SETUP", track, "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
            if found := re.search(r"Session: *([^;\s]+)", answer):
                session = f"Session: {found[1]}"
            await ask("GET_PARAMETER", base, session)
            await ask("PLAY", base, session)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return "".join(texts)


def with_wire(pattern: str, *, url: str = "", absent: bool = False, then: Check = records) -> Check:
    """The records are right, and the quirk was in the RTSP answers; those of a camera without it have no such thing."""

    async def check(site: Site) -> None:
        await then(site)
        quirks = site.simulated.profile.quirks.changed() | {"auth": "none"}
        async with SimulatedCamera("corner", profile="guide-2017", quirks=quirks) as odd:
            told = await conversation(odd, url)
        if not USUAL:
            async with SimulatedCamera("corner", profile="guide-2017", quirks={"auth": "none"}) as plain:
                USUAL.append(await conversation(plain))
        assert bool(re.search(pattern, told)) is not absent, told
        assert bool(re.search(pattern, USUAL[0])) is absent, USUAL

    return check


# Logins


async def without_a_password(site: Site) -> None:
    """Nobody is asked, so no request carries credentials."""
    async with site.other(password="wrong") as camera:
        await camera.device_capability()
    await records(site)
    assert not any(request.credentials for request in site.simulated.device.requests)


def asked_with(*patterns: str, absent: str = "qop|never") -> Check:
    """Everything works, and the challenge over RTSP was of this form, each pattern a header of its own."""

    async def check(site: Site) -> None:
        await site.camera.device_capability()
        await records(site)
        quirks = site.simulated.profile.quirks.changed()
        async with SimulatedCamera("corner", quirks=quirks) as odd:
            told = await challenged(odd)
        assert [bool(re.search(one, told[n])) for n, one in enumerate(patterns)] == [True] * len(told), told
        assert not any(re.search(absent, one) for one in told), told

    return check


async def challenged(simulated: SimulatedCamera) -> list[str]:
    """The challenges of a DESCRIBE without credentials."""
    reader, writer = await asyncio.open_connection(simulated.host, simulated.rtsp_port)
    url = f"rtsp://{simulated.host}:{simulated.rtsp_port}/ISAPI/Streaming/channels/101"
    writer.write(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
    writer.close()
    return re.findall(r"WWW-Authenticate: *(.*?)\r\n", head)


async def basic_is_refused_until_it_is_allowed(site: Site) -> None:
    with pytest.raises(ProtocolError, match="Basic alone, which sends the password readably"):
        await site.camera.device_capability()
    assert not any(request.credentials for request in site.simulated.device.requests)
    async with site.other(allow_basic=True) as camera:
        await camera.device_capability()
        assert_right(await until_all(Site(site.simulated, camera)))


async def nonces_run_out(site: Site) -> None:
    """Several requests over HTTP and RTSP: each one that needs a fresh nonce gets it, and nobody is asked again."""
    for _ in range(4):
        await site.camera.device_capability()
        await site.camera.configuration()
    await records(site)
    refused = [request for request in site.simulated.device.requests if request.credentials and request.status == 401]
    assert len(refused) >= 2


async def a_lock_is_named_and_left_alone(site: Site) -> None:
    device = site.simulated.device
    for wrong in ("one", "two", "three"):
        assert not device.locked
        async with site.other(password=wrong) as camera:
            with pytest.raises(AuthenticationError):
                await camera.device_capability()
    assert device.locked and len(device.log) == 3
    before = len(device.requests)
    with pytest.raises(AuthenticationError, match=r"the account is locked, seconds until it is unlocked: 1[78]\d\d"):
        await site.camera.device_capability()
    with pytest.raises(AuthenticationError, match="the account is locked"):
        await site.camera.device_capability()
    assert len(device.requests) <= before + 2


# HTTP


async def no_node(site: Site) -> None:
    assert await site.camera.supports_metadata() is False
    with pytest.raises(StatusError) as refused:
        await site.camera.metadata_capability()
    assert (refused.value.http_status, refused.value.sub_status_code) == (404, "notSupport")
    await records(site)


def ids(metadata: str, subscribe: str) -> Check:
    """The printed form is refused by name, the other works where it is named, and ``watch`` finds it by itself."""

    async def check(site: Site) -> None:
        if metadata == "channel":
            with pytest.raises(StatusError, match="invalidID"):
                await site.camera.configuration()
        else:
            with pytest.raises(StatusError, match="invalidID"):
                await site.camera.subscribe(types=["ANPR"])
        await only_plates(site)
        async with site.other(metadata_id=metadata, subscribe_id=subscribe) as camera:
            assert (await camera.configuration()).types[0].enable is True
            await camera.subscribe(types=["ANPR"])

    return check


async def only_plates(site: Site, via: str = "auto") -> None:
    """What is subscribed to comes, and nothing else."""
    async with asyncio.timeout(PATIENCE):
        watch = site.camera.watch(types=["ANPR"], via=via)  # type: ignore[arg-type]
        seen = [await anext(watch) for _ in range(3)]
    assert {record.metadata.sub_type for record in seen} == {"ANPR"}
    assert len(seen[0].metadata.targets) == 8


async def capital_alone(site: Site) -> None:
    """A.2 to A.4 are printed in lower case: the watch tries the other spelling."""
    with pytest.raises(StatusError) as refused:
        await site.camera.configuration()
    assert refused.value.http_status == 404
    await only_plates(site)
    targets = [request.uri for request in site.simulated.device.requests if request.status == 200]
    assert any("/Metadata/subscribeType" in target for target in targets)


async def lower_case_alone(site: Site) -> None:
    """A.5 is printed with a capital: one type alone cannot be set, all of them can."""
    with pytest.raises(StatusError) as refused:
        await site.camera.configure(disable={"ANPR"}, one_by_one=True)
    assert refused.value.http_status == 404
    result = await site.camera.configure(disable={"ANPR"})
    assert [str(change) for change in result.changed] == ["ANPR: enabled → disabled"]
    await only_plates_after_enabling(site)


async def only_plates_after_enabling(site: Site) -> None:
    await site.camera.configure(enable={"ANPR"})
    await only_plates(site)


def subscribed_at(pattern: str) -> Check:
    """The URI has this form, and is played at the configured place."""

    async def check(site: Site) -> None:
        uri = await site.camera.subscribe(types=["ANPR"])
        assert re.fullmatch(pattern.format(port=site.simulated.rtsp_port), uri), uri
        await only_plates(site, "subscribe")

    return check


async def onvif_is_not_ours(site: Site) -> None:
    with pytest.raises(UnsupportedError, match="ONVIF"):
        await until_all(site)


def refused_by_name(name: str, http_status: int) -> Check:
    """Every request is refused by that name, which is not taken for a refused login."""

    async def check(site: Site) -> None:
        for ask in (site.camera.configuration, site.camera.device_capability):
            with pytest.raises(StatusError, match=name) as refused:
                await ask()
            assert refused.value.http_status == http_status
        assert site.simulated.device.log == []

    return check


async def setting_is_refused(site: Site) -> None:
    await records(site)
    with pytest.raises(StatusError, match="lowPrivilege"):
        await site.camera.configure(disable={"ANPR"})
    assert await site.camera.type_enabled("ANPR")


def firmware_is_told(version: str | None) -> Check:
    async def check(site: Site) -> None:
        await records(site)
        request = DEVICE_INFO.request()
        if version is None:
            with pytest.raises(StatusError, match="404"):
                await site.camera.inquiry.read(request)
            return
        assert str(read_firmware(await site.camera.inquiry.read(request))) == version

    return check


def without_datagrams(why: str) -> Check:
    """A client that wants UDP has its records over TCP, and says why."""

    async def check(site: Site) -> None:
        async with site.other(transport="udp") as camera:
            assert_right(await until_all(Site(site.simulated, camera)))
            [status] = camera.status()
            assert status.transport == "tcp" and why in (status.fallback or ""), status

    return check


async def refused_subscription(site: Site) -> None:
    status = int(site.simulated.device.quirks.subscribe)
    with pytest.raises(StatusError, match="notSupport") as refused:
        await site.camera.subscribe(types=["ANPR"])
    assert refused.value.http_status == status
    with pytest.raises(UnsupportedError, match="notSupport"):
        await only_plates(site, "subscribe")
    await only_plates(site)


async def no_subscription(site: Site) -> None:
    with pytest.raises(UnsupportedError, match="no subscription by type"):
        await site.camera.subscribe(types=["ANPR"])
    await only_plates(site)


async def refusals_are_read(site: Site) -> None:
    """In XML and in JSON, by the name of the reason and its number."""
    with pytest.raises(StatusError) as in_xml:
        await site.camera.configuration(9)
    assert (in_xml.value.status_code, in_xml.value.sub_status_code) == (4, "invalidID")
    with pytest.raises(StatusError) as in_json:
        await site.camera.subscribe(types=["heatmap"])
    assert (in_json.value.status_code, in_json.value.sub_status_code) == (4, "subscribeTypeErr")
    assert in_json.value.error_code == 0x4000A016
    result = await site.camera.configure(disable={"ANPR"})
    assert [str(change) for change in result.changed] == ["ANPR: enabled → disabled"]
    assert not await site.camera.type_enabled("ANPR")


def answered_with(pattern: str, *, request: str = "PUT", absent: bool = False) -> Check:
    """Refusals and settings are read right, and the quirk was in the bytes of an answer."""

    async def check(site: Site) -> None:
        await refusals_are_read(site)
        body = await asked_by_hand(site, request)
        assert bool(re.search(pattern, body)) is not absent, body

    return check


async def asked_by_hand(site: Site, request: str) -> str:
    """The status and body of a refusal in XML (PUT) or JSON (POST), or of a capability (GET)."""
    import httpx2

    from onframe.camera.http_auth import DigestAuth

    base = f"http://{site.simulated.host}:{site.simulated.http_port}/ISAPI/Streaming/channels"
    url = {"PUT": "/101/metadata", "POST": "/1/metadata/subscribeType?format=json", "GET": "/101/metadata"}[request]
    body = {"PUT": _OK, "POST": b'{"type":["heatmap"]}', "GET": b""}[request]
    async with httpx2.AsyncClient(auth=DigestAuth(site.camera.login), trust_env=False) as client:
        response = await client.request(request, base + url, content=body)
    return f"{response.status_code} {response.text}"


_OK = (
    b"<MetadataCfg><MetadataList><Metadata><type>ANPR</type><enable>true</enable></Metadata></MetadataList>"
    b"</MetadataCfg>"
)


async def refused_without_document(site: Site) -> None:
    """A wrong password is told whatever stands in the body, and a right one works."""
    await records(site)
    async with site.other(password="wrong") as camera:
        with pytest.raises(AuthenticationError, match="wrong user name or password"):
            await camera.device_capability()
    assert len(site.simulated.device.log) == 1


async def booleans(site: Site) -> None:
    configuration = await site.camera.configuration()
    assert {one.type: one.enable for one in configuration.types} == dict.fromkeys(METADATA_TYPES, True)
    assert await site.camera.supports_metadata()
    result = await site.camera.configure(disable={"ANPR"})
    assert [str(change) for change in result.changed] == ["ANPR: enabled → disabled"]
    text = {"one_zero": "0", "capital": "False"}[site.simulated.device.quirks.bool_text]
    assert f"<enable>{text}</enable>" in await asked_by_hand(site, "GET")


# Documents


def timed(pattern: str, *, instant: bool = True) -> Check:
    """The time is right to the instant, or told to be none."""

    async def check(site: Site) -> None:
        await with_raw(pattern)(site)
        records_seen = await until_all(site)
        for record in records_seen.values():
            assert record.metadata.time is not None
            if instant:
                assert abs((record.metadata.time.epoch_ms or 0) / 1000 - time.time()) < PATIENCE
            else:
                assert record.metadata.time.epoch_ms is None
                assert "time has no offset from UTC, so it is not an instant" in record.warnings

    return check


async def without_device(site: Site) -> None:
    seen = await until_all(site)
    assert_right(seen)
    assert all(record.metadata.device is None for record in seen.values())


def repaired(pattern: str, *names: str) -> Check:
    """JSON documents are right, and each record says what was repaired in it."""

    async def check(site: Site) -> None:
        seen = await until_all(site)
        assert_right(seen)
        raw = b"\n".join(record.raw for record in seen.values() if record.format == "json")
        assert re.search(pattern.encode(), raw), raw
        assert set(names) <= {name for record in seen.values() for name in record.repairs}

    return check


# The session and its packets


async def pictures_and_records(site: Site) -> None:
    """Video and metadata in one session."""
    found: set[type] = set()
    async with asyncio.timeout(PATIENCE):
        async for event in site.camera.stream():
            found.add(type(event))
            if {AccessUnit, Record} <= found:
                return


async def kept_alive(site: Site) -> None:
    """Keep-alives are GET_PARAMETER, and the session lives on."""
    async with site.other(keepalive=0.2) as camera:
        async with asyncio.timeout(PATIENCE):
            async for record in camera.watch():
                asked = [request.method for request in site.simulated.device.requests if request.protocol == "rtsp"]
                if record.epoch != 1 or asked.count("GET_PARAMETER") >= 2:
                    break
        assert record.epoch == 1
        assert "OPTIONS" not in asked[asked.index("PLAY") :]


async def teardown_elsewhere(site: Site) -> None:
    """Our sessions end where they began; on another connection the device says 500."""
    await records(site)
    quirks = site.simulated.profile.quirks.changed() | {"auth": "none"}
    async with SimulatedCamera("corner", quirks=quirks) as odd:
        url = f"rtsp://{odd.host}:{odd.rtsp_port}/ISAPI/Streaming/channels/101"
        reader, writer = await asyncio.open_connection(odd.host, odd.rtsp_port)
        writer.write(f"SETUP {url}/trackID=3 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast\r\n\r\n".encode())
        answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        session = re.search(r"Session: *([^;\s]+)", answer)
        assert session is not None
        other_reader, other = await asyncio.open_connection(odd.host, odd.rtsp_port)
        other.write(f"TEARDOWN {url} RTSP/1.0\r\nCSeq: 1\r\nSession: {session[1]}\r\n\r\n".encode())
        assert (await asyncio.wait_for(other_reader.readline(), PATIENCE)).startswith(b"RTSP/1.0 500 ")
        writer.close()
        other.close()


async def metadata_alone_is_refused(site: Site) -> None:
    """The reason is told with its number; with the pictures it works."""
    async with asyncio.timeout(PATIENCE):
        async for event in site.camera.events():
            if isinstance(event, StateChange) and "455" in event.reason:
                break
    async with site.other() as camera:
        await pictures_and_records(Site(site.simulated, camera))


def in_packets(fits: Callable[[int, int, int], bool]) -> Check:
    """The records are right, and so is how many packets and messages they came in."""

    async def check(site: Site) -> None:
        await records(site)
        counters = site.camera.counters
        assert fits(counters["packets"], counters["messages"], counters["records"]), counters

    return check


async def pictures_out_of_order(site: Site) -> None:
    """The records are right, and pictures came before others that are shown earlier."""
    await records(site)
    times: list[int] = []
    async with asyncio.timeout(PATIENCE), aclosing(site.camera.stream()) as events:
        async for event in events:
            times += [event.timestamp] if isinstance(event, AccessUnit) else []
            if len(times) >= 12:
                break
    assert times != sorted(times) and len(set(times)) == len(times)


async def timestamps_wrap(site: Site) -> None:
    """The records are right while the timestamps of both tracks pass 2^32, and theirs rise without a step."""
    await records(site)
    units: list[int] = []
    bound: list[tuple[int, int]] = []
    async with asyncio.timeout(PATIENCE), aclosing(site.camera.stream()) as events:
        async for event in events:
            if isinstance(event, AccessUnit):
                units.append(event.timestamp)
            elif isinstance(event, Record) and event.metadata.kind != "rule" and event.video and event.timestamp:
                bound.append((event.timestamp, event.video.timestamp))
            if units and bound and min(units[-1], bound[-1][0]) > (1 << 32) + 45_000:
                break
    assert units[0] < 1 << 32 and bound[0][0] < 1 << 32
    assert {later - earlier for earlier, later in zip(units, units[1:], strict=False)} == {3600}
    apart = [video - own for own, video in bound]
    assert max(apart) - min(apart) < 3600 // 2, "one relation of the tracks, before and after"


def mended(name: str) -> Check:
    """The records are right, and each says what was removed around its document."""

    async def check(site: Site) -> None:
        seen = await until_all(site)
        assert_right(seen)
        assert all(name in record.repairs for record in seen.values())

    return check


async def loss_is_told(site: Site) -> None:
    """What arrives is right; what does not is a Gap, and the records after it carry it."""
    kinds: set[type] = set()
    async with asyncio.timeout(PATIENCE):
        async for event in site.camera.events():
            kinds.add(type(event))
            if isinstance(event, Record) and event.gap_before is not None:
                break
    assert Gap in kinds and Undecodable not in kinds
    assert event.gap_before is not None and event.gap_before.reason == "loss"
    assert_right(await until_all(site))
    assert len(site.camera.states()) == 1


async def one_timestamp_each(site: Site) -> None:
    """A document is cut where its timestamp changes: told as unreadable, and costs only itself."""
    short, broken = set(), 0
    async with asyncio.timeout(PATIENCE):
        async for event in site.camera.events():
            if isinstance(event, Undecodable):
                broken += 1
            elif isinstance(event, Record):
                short.add(event.metadata.sub_type)
            if broken >= 2 and short >= {"behaviorAnalysis", "heatmap", "personalTrack"}:
                break
    assert "ANPR" not in short
    assert site.camera.states()[0].state == "live"


async def an_empty_list_first(site: Site) -> None:
    async with asyncio.timeout(PATIENCE):
        watch = site.camera.watch()
        first = await anext(watch)
        assert (first.metadata.kind, first.metadata.targets) == ("rule", [])
    await records(site)


async def no_rule_at_first(site: Site) -> None:
    """The first document is a live one: rules that nobody told are not made up."""
    async with asyncio.timeout(PATIENCE):
        watch = site.camera.watch()
        seen = [await anext(watch) for _ in range(8)]
    assert "ruleTarget behaviorAnalysis" not in {f"{one.metadata.type} {one.metadata.sub_type}" for one in seen}


async def silence_is_no_loss(site: Site) -> None:
    """Nothing for a while, and it is still the first connection."""
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        first = await anext(site.camera.watch())
    assert time.monotonic() - started >= 0.7
    assert first.epoch == 1 and first.gap_before is None
    assert site.simulated.device.log == []


# The table


@dataclass(frozen=True)
class Case:
    """``then`` is what happens with ``quirk`` at ``value``; ``more`` are quirks that make it visible."""

    quirk: str
    value: object
    then: Check = records
    more: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.quirk}={self.value}"


CASES = [
    Case("auth", "md5_noqop", asked_with(r'^Digest realm="IP Camera\(51289\)", nonce="\w+", stale="FALSE"$')),
    Case("auth", "md5_qop", asked_with(r'^Digest qop="auth", realm=', absent="algorithm")),
    Case("auth", "sha256", asked_with(r'^Digest realm=.*, algorithm="SHA-256", stale="FALSE"$')),
    Case("auth", "sha256_noqop", asked_with(r'^Digest realm=.*, algorithm="SHA-256", stale="FALSE"$')),
    Case("auth", "md5+sha256", asked_with('algorithm="MD5"', 'algorithm="SHA-256"')),
    Case("auth", "digest+basic", asked_with("^Digest realm=", "^Basic realm=")),
    Case("auth", "basic", basic_is_refused_until_it_is_allowed),
    Case("auth", "none", without_a_password),
    Case("digest_form", "media_server", asked_with(r'^Digest realm=.*, nonce="\d{9}", algorithm="MD5"$')),
    Case("challenge_lines", "folded", asked_with("^Digest realm=.*, Basic realm="), {"auth": "digest+basic"}),
    Case("uri_strict", True, asked_with("^Digest")),
    Case("nonce_per_url", True, nonces_run_out),
    Case("nonce_uses", 2, nonces_run_out),
    Case("nonce_stale", False, nonces_run_out, {"nonce_uses": 3}),
    Case("lockout", 3, a_lock_is_named_and_left_alone),
    Case("account", "look", setting_is_refused),
    Case("account", "nothing", refused_by_name("lowPrivilege", 403)),
    Case("condition", "notActivated", refused_by_name("notActivated", 403)),
    Case("condition", "deviceBusy", refused_by_name("deviceBusy", 503)),
    Case("condition", "serviceUnavailable", refused_by_name("serviceUnavailable", 503)),
    Case("condition", "upgrading", refused_by_name("upgrading", 503)),
    Case("condition", "deviceError", refused_by_name("deviceError", 500)),
    Case("firmware", "old", firmware_is_told("V5.4.0 build 160530")),
    Case("firmware", "absent", firmware_is_told(None)),
    Case("no_capability_node", True, no_node),
    Case("id_form", "channel", ids("channel", "channel")),
    Case("id_form", "stream", ids("stream", "stream")),
    Case("path_case", "Metadata", capital_alone),
    Case("path_case", "metadata", lower_case_alone),
    Case(
        "subscribe", "relative_uri", subscribed_at(r"rtsp://127.0.0.1:{port}/ISAPI/Streaming/channels/101/metadata/\w+")
    ),
    Case("subscribe", "uri_without_port", subscribed_at(r"rtsp://127.0.0.1/ISAPI/Streaming/channels/101/metadata/\w+")),
    Case("subscribe", "403", refused_subscription),
    Case("subscribe", "404", refused_subscription),
    Case("subscribe", "unsupported", no_subscription),
    Case("http_200_error", True, answered_with("^200 .*subscribeTypeErr", request="POST")),
    Case("error_body", "user_check", refused_without_document),
    Case("error_body", "html", refused_without_document),
    Case("error_body", "empty", refused_without_document),
    Case("error_code", "hex", answered_with('"errorCode":"0x4000a016"', request="POST")),
    Case("error_code", "text", answered_with('"errorCode":"1073782806"', request="POST")),
    Case("error_code", "absent", answered_with("errorCode", request="POST", absent=True)),
    Case("status_code", "0", answered_with("<statusCode>0</statusCode>")),
    Case("status_ns", "isapi", answered_with('<ResponseStatus [^>]*xmlns="http://www.isapi.org/ver20/XMLSchema"')),
    Case("status_ns", "hikvision", answered_with('<ResponseStatus [^>]*"http://www.hikvision.com/ver20/XMLSchema"')),
    Case("status_ns", "none", answered_with("xmlns", absent=True)),
    Case("no_request_url", True, answered_with("requestURL", absent=True)),
    Case("bool_text", "one_zero", booleans),
    Case("bool_text", "capital", booleans),
    Case("meta_version", "2.0", with_raw('<Metadata version="2.0"')),
    Case("ns", "hikvision", with_raw('<Metadata [^>]*xmlns="http://www.hikvision.com/ver20/XMLSchema"')),
    Case("ns", "std-cgi", with_raw('<Metadata [^>]*xmlns="http://www.std-cgi.org/ver20/XMLSchema"')),
    Case("ns", "none", with_raw("xmlns", absent=True)),
    Case("tz", "+08:00", timed(r"<time>[^<]*\+08:00</time>")),
    Case("tz", "Z", timed("<time>[^<]*Z</time>")),
    Case("tz", "none", timed(r"<time>[^<+]*\.\d{3}</time>", instant=False)),
    Case("devinfo", "empty_domain", with_raw("<macAddress>02:00:00:6f:6e:66</macAddress>.*<domainName></domainName>")),
    Case("devinfo", "right", with_raw("domainName", absent=True)),
    Case("devinfo", "absent", without_device),
    Case("property_pairs", "two_in_one", with_raw("</value><description>triggerEvent</description>")),
    Case("property_list", "detection", with_raw("</TargetList><PropertyList>")),
    Case("property_list", "root", with_raw("</TargetDetection><PropertyList>")),
    Case("json_root", "Metadata", with_raw('^{"Metadata":.*personalTrack', form="json")),
    Case("json_root", "MetaData", repaired('{"MetaData":.*heatmap', "root_in_another_case")),
    Case("json_root", "metadata", repaired('{"metadata":.*heatmap', "root_in_another_case")),
    Case("json_pictures", "PictureList", with_raw('"PictureList":', form="json")),
    Case("json_ip", "unquoted", repaired('"ipAddress":127.0.0.1,', "bare_ip_in_json")),
    Case("json_situation", "inside", with_raw('"subType":"heatmap".*"Situation":{"personCount":3}}}', form="json")),
    Case("json_situation", "beside", with_raw('},"Situation":{"personCount":3}}', form="json")),
    Case("json_numbers", "texts", repaired('"personCount":"3"', "number_as_text")),
    Case("json_numbers", "numbers", with_raw('"portNo":[0-9]+,.*"x":100,"y":200', form="json")),
    Case("onvif_track_on_plain_url", True, with_wire("107 vnd.onvif.metadata/90000", url="/Streaming/Channels/101")),
    Case("track", "onvif", onvif_is_not_ours),
    Case("control", "absolute", with_wire(r"a=control:rtsp://\S+/channels/101/trackID=3\r")),
    Case("control", "av_stream", with_wire(r"a=control:rtsp://\S+/channels/101/av_stream/trackID=3\r")),
    Case("control", "query_suffix", with_wire(r"a=control:rtsp://\S+/channels/101/trackID=3\?\S+\r")),
    Case("content_base", True, with_wire("Content-Base: rtsp://")),
    Case("attr_order", "rtpmap_first", with_wire(r"a=rtpmap:107 isapi.metadata/90000\r\na=control:")),
    Case("session_padding", True, with_wire(r"Session: {4,}\w+")),
    Case("date_format", "padded", with_wire(r"Date: {2}\w{3}, \w{3} \d")),
    Case("date_format", "rfc", with_wire(r"Date: \w{3}, \d\d \w{3} \d{4}")),
    Case("ssrc", "space", with_wire(r"ssrc= [0-9a-f]{7}\b")),
    Case("ssrc", "short", with_wire(r"ssrc=[0-9a-f]{1,7}\b")),
    Case("ssrc", "absent", with_wire("ssrc=", absent=True)),
    Case("ssrc", "right", with_wire("ssrc=14b37590", absent=True)),
    Case("interleaved", "server_choice", with_wire("interleaved=6-7")),
    Case("rtpinfo", "relative", with_wire(r"RTP-Info: url=trackID=3;seq=[1-9]")),
    Case("rtpinfo", "absolute", with_wire(r"RTP-Info: url=rtsp://\S+trackID=3;seq=\d+;rtptime=\d+")),
    Case("rtpinfo", "none", with_wire("RTP-Info", absent=True)),
    Case(
        "cseq_missing_in_setup_reply", True, with_wire(r"RTSP/1.0 200 OK\r\n(?!CSeq)[^\r]*\r\n(?:[^\r]+\r\n)*Transport")
    ),
    Case("udp", "refused", without_datagrams("461")),
    Case("udp", "lost", without_datagrams("nothing came over udp")),
    Case("keepalive", "get_parameter_only", kept_alive),
    Case("keepalive_session", True, kept_alive),
    Case("teardown_elsewhere", "500", teardown_elsewhere),
    Case("setup_subset", False, metadata_alone_is_refused),
    Case("b_pictures", True, pictures_out_of_order),
    Case("wrap_after", 2.0, timestamps_wrap),
    Case("mtu", 200, in_packets(lambda packets, messages, count: packets > 3 * messages)),
    Case("packing", "one", in_packets(lambda packets, messages, count: packets == messages == count)),
    Case("packing", "many_per_packet", in_packets(lambda packets, messages, count: messages < count)),
    Case("packing", "nul_tail", mended("trailing_nuls")),
    Case("packing", "no_decl", with_raw(r"<\?xml", absent=True)),
    Case("packing", "bom", mended("byte_order_mark")),
    Case("packing", "leading_ws", mended("leading_blanks")),
    Case("loss", 0.2, loss_is_told),
    Case("seq_jump", 4, loss_is_told),
    Case("ts_change_mid_message", True, one_timestamp_each),
    Case("empty_rule_first", True, an_empty_list_first),
    Case("rule_on_change_only", True, no_rule_at_first),
    Case("silence", 0.8, silence_is_no_loss),
]


@pytest.mark.fault("F15")
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_client_lives_with(case: Case) -> None:
    quirks = {**case.more, case.quirk: case.value}
    async with SimulatedCamera("corner", profile="guide-2017", quirks=quirks, password="abcd1234") as simulated:
        async with Camera.from_url(simulated.url, backoff=QUICK, remember_logins=False) as camera:
            await case.then(Site(simulated, camera))


def test_every_value_of_every_quirk_has_a_case() -> None:
    tested = {(case.quirk, case.value) for case in CASES}
    for row in QUIRKS.values():
        if row.bounds is not None:
            assert any(name == row.name for name, _ in tested), row.name
            continue
        values = {row.read(text) for text in row.values} - {row.default}
        assert {(row.name, value) for value in values} <= tested, row.name


async def test_the_guides_own_camera_without_any_quirk_is_right() -> None:
    async with SimulatedCamera("corner", profile="guide-2017") as simulated:
        async with Camera.from_url(simulated.url) as camera:
            await records(Site(simulated, camera))
