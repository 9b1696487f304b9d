"""Appendix A: every request as one row of one table, for both sides, and one that the guide does not have.

The client asks with `Resource.request`, the device finds the row with `match`. The guide writes the
path segment ``metadata`` in A.2 to A.4 and ``Metadata`` in A.5: a client sends what is printed, a device
takes both. ``<ID>`` is the stream's (No. * 100 + stream) in A.2, A.3, A.5 and A.6 and the channel's
number in A.4; a device takes both.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

import msgspec

RTSP_PORT = 554
"""The port of A.6 where ``[:port]`` is absent."""

XML = "application/xml"
JSON = "application/json"

IDForm = Literal["channel", "stream"]


class Resource(msgspec.Struct, frozen=True):
    """One request of Appendix A.

    ``path`` holds ``<ID>`` and ``<type>`` as printed. ``request_kind`` and ``answer_kind`` name the documents
    as ``decode`` does; ``content_type`` is that of the request's body. ``id_form`` is how ``<ID>`` is sent.
    """

    name: str
    section: str
    method: str
    path: str
    answer_kind: str
    request_kind: str | None = None
    query: str = ""
    content_type: str | None = None
    id_form: IDForm | None = None

    @property
    def error_format(self) -> Literal["xml", "json"]:
        """In which form a failure is answered: JSON where the URL has format=json (B.5), else XML (B.18)."""
        return "json" if self.query == "format=json" else "xml"

    def request(
        self,
        *,
        channel: int = 1,
        stream: int = 1,
        metadata_type: str = "",
        id_form: IDForm | None = None,
        body: bytes = b"",
    ) -> Request:
        """This request for one channel and stream; ``id_form`` overrides the printed form of ``<ID>``."""
        form = id_form or self.id_form
        identifier = channel_id(channel, stream) if form == "stream" else channel
        path = self.path.replace("<ID>", str(identifier)).replace("<type>", quote(metadata_type, safe=""))
        return Request(self, path + (f"?{self.query}" if self.query else ""), body)


class Request(msgspec.Struct, frozen=True):
    """One request with its path filled in: ``target`` is what stands in the request line."""

    resource: Resource
    target: str
    body: bytes = b""

    @property
    def method(self) -> str:
        """GET, PUT or POST."""
        return self.resource.method

    def other_case(self) -> Request | None:
        """The same with the other spelling of the metadata segment (R-073); None where there is no such segment."""
        for printed, other in (("/metadata", "/Metadata"), ("/Metadata", "/metadata")):
            head, found, tail = self.target.partition(printed)
            if found:
                return msgspec.structs.replace(self, target=head + other + tail)
        return None

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


class Match(msgspec.Struct, frozen=True):
    """What a device found for a request line: the row, and the texts that stood for ``<ID>`` and ``<type>``.

    ``resource`` is None where the path is known and the method is not; ``allow`` lists the methods it has.
    """

    resource: Resource | None
    allow: tuple[str, ...]
    identifier: str | None = None
    metadata_type: str | None = None


_CHANNEL = "/ISAPI/Streaming/channels/<ID>"

DEVICE_CAPABILITY = Resource("device_capability", "A.1", "GET", "/ISAPI/System/capabilities", "devicecap")
METADATA_CAPABILITY = Resource(
    "metadata_capability", "A.2", "GET", f"{_CHANNEL}/metadata/capabilities", "capability", id_form="stream"
)
GET_METADATA = Resource("get_metadata", "A.3", "GET", f"{_CHANNEL}/metadata", "config", id_form="stream")
SET_METADATA = Resource(
    "set_metadata",
    "A.3",
    "PUT",
    f"{_CHANNEL}/metadata",
    "response_status",
    request_kind="config",
    content_type=XML,
    id_form="stream",
)
SUBSCRIBE_TYPE = Resource(
    "subscribe_type",
    "A.4",
    "POST",
    f"{_CHANNEL}/metadata/subscribeType",
    "rtsp_uri",
    request_kind="subscribe",
    query="format=json",
    content_type=JSON,
    id_form="channel",
)
GET_METADATA_TYPE = Resource(
    "get_metadata_type", "A.5", "GET", f"{_CHANNEL}/Metadata/<type>", "config", id_form="stream"
)
SET_METADATA_TYPE = Resource(
    "set_metadata_type",
    "A.5",
    "PUT",
    f"{_CHANNEL}/Metadata/<type>",
    "response_status",
    request_kind="config",
    content_type=XML,
    id_form="stream",
)

DEVICE_INFO = Resource("device_info", "", "GET", "/ISAPI/System/deviceInfo", "")
"""Not of the guide: devices answer it with model, firmware and serial number."""

RESOURCES = (
    DEVICE_CAPABILITY,
    METADATA_CAPABILITY,
    GET_METADATA,
    SET_METADATA,
    SUBSCRIBE_TYPE,
    GET_METADATA_TYPE,
    SET_METADATA_TYPE,
)
"""Appendix A.1 to A.5 in its order. The first path that matches wins, so A.5 stands last."""
_KNOWN = (*RESOURCES, DEVICE_INFO)


def match(method: str, path: str) -> Match | None:
    """The row for a request line's method and path (without query); None where the path is unknown."""
    for template in dict.fromkeys(resource.path for resource in _KNOWN):
        if found := _pattern(template).fullmatch(path):
            rows = [resource for resource in _KNOWN if resource.path == template]
            chosen = next((resource for resource in rows if resource.method == method), None)
            return Match(chosen, tuple(row.method for row in rows), **found.groupdict())
    return None


def channel_id(channel: int, stream: int = 1) -> int:
    """No. * 100 + stream (A.6): 101 is channel 1's main stream, 102 its sub-stream, 1601 channel 16's main stream."""
    return channel * 100 + stream


def digital_channel(number: int, analog: int) -> int:
    """The channel's number of the digital input ``number`` (from 1) on a device with so many analog ones (R-080)."""
    return analog + number


def parse_id(text: str) -> tuple[int, int] | None:
    """(channel, stream) of an ``<ID>`` in either form; None for what is neither.

    From 100 on it is the formula with stream 1 to 3, below it is a channel number (its main stream is meant).
    """
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    channel, stream = divmod(number, 100) if number >= 100 else (number, 1)
    return (channel, stream) if channel >= 1 and 1 <= stream <= 3 else None


def stream_url(host: str, port: int = RTSP_PORT, channel: int = 1, stream: int = 1) -> str:
    """``rtsp://<host>[:port]/ISAPI/Streaming/channels/<ID>`` (A.6); IPv6 addresses get brackets, 554 is left out."""
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    where = name if port == RTSP_PORT else f"{name}:{port}"
    return f"rtsp://{where}/ISAPI/Streaming/channels/{channel_id(channel, stream)}"


_ID = re.compile(r"[0-9]{1,9}")
_PATTERNS: dict[str, re.Pattern[str]] = {}


def _pattern(template: str) -> re.Pattern[str]:
    if template not in _PATTERNS:
        text = (
            re.escape(template).replace("<ID>", r"(?P<identifier>[^/]+)").replace("<type>", r"(?P<metadata_type>[^/]+)")
        )
        _PATTERNS[template] = re.compile(re.sub("/[mM]etadata", "/[mM]etadata", text) + "/?")
    return _PATTERNS[template]
