"""What devices do otherwise than the guide, as switches of the simulated camera.

The fields of `Quirks` are the one table: name, values, default, what the device then does, and where it was seen.
The defaults are the camera of the guide's capture (2017).
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, Self, TypeAlias, get_args, get_type_hints

from onframe.errors import OnframeError

Group: TypeAlias = Literal["login", "http", "documents", "json", "description", "session", "packets"]
"""Which side of the device a quirk is about."""


@dataclass(frozen=True)
class Quirk:
    """One row of the table. ``values`` are texts that can be given; a number has ``bounds`` instead of a list."""

    name: str
    group: Group
    default: object
    does: str
    seen: str
    values: tuple[str, ...]
    bounds: tuple[float, float] | None = None
    whole: bool = True

    def read(self, given: object) -> object:
        """The value that a text, number or boolean means. Raises OnframeError where it is none of this quirk's."""
        found = self._number(given) if self.bounds else self._choice(given)
        if found is None:
            raise OnframeError(f"{self.name}={_shown(given)} is no value of this quirk", hint=f"choose {self.choices}")
        return found

    @property
    def choices(self) -> str:
        """The values in one line."""
        if self.bounds is None:
            return " | ".join(self.values)
        low, high = self.bounds
        return f"{low:,.0f} to {high:,.0f}".replace(",", " ")

    @property
    def usual(self) -> str:
        """The default as it would be given."""
        return ("off", "on")[self.default] if isinstance(self.default, bool) else str(self.default)

    def _choice(self, given: object) -> object:
        text = ("off", "on")[given] if isinstance(given, bool) else str(given)
        if isinstance(self.default, bool):
            return _SWITCH.get(text.lower())
        near = [value for value in self.values if value.lower() == text.lower()]
        return text if text in near else next(iter(near), None)

    def _number(self, given: object) -> object:
        assert self.bounds is not None
        try:
            number = float(str(given))
        except ValueError:
            return None
        if not self.bounds[0] <= number <= self.bounds[1] or isinstance(given, bool):
            return None
        if self.whole:
            return int(number) if number == int(number) else None
        return number


_SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


