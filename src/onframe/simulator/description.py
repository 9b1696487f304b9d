"""The session description of a simulated stream, as the guide prints it (R-021) and as other devices do."""

from __future__ import annotations

import base64
import re

from onframe.simulator.quirks import Quirks
from onframe.simulator.source import VideoParameters
from onframe.simulator.streaming import TRACK_IDS
from onframe.wire.sdp import METADATA_ENCODING, ONVIF_ENCODING, MediaDescription, SessionDescription

_MEDIAINFO = "494D4B48010200000400000110710110401F000000FA" + "0" * 36
_USER = re.compile(r"^([A-Za-z]+://)[^/]*@")
_QUERY = "transportmode=unicast&profile=Profile_1"


def describe(
    parameters: VideoParameters,
    *,
    address: str,
    session: int,
    uri: str = "",
    quirks: Quirks | None = None,
    metadata: bool = True,
    onvif: bool = False,
) -> SessionDescription:
    """The description of the presentation ``uri``. ``session`` numbers the ``o=`` line.

    ``onvif`` puts ONVIF's metadata in the place of our own, under the same numbers.
    """
    quirks = quirks or Quirks()
    family = "IP6" if ":" in address else "IP4"
    sections = [_video(parameters), _section("audio", "0", "PCMU/8000", 50)]
    if metadata:
        encoding = ONVIF_ENCODING if onvif else METADATA_ENCODING
        sections.append(_section("application", "107", f"{encoding}/90000", 50))
    for section in sections:
        section.connection = "IN IP6 ::" if family == "IP6" else "IN IP4 0.0.0.0"
        _write_control(section, uri, quirks)
    sections[-1].attributes += [("Media_header", f"MEDIAINFO={_MEDIAINFO};"), ("appversion", "1.0")]
    return SessionDescription(
        origin=f"- {session} {session} IN {family} {address.partition('%')[0]}",
        name="Media Server" if quirks.digest_form == "media_server" else "Media Presentation",
        email="NONE",
        bandwidth=["AS:5100"],
        attributes=[("control", control_of(uri, "", quirks) or "*")],
        media=sections,
    )


def control_of(uri: str, track: str, quirks: Quirks) -> str:
    """What ``a=control`` says of ``trackID=…``, or of the whole presentation where that is empty."""
    if quirks.control == "relative":
        return track
    path, mark, query = _USER.sub(r"\1", uri).partition("?")
    path = path.rstrip("/")
    if quirks.control == "av_stream":
        path = path.removesuffix("/av_stream") + "/av_stream"
    url = f"{path}/{track}"
    return f"{url}?{query if mark else _QUERY}" if quirks.control == "query_suffix" else url


def _write_control(section: MediaDescription, uri: str, quirks: Quirks) -> None:
    """The control attribute of a section, before its rtpmap or behind everything."""
    track = f"trackID={TRACK_IDS['metadata' if section.media == 'application' else section.media]}"
    control = ("control", control_of(uri, track, quirks))
    names = [name for name, _ in section.attributes]
    last = quirks.attr_order == "rtpmap_first"
    section.attributes.insert(len(names) if last else names.index("rtpmap"), control)


def _section(media: str, payload_type: str, encoding: str, bandwidth: int) -> MediaDescription:
    return MediaDescription(
        media,
        formats=[payload_type],
        bandwidth=[f"AS:{bandwidth}"],
        attributes=[("recvonly", None), ("rtpmap", f"{payload_type} {encoding}")],
    )


def _video(parameters: VideoParameters) -> MediaDescription:
    section = _section("video", "96", f"{parameters.codec}/90000", 5000)
    section.attributes.insert(1, ("x-dimensions", f"{parameters.width},{parameters.height}"))
    section.attributes.append(("fmtp", f"96 {_h265(parameters) if parameters.codec == 'H265' else _h264(parameters)}"))
    return section


def _h264(parameters: VideoParameters) -> str:
    """RFC 6184 section 8.2.1."""
    level = parameters.sps[1:4].hex().upper()
    sets = f"{_base64(parameters.sps)},{_base64(parameters.pps)}"
    return f"profile-level-id={level}; packetization-mode=1; sprop-parameter-sets={sets}"


def _h265(parameters: VideoParameters) -> str:
    """RFC 7798 section 7.1; nothing of a stream whose parameter sets are not known yet."""
    sets = {"vps": parameters.vps, "sps": parameters.sps, "pps": parameters.pps}
    return "; ".join(f"sprop-{name}={_base64(nal)}" for name, nal in sets.items() if nal)


def _base64(nal: bytes) -> str:
    return base64.b64encode(nal).decode()
