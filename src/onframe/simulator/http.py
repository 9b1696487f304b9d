"""The device's HTTP side: all of Appendix A, with an answer for everything that can go wrong.

The guide names no HTTP statuses; those used here are listed in `_HTTP_STATUS`. A failure is answered with
XML_ResponseStatus (B.18), or JSON_ResponseStatus (B.5) where the URL has format=json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi import json, xml
from onframe.isapi.config import (
    MAX_TYPE,
    MetadataCap,
    MetadataCfg,
    MetadataType,
    RTSPMetadataURI,
    SingleMetadataCfg,
    read_metadata_cfg,
    read_single_metadata_cfg,
)
from onframe.isapi.document import encode
from onframe.isapi.leniency import Notes
from onframe.isapi.resources import DEVICE_INFO, JSON, XML, Match, match, parse_id
from onframe.isapi.status import ResponseStatus, refusal
from onframe.simulator.device import Device
from onframe.simulator.identity import device_info
from onframe.simulator.rewriting import answer_json, answer_xml, refusal_body

MAX_BODY = 64 * 1024
"""Longest body of a request that is read, in bytes."""

_HTTP_STATUS = {
    "ok": 200,
    "rebootRequired": 200,
    "badAuthorization": 401,
    "lowPrivilege": 403,
    "notActivated": 403,
    "methodNotAllowed": 405,
    "notSupport": 403,
    "invalidID": 403,
    "subscribeTypeErr": 403,
    "badXmlFormat": 400,
    "badXmlContent": 400,
    "badParameters": 400,
    "deviceBusy": 503,
    "serviceUnavailable": 503,
    "upgrading": 503,
    "deviceError": 500,
}
_STATUS_CODE = {
    "ok": 1,
    "rebootRequired": 7,
    "deviceBusy": 2,
    "serviceUnavailable": 2,
    "upgrading": 2,
    "deviceError": 3,
    "badXmlFormat": 5,
    "badXmlContent": 6,
    "badParameters": 6,
}
"""statusCode of each name; all others are 4, an invalid operation."""

_BOOLEANS = ("true", "false", "1", "0")


class _Refused(Exception):
    """The answer is a ResponseStatus of this name."""

    def __init__(self, name: str, *, http_status: int | None = None, allow: tuple[str, ...] = ()) -> None:
        super().__init__(name)
        self.name, self.allow = name, allow
        self.http_status = http_status or _HTTP_STATUS[name]


def http_app(device: Device) -> Starlette:
    """An ASGI application that is the HTTP side of ``device``."""
    return Starlette(routes=[Mount("/", app=_Server(device))])


class _Server:
    def __init__(self, device: Device) -> None:
        self._device = device

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        target = _target(scope)
        given = request.headers.get("authorization")
        try:
            response = await self._respond(request, target, given)
        except ClientDisconnect:
            return
        if self._device.quirks.digest_form == "media_server":
            response.headers["Server"] = "DNVRS-Webs"
        self._device.log_request("http", request.method, target, response.status_code, bool(given and given.strip()))
        await response(scope, receive, send)

    async def _respond(self, request: Request, target: str, given: str | None) -> Response:
        try:
            body = await _body(request)
            challenges = self._device.authenticate("http", request.method, target, given, body=body)
            if challenges is not None:
                return _unauthorized(self._device, target, challenges)
            return self._in_its_own_way(_Exchange(self._device, request, target, body).answer())
        except _Refused as refused:
            return self._in_its_own_way(_status(target, refused))

    def _in_its_own_way(self, response: Response) -> Response:
        """The guide's answer as this device gives it."""
        quirks = self._device.quirks
        status = 200 if quirks.http_200_error else response.status_code
        in_json = response.media_type == JSON
        body = answer_json(bytes(response.body), quirks) if in_json else answer_xml(bytes(response.body), quirks)
        headers = {name: value for name, value in response.headers.items() if name == "allow"}
        return Response(body, status, headers=headers, media_type=response.media_type)


