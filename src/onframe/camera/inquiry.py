"""What a client asks a device over HTTP, and how it makes do with devices that spell it otherwise.

Direct requests are sent exactly as Appendix A prints them. With ``lenient=True``, as `Camera.watch` asks,
a request that the device does not know is tried again in the documented order: the other spelling of the
metadata segment (R-073), then the other form of ``<ID>`` (R-074), then both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

import msgspec

from onframe.camera.http import DeviceHTTP
from onframe.errors import DecodeError, StatusError
from onframe.isapi import resources
from onframe.isapi.config import (
    DeviceCap,
    MetadataCap,
    MetadataCfg,
    MetadataType,
    RTSPMetadataURI,
    SingleMetadataCfg,
    SubscribeType,
)
from onframe.isapi.document import encode
from onframe.isapi.resources import IDForm, Request, Resource
from onframe.isapi.status import ResponseStatus

T = TypeVar("T")


class IDForms(msgspec.Struct, frozen=True, kw_only=True):
    """In which form ``<ID>`` is sent: "stream" (101) or "channel" (1); as printed by default (R-074)."""

    metadata: IDForm = "stream"
    subscribe: IDForm = "channel"


class Inquiry:
    """The requests of Appendix A.1 to A.5 for one device."""

    def __init__(self, http: DeviceHTTP, id_forms: IDForms) -> None:
        self._http, self._id_forms = http, id_forms
        self.fallbacks: dict[str, str] = {}  # resource name → the request that worked instead of the printed one

    async def device_capability(self) -> DeviceCap:
        """A.1."""
        return await self._get(resources.DEVICE_CAPABILITY.request(), DeviceCap)

    async def metadata_capability(self, channel: int, stream: int = 1, *, lenient: bool = False) -> MetadataCap:
        """A.2."""
        return await self._ask(resources.METADATA_CAPABILITY, channel, stream, MetadataCap, lenient=lenient)

    async def configuration(self, channel: int, stream: int = 1, *, lenient: bool = False) -> MetadataCfg:
        """A.3, GET."""
        return await self._ask(resources.GET_METADATA, channel, stream, MetadataCfg, lenient=lenient)

    async def single_configuration(self, channel: int, metadata_type: str) -> SingleMetadataCfg:
        """A.5, GET."""
        request = resources.GET_METADATA_TYPE.request(
            channel=channel, metadata_type=metadata_type, id_form=self._id_forms.metadata
        )
        return await self._get(request, SingleMetadataCfg)

    async def write(self, channel: int, configuration: MetadataCfg) -> ResponseStatus:
        """A.3, PUT."""
        body = encode(configuration, "xml")
        request = resources.SET_METADATA.request(channel=channel, id_form=self._id_forms.metadata, body=body)
        return await self._get(request, ResponseStatus)

    async def write_single(self, channel: int, entry: MetadataType) -> ResponseStatus:
        """A.5, PUT."""
        request = resources.SET_METADATA_TYPE.request(
            channel=channel,
            metadata_type=entry.type,
            id_form=self._id_forms.metadata,
            body=encode(SingleMetadataCfg(type=entry.type, enable=entry.enable), "xml"),
        )
        return await self._get(request, ResponseStatus)

    async def subscribe(
        self, channel: int, stream: int, types: Collection[str] | None, *, lenient: bool = False
    ) -> RTSPMetadataURI:
        """A.4. The device's ``rtspURI`` decides, not the HTTP status (R-056)."""
        body = encode(SubscribeType(type=None if types is None else list(types)), "json")
        return await self._ask(resources.SUBSCRIBE_TYPE, channel, stream, RTSPMetadataURI, body, lenient=lenient)

    async def read(self, request: Request) -> bytes:
        """The body of any answer, as it came."""
        return await self._http.read(request)

    async def _ask(
        self, resource: Resource, channel: int, stream: int, wanted: type[T], body: bytes = b"", *, lenient: bool
    ) -> T:
        printed = resource.id_form or "channel"
        form = self._id_forms.subscribe if printed == "channel" else self._id_forms.metadata
        attempts = list(_attempts(resource, channel, stream, form, body))
        refused: StatusError | None = None
        for request in attempts if lenient else attempts[:1]:
            try:
                value = await self._get(request, wanted)
            except StatusError as error:
                if not _is_unknown(error):
                    raise
                refused = refused or error
                continue
            if refused is not None:
                self.fallbacks[resource.name] = str(request)
            return value
        assert refused is not None
        raise refused

    async def _get(self, request: Request, wanted: type[T]) -> T:
        value = (await self._http.request(request)).value
        if wanted is MetadataCap and isinstance(value, MetadataCfg):  # a capability without opt lists
            value = MetadataCap(types=[entry.type for entry in value.types])
        if isinstance(value, wanted):
            return value
        raise DecodeError(f"{request} was answered with a {type(value).__name__}, not with a {wanted.__name__}")


def _attempts(resource: Resource, channel: int, stream: int, form: IDForm, body: bytes) -> Iterator[Request]:
    other: IDForm = "channel" if form == "stream" else "stream"
    for id_form in (form, other):
        request = resource.request(channel=channel, stream=stream, id_form=id_form, body=body)
        yield request
        if (variant := request.other_case()) is not None:
            yield variant


def _is_unknown(error: StatusError) -> bool:
    """The device does not know the URL or the ID; anything else is an answer."""
    if (error.sub_status_code or "").lower() in ("notsupport", "invalidid", "methodnotallowed"):
        return True
    return error.sub_status_code is None and error.http_status in (400, 403, 404, 405)
