"""The kinds of device that can be simulated: quirks under a name, and what a device has or lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from onframe.errors import OnframeError
from onframe.isapi.config import METADATA_TYPES
from onframe.simulator.quirks import Quirks


@dataclass(frozen=True)
class Profile:
    """A kind of device: the guide's own capture of 2017 by default (R-107, R-050).

    ``clock`` None is the guide's camera: RTP-Info without rtptime, no sender report on the metadata track. ``firmware``
    is a version that no vendor has.
    """

    name: str = "guide-2017"
    quirks: Quirks = Quirks()
    clock: str | None = None
    realm: str = "IP Camera(51289)"
    supports_metadata: bool = True
    supports_subscribe_type: bool = True
    metadata_types: tuple[str, ...] = METADATA_TYPES
    formats: tuple[str, ...] = ("xml", "json")
    firmware: str = "V90.17.0"


_GUIDE = Quirks(meta_version="2.0", tz="+08:00", devinfo="right", ssrc="right", rtpinfo="relative", date_format="rfc")

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(),
        Profile("guide", _GUIDE, "sr", firmware="V90.18.0"),
        Profile(
            "av-stream-2023",
            Quirks(
                control="av_stream",
                content_base=True,
                session_padding=True,
                date_format="padded",
                ssrc="short",
                rtpinfo="absolute",
                ns="hikvision",
                tz="+08:00",
                meta_version="2.0",
                devinfo="right",
            ),
            "rtpinfo",
            realm="IP Camera(J2914)",
            firmware="V90.23.0",
        ),
        Profile(
            "nvr",
            replace(
                _GUIDE,
                digest_form="media_server",
                no_capability_node=True,
                error_body="user_check",
                rtpinfo="none",
            ),
            realm="3521781c29acb312330dd668",
            supports_metadata=False,
            supports_subscribe_type=False,
            metadata_types=(),
            firmware="V91.22.0",
        ),
        Profile("sha256", replace(_GUIDE, auth="sha256"), "sr", firmware="V90.24.0"),
        Profile("basic", replace(_GUIDE, auth="basic"), "sr", firmware="V90.14.0"),
    )
}
"""The kinds of device that can be simulated, by name."""


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises OnframeError that lists the names."""
    if name not in PROFILES:
        raise OnframeError(f"there is no profile {ascii(name[:60])}", hint=f"choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