class _Exchange:
    """One authorised request on its way to an answer."""

    def __init__(self, device: Device, request: Request, target: str, body: bytes) -> None:
        self._device, self._request, self._target, self._body = device, request, target, body

    def answer(self) -> Response:
        if self._device.condition != "ready":
            raise _Refused(self._device.condition)
        path = unquote(self._target.partition("?")[0])
        found = match(self._request.method, path)
        if found is None or not self._knows(path):
            raise _Refused("notSupport", http_status=404)
        if found.resource is None:
            raise _Refused("methodNotAllowed", allow=found.allow)
        if self._device.quirks.account == "nothing":
            raise _Refused("lowPrivilege")
        if found.resource.method != "GET" and self._is_viewer():
            raise _Refused("lowPrivilege")
        handler: Callable[[_Exchange, Match], Response] = _HANDLERS[found.resource.name]
        return handler(self, found)

    def _is_viewer(self) -> bool:
        viewer = self._device.is_viewer(self._request.headers.get("authorization"))
        return viewer or self._device.quirks.account == "look"

    def _knows(self, path: str) -> bool:
        """Whether the device has this URL: some lack deviceInfo or metadata, or know one spelling of it alone."""
        if path.rstrip("/") == DEVICE_INFO.path and self._device.quirks.firmware == "absent":
            return False
        segment = next((part for part in path.split("/") if part.lower() == "metadata"), None)
        quirks = self._device.quirks
        return segment is None or (not quirks.no_capability_node and quirks.path_case in ("any", segment))

    def device_capability(self, found: Match) -> Response:
        return _document(self._device.device_capability())

    def device_info(self, found: Match) -> Response:
        return Response(device_info(self._device.profile), media_type=XML)

    def metadata_capability(self, found: Match) -> Response:
        self._channel(found)
        return _document(self._device.capability())

    def get_metadata(self, found: Match) -> Response:
        return _document(self._device.configuration(self._channel(found)[0]))

    def set_metadata(self, found: Match) -> Response:
        channel, _ = self._channel(found)
        return self._configure(channel, _checked(self._body, self._device.capability()))

    def subscribe_type(self, found: Match) -> Response:
        self._check_format()
        channel, stream = self._channel(found)
        way = self._device.quirks.subscribe
        if not self._device.supports_subscribe_type or way in ("403", "404"):
            raise _Refused("notSupport", http_status=404 if way == "404" else None)
        types = _subscribed(self._body, self._device.types)
        host = _host(self._request.headers.get("host", ""))
        uri = self._device.subscribe(channel, types, stream=stream, host=host)
        if uri is None:
            raise _Refused("deviceBusy")
        return Response(encode(RTSPMetadataURI(uri), "json"), media_type=JSON)

    def get_metadata_type(self, found: Match) -> Response:
        channel, _ = self._channel(found)
        name = self._type(found)
        return _document(SingleMetadataCfg(name, self._device.enabled(channel, name)))

    def set_metadata_type(self, found: Match) -> Response:
        channel, _ = self._channel(found)
        name = self._type(found)
        one = _checked_single(self._body, self._device.types)
        if one.type != name:
            raise _Refused("badParameters")
        return self._configure(channel, MetadataCfg([one]))

    def _configure(self, channel: int, configuration: MetadataCfg) -> Response:
        applied = self._device.configure(channel, configuration)
        return _status(self._target, _Refused("ok" if applied else "rebootRequired"))

    def _channel(self, found: Match) -> tuple[int, int]:
        """(channel, stream) of ``<ID>``."""
        place = parse_id(found.identifier or "")
        form = "stream" if len(found.identifier or "") > 2 else "channel"
        if place is None or place[0] not in self._device.channels or self._device.quirks.id_form not in ("both", form):
            raise _Refused("invalidID")
        if not self._device.profile.supports_metadata:
            raise _Refused("notSupport")
        return place

    def _type(self, found: Match) -> str:
        if found.metadata_type not in self._device.types:
            raise _Refused("notSupport")
        return found.metadata_type

    def _check_format(self) -> None:
        """A.4 takes JSON alone: without format the request cannot be read, with another it is not supported (R-069)."""
        form = parse_qs(self._target.partition("?")[2]).get("format", [None])[0]
        if form != "json":
            raise _Refused("notSupport" if form == "xml" else "badParameters")


_HANDLERS: dict[str, Callable[[_Exchange, Match], Response]] = {
    "device_capability": _Exchange.device_capability,
    "device_info": _Exchange.device_info,
    "metadata_capability": _Exchange.metadata_capability,
    "get_metadata": _Exchange.get_metadata,
    "set_metadata": _Exchange.set_metadata,
    "subscribe_type": _Exchange.subscribe_type,
    "get_metadata_type": _Exchange.get_metadata_type,
    "set_metadata_type": _Exchange.set_metadata_type,
}