def _quirk(default: Any, group: Group, does: str, seen: str, *, bounds: tuple[float, float] | None = None) -> Any:
    row = {"group": group, "does": does, "seen": seen, "bounds": bounds}
    return field(default=default, metadata=types.MappingProxyType(row))


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """How one device behaves. Each field is a quirk; `QUIRKS` lists them with what they mean."""

    # Who may ask
    auth: Literal[
        "md5",
        "md5_noqop",
        "md5_qop",
        "sha256",
        "sha256_noqop",
        "md5+sha256",
        "digest+basic",
        "basic",
        "none",
    ] = _quirk(
        "md5",
        "login",
        "which challenges a 401 carries: md5 and sha256 have qop on HTTP and none on RTSP; none asks for no password",
        "captures of eight devices; SHA-256 alone from firmware 5.8.5 on",
    )
    digest_form: Literal["camera", "media_server"] = _quirk(
        "camera",
        "login",
        "media_server: domain, an empty opaque and algorithm in the challenge, a short nonce on RTSP, names of its own",
        "a recorder, 2023",
    )
    challenge_lines: Literal["separate", "folded"] = _quirk(
        "separate", "login", "several challenges come as several headers, or folded into one", "an HTTP capture"
    )
    uri_strict: bool = _quirk(
        False, "login", "the digest's uri must be the request line's, to the letter", "newer firmware, on HTTP"
    )
    nonce_per_url: bool = _quirk(
        False, "login", "a nonce holds for one URL alone; elsewhere it is refused with stale=FALSE", "a device's log"
    )
    nonce_uses: int = _quirk(
        0, "login", "a nonce holds for so many requests; 0 is for ever", "newer firmware", bounds=(0, 1_000_000)
    )
    nonce_stale: bool = _quirk(
        True, "login", "the refusal of a nonce that has run out says stale=TRUE; off says FALSE", "implementers"
    )
    lockout: int = _quirk(
        0,
        "login",
        "after so many refused logins every answer is 401 with lock fields for half an hour; 0 is never",
        "cameras lock after five to seven failures",
        bounds=(0, 1000),
    )

    account: Literal["all", "look", "nothing"] = _quirk(
        "all",
        "login",
        "what the user may do; look: see and read, else 403; nothing: every request is 403, over RTSP too",
        "users without rights",
    )

    # HTTP
    condition: Literal["ready", "notActivated", "deviceBusy", "serviceUnavailable", "upgrading", "deviceError"] = (
        _quirk(
            "ready",
            "http",
            "any other refuses each request by that name, and DESCRIBE and SETUP with 403, 453, 503 or 500",
            "the guide's status codes",
        )
    )
    firmware: Literal["current", "old", "absent"] = _quirk(
        "current",
        "http",
        "what deviceInfo says: the profile's own, V5.4.0 build 160530 with its known vulnerabilities, or 404",
        "the list of CVE-2017-7921",
    )
    no_capability_node: bool = _quirk(
        False, "http", "isSupportMetadata is absent and …/metadata is 404, although the track is there", "six recorders"
    )
    id_form: Literal["both", "channel", "stream"] = _quirk(
        "both",
        "http",
        "the ID in HTTP paths is the channel's number (1), the stream's (101) or either",
        "a vendor's demo",
    )
    path_case: Literal["any", "Metadata", "metadata"] = _quirk(
        "any", "http", "which spelling of the path's metadata segment is known; the other is 404", "two implementers"
    )
    subscribe: Literal["absolute_uri", "relative_uri", "uri_without_port", "403", "404", "unsupported"] = _quirk(
        "absolute_uri", "http", "the form of the rtspURI, or the status of the refusal", "assumed; no answer is known"
    )
    http_200_error: bool = _quirk(False, "http", "refusals come with 200 OK; the body says no", "one device")
    error_body: Literal["response_status", "user_check", "html", "empty"] = _quirk(
        "response_status", "http", "what the body of a 401 is", "a recorder (user_check), cameras (html)"
    )
    error_code: Literal["decimal", "hex", "text", "absent"] = _quirk(
        "decimal", "http", "how errorCode stands in a JSON refusal", "a vendor's guide, a device"
    )
    status_code: Literal["1", "0"] = _quirk("1", "http", "the statusCode that means OK", "the guide allows both")
    status_ns: Literal["std-cgi", "isapi", "hikvision", "none"] = _quirk(
        "std-cgi", "http", "namespace of ResponseStatus", "error bodies of two devices"
    )
    no_request_url: bool = _quirk(False, "http", "ResponseStatus has no requestURL", "one device")
    bool_text: Literal["true_false", "one_zero", "capital"] = _quirk(
        "true_false", "http", "how capabilities and configurations write booleans", "schemas allow 1 and 0"
    )

    # Documents
    meta_version: Literal["1.0", "2.0"] = _quirk("1.0", "documents", "Metadata's version attribute", "1.0 in a capture")
    ns: Literal["isapi", "hikvision", "std-cgi", "none"] = _quirk(
        "isapi", "documents", "namespace of Metadata and of the answers over HTTP", "dumps of fifteen devices"
    )
    tz: Literal["+0800", "+08:00", "Z", "none"] = _quirk(
        "+0800", "documents", "how a document's time says its offset", "a capture (+0800); old devices (Z)"
    )
    devinfo: Literal["bogus_mac", "empty_domain", "right", "absent"] = _quirk(
        "bogus_mac",
        "documents",
        "bogus_mac: the address in ASCII as macAddress and an empty domainName; empty_domain: the latter alone",
        "a capture",
    )
    property_pairs: Literal["separate", "two_in_one"] = _quirk(
        "separate", "documents", "one description and value in each Property, or two", "the vendor's own examples"
    )
    property_list: Literal["target", "detection", "root"] = _quirk(
        "target", "documents", "where a sole target's PropertyList stands", "the vendor's own examples"
    )

    # JSON documents
    json_root: Literal["guide", "Metadata", "MetaData", "metadata"] = _quirk(
        "guide", "json", "the root's name; the guide's is MetaData for tracking alone", "the guide, both ways"
    )
    json_pictures: Literal["PcitureList", "PictureList"] = _quirk(
        "PcitureList", "json", "how the list of pictures is spelled", "the guide's misprint"
    )
    json_ip: Literal["quoted", "unquoted"] = _quirk(
        "quoted", "json", "ipAddress is a text, or bare digits and dots", "the guide's examples"
    )
    json_situation: Literal["guide", "inside", "beside"] = _quirk(
        "guide", "json", "Situation stands inside the root, or beside it", "the guide, both ways"
    )
    json_numbers: Literal["guide", "texts", "numbers"] = _quirk(
        "guide", "json", "numbers are quoted, or not, or as the guide prints them", "the guide's examples"
    )

    # The description (SDP)
    onvif_track_on_plain_url: bool = _quirk(
        False,
        "description",
        "URLs outside /ISAPI/ are served too, with vnd.onvif.metadata as payload type 107",
        "captures, 2014 and 2021",
    )
    track: Literal["isapi", "onvif"] = _quirk(
        "isapi", "description", "whose metadata track stands under /ISAPI/ URLs: ours, or ONVIF's", "assumed"
    )
    control: Literal["relative", "absolute", "av_stream", "query_suffix"] = _quirk(
        "relative", "description", "a=control is relative or absolute, with /av_stream/ or the query in it", "captures"
    )
    content_base: bool = _quirk(False, "description", "the answer to DESCRIBE has Content-Base", "captures")
    attr_order: Literal["control_first", "rtpmap_first"] = _quirk(
        "control_first", "description", "which attribute of a section comes first", "rtpmap first: a capture, 2014"
    )

    # The session
    session_padding: bool = _quirk(False, "session", "Session is padded with blanks", "four cameras, 2020 to 2023")
    date_format: Literal["hik", "padded", "rfc"] = _quirk(
        "hik", "session", "hik: weekday, month day year; padded: the same behind two blanks; rfc: as HTTP's", "captures"
    )
    ssrc: Literal["fixed55667788", "space", "short", "absent", "right"] = _quirk(
        "fixed55667788",
        "session",
        "Transport's ssrc: fixed (and another than the packets'), with a blank, fewer than 8 digits, left out",
        "captures",
    )
    interleaved: Literal["as_asked", "server_choice"] = _quirk(
        "as_asked", "session", "the channels of SETUP's answer are those asked for, or the device's own", "a capture"
    )
    rtpinfo: Literal["seq0", "relative", "absolute", "none"] = _quirk(
        "seq0",
        "session",
        "RTP-Info: relative URLs and seq=0 for metadata; relative and right; absolute with rtptime; left out",
        "two cameras (seq0); recorders (none)",
    )
    cseq_missing_in_setup_reply: bool = _quirk(False, "session", "SETUP's answer has no CSeq", "the guide's print")
    udp: Literal["works", "refused", "lost"] = _quirk(
        "works", "session", "SETUP over UDP works, is refused with 461, or no datagram ever arrives", "firewalls"
    )
    keepalive: Literal["any", "get_parameter_only"] = _quirk(
        "any", "session", "which requests keep a session alive; only those in Public do", "implementers"
    )
    keepalive_session: bool = _quirk(
        False, "session", "the answer to GET_PARAMETER repeats Session; off is CSeq and Date alone", "a capture"
    )
    teardown_elsewhere: Literal["454", "500"] = _quirk(
        "454", "session", "the answer to TEARDOWN of a session that lives on another connection", "one camera (500)"
    )
    setup_subset: bool = _quirk(
        True, "session", "the metadata track alone may be set up; off refuses it before video (455)", "assumed"
    )

    # Packets
    mtu: int = _quirk(
        1000,
        "packets",
        "bytes of RTP payload in one packet at most",
        "maxPacketSize of nine cameras",
        bounds=(64, 60_000),
    )
    packing: Literal["split", "one", "many_per_packet", "nul_tail", "no_decl", "bom", "leading_ws"] = _quirk(
        "split",
        "packets",
        "how documents lie in packets: split at mtu, whole, two in one, before a NUL, behind a BOM or blank, bare",
        "split: the vendor's text; the others: defended against by implementers",
    )
    loss: float = _quirk(
        0.0, "packets", "share of metadata packets that never arrive", "any network", bounds=(0.0, 1.0)
    )
    b_pictures: bool = _quirk(
        False, "packets", "the main stream has B pictures: pictures come in another order than shown", "assumed"
    )
    wrap_after: float = _quirk(
        0.0,
        "packets",
        "seconds after SETUP at which the 90 kHz timestamps pass 2^32 (metadata half a second later); 0 is any time",
        "every camera, every 13 hours",
        bounds=(0.0, 86_400.0),
    )
    seq_jump: int = _quirk(
        0,
        "packets",
        "before every so many documents the metadata track's sequence number jumps by 100; 0 is never",
        "implementers",
        bounds=(0, 1_000_000),
    )
    ts_change_mid_message: bool = _quirk(
        False, "packets", "the timestamp changes in the middle of a document that spans packets", "an implementer"
    )
    empty_rule_first: bool = _quirk(
        False, "packets", "the first document is a ruleTarget without targets, whatever rules there are", "a capture"
    )
    rule_on_change_only: bool = _quirk(
        False, "packets", "rules are not told at the start but when they change", "assumed"
    )
    silence: float = _quirk(
        0.0, "packets", "seconds after PLAY in which no document is sent", "quiet scenes", bounds=(0.0, 86_400.0)
    )

    @classmethod
    def parse(cls, given: Mapping[str, object], base: Quirks | None = None) -> Quirks:
        """``base`` (the guide's camera) with these values, as texts or as they are.

        Raises OnframeError that names the nearest quirks or the values.
        """
        read: dict[str, Any] = {name: quirk(name).read(value) for name, value in given.items()}
        return replace(base or cls(), **read)

    @classmethod
    def from_texts(cls, texts: Iterable[str], base: Quirks | None = None) -> Quirks:
        """The same from ``name=value``; a switch may be named alone, which is on."""
        return cls.parse(read_texts(texts), base)

    def changed(self, base: Self | None = None) -> dict[str, object]:
        """What differs from ``base`` (the guide's camera), by name."""
        other = base or type(self)()
        return {one.name: mine for one in fields(self) if (mine := getattr(self, one.name)) != getattr(other, one.name)}