# Reading requests


def _target(scope: Scope) -> str:
    """What stood in the request line: the digest is over it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    query: bytes = scope.get("query_string", b"")
    return (raw + (b"?" + query if query else b"")).decode("latin-1")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise _Refused("badParameters", http_status=413)
    return bytes(body)


def _host(header: str) -> str | None:
    """The name under which the client reaches us, without port; None where the header says nothing usable."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _tree(body: bytes) -> xml.Element:
    try:
        return xml.parse_tree(body)
    except (DecodeError, LimitExceeded):
        raise _Refused("badXmlFormat") from None


def _checked(body: bytes, capability: MetadataCap) -> MetadataCfg:
    """The configuration in the body of a PUT (B.16), as strict as its messages say."""
    root = _tree(body)
    try:
        configuration = read_metadata_cfg(root, Notes())
    except DecodeError:
        raise _Refused("badXmlContent") from None
    if not isinstance(configuration, MetadataCfg):
        raise _Refused("badXmlContent")
    entries = [entry for block in root.findall("MetadataList") for entry in block.children]
    for entry in entries:
        _check_entry(entry, capability.types)
    names = [one.type for one in configuration.types]
    if len(names) != len(set(names)) or (configuration.upload_data_format or "xml") not in capability.formats:
        raise _Refused("badParameters")
    return configuration


def _checked_single(body: bytes, types: tuple[str, ...]) -> MetadataType:
    """The configuration of one type in the body of a PUT (B.19)."""
    root = _tree(body)
    try:
        one = read_single_metadata_cfg(root, Notes())
    except DecodeError:
        raise _Refused("badXmlContent") from None
    for entry in root.children:
        _check_entry(entry, types)
    return MetadataType(one.type, one.enable)


def _check_entry(entry: xml.Element, types: list[str] | tuple[str, ...]) -> None:
    """type and enable are required, the type is known, and enable is an xs:boolean."""
    known = entry.name == "Metadata" and entry.findtext("type") in types
    if not known or entry.findtext("enable") not in _BOOLEANS:
        raise _Refused("badXmlContent")


def _subscribed(body: bytes, types: tuple[str, ...]) -> list[str] | None:
    """The types asked for (B.7); None is the whole channel."""
    try:
        source: Any = json.loads(body)
    except (DecodeError, LimitExceeded):
        raise _Refused("badXmlFormat") from None
    if not isinstance(source, dict):
        raise _Refused("badParameters")
    if "type" not in source:
        return None
    asked = source["type"]
    if not isinstance(asked, list) or not asked:
        raise _Refused("badParameters")
    if not all(isinstance(one, str) and len(one) <= MAX_TYPE for one in asked):
        raise _Refused("badParameters")
    if not set(asked) <= set(types):
        raise _Refused("subscribeTypeErr")
    return list(dict.fromkeys(asked))


# Writing answers


def _document(value: Any) -> Response:
    return Response(encode(value, "xml"), media_type=XML)


def _verdict(target: str, name: str) -> ResponseStatus:
    return refusal(_STATUS_CODE.get(name, 4), name, target)


def _status(target: str, refused: _Refused) -> Response:
    """A ResponseStatus in the form that the URL asks for."""
    in_json = "format=json" in target.partition("?")[2].split("&")
    body = encode(_verdict(target, refused.name), "json" if in_json else "xml")
    headers = {"Allow": ", ".join(refused.allow)} if refused.allow else None
    return Response(body, refused.http_status, headers=headers, media_type=JSON if in_json else XML)


def _unauthorized(device: Device, target: str, challenges: list[str]) -> Response:
    refused = _status(target, _Refused("badAuthorization"))
    quirks, body = device.quirks, bytes(refused.body)
    if refused.media_type == JSON and quirks.error_body == "response_status":
        response = Response(answer_json(body, quirks), 401, media_type=JSON)
    else:
        body, media_type = refusal_body(quirks, body, device.accounts.lock_fields())
        response = Response(body, 401, media_type=media_type)
    for value in challenges:
        response.headers.append("WWW-Authenticate", value)
    return response