def read_texts(texts: Iterable[str]) -> dict[str, object]:
    """``name=value`` texts as a mapping, checked. Raises OnframeError as `Quirks.parse` does."""
    found: dict[str, object] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        row = quirk(name.strip())
        found[row.name] = row.read(value.strip() if separator else "on")
    return found


def quirk(name: str) -> Quirk:
    """The row of that name. Raises OnframeError that names the nearest ones."""
    if name in QUIRKS:
        return QUIRKS[name]
    near = difflib.get_close_matches(name.lower(), QUIRKS, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "onframe simulate --list-quirks shows them all"
    raise OnframeError(f"there is no quirk {_shown(name)}", hint=hint)


def _shown(given: object) -> str:
    return ascii(str(given)[:60])


@cache
def _rows() -> dict[str, Quirk]:
    hints = get_type_hints(Quirks)
    rows: dict[str, Quirk] = {}
    for one in fields(Quirks):
        kind, row = hints[one.name], one.metadata
        values = ("off", "on") if kind is bool else tuple(get_args(kind))
        rows[one.name] = Quirk(
            one.name, row["group"], one.default, row["does"], row["seen"], values, row["bounds"], kind is int
        )
    return rows


QUIRKS: Mapping[str, Quirk] = types.MappingProxyType(_rows())
"""Every quirk by name, in the order of the table."""
