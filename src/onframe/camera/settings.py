"""Changing what a device uploads: read, merge, write, read back (R-008, R-010, A.3, A.5)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

import msgspec

from onframe.camera.inquiry import Inquiry
from onframe.errors import StatusError
from onframe.isapi.config import MetadataCfg, MetadataType
from onframe.isapi.resources import GET_METADATA

FORMAT = "uploadDataFormat"


Value: TypeAlias = bool | str | None


class Change(msgspec.Struct, frozen=True):
    """One setting that was changed: a metadata type, or "uploadDataFormat"."""

    name: str
    before: Value
    after: Value

    def __str__(self) -> str:
        return f"{self.name}: {_in_words(self.before)} → {_in_words(self.after)}"


class ConfigurationChange(msgspec.Struct, frozen=True):
    """What `Camera.configure` did.

    ``changed`` is empty when the device had it all already; nothing was written then. With ``restart_needed``
    the device takes it up after a restart only, and ``configuration`` is what it reports until then.
    """

    changed: list[Change]
    restart_needed: bool
    configuration: MetadataCfg


async def configure(
    inquiry: Inquiry,
    channel: int,
    enable: Collection[str],
    disable: Collection[str],
    upload_data_format: str | None,
    one_by_one: bool,
) -> ConfigurationChange:
    """See `Camera.configure`."""
    wishes = _wishes(enable, disable)
    before = await inquiry.configuration(channel)
    wanted = _merged(before, wishes, upload_data_format)
    changed = _differences(before, wanted)
    if not changed:
        return ConfigurationChange(changed, False, before)
    restart = await _write(inquiry, channel, wanted, changed, one_by_one)
    after = await inquiry.configuration(channel)
    if not restart:
        _insist(changed, after, channel)
    return ConfigurationChange(changed, restart, after)


def _wishes(enable: Collection[str], disable: Collection[str]) -> dict[str, bool]:
    for argument in (enable, disable):
        if isinstance(argument, str):
            raise ValueError("enable and disable are sets of metadata types, as in {'ANPR'}")
    wishes = {name: True for name in enable} | {name: False for name in disable}
    if len(wishes) < len(set(enable)) + len(set(disable)):
        raise ValueError("a metadata type cannot be both enabled and disabled")
    return wishes


def _merged(before: MetadataCfg, wishes: dict[str, bool], upload_data_format: str | None) -> MetadataCfg:
    left = {name.lower(): (name, enable) for name, enable in wishes.items()}
    entries = []
    for entry in before.types:
        _, enabled = left.pop(entry.type.lower(), (entry.type, entry.enable))
        entries.append(MetadataType(type=entry.type, enable=enabled))
    entries += [MetadataType(type=name, enable=enable) for name, enable in left.values()]
    return msgspec.structs.replace(
        before, types=entries, upload_data_format=upload_data_format or before.upload_data_format
    )


def _values(configuration: MetadataCfg) -> dict[str, Value]:
    values: dict[str, Value] = {entry.type: entry.enable for entry in configuration.types}
    return values | {FORMAT: configuration.upload_data_format}


def _differences(before: MetadataCfg, after: MetadataCfg) -> list[Change]:
    old = _values(before)
    return [Change(name, old.get(name), value) for name, value in _values(after).items() if old.get(name) != value]


def _in_words(value: Value) -> str:
    if value is None:
        return "not said"
    return value if isinstance(value, str) else "enabled" if value else "disabled"


async def _write(inquiry: Inquiry, channel: int, wanted: MetadataCfg, changed: list[Change], one_by_one: bool) -> bool:
    """True when the device wants a restart."""
    if not one_by_one:
        return (await inquiry.write(channel, wanted)).reboot_required
    if any(change.name == FORMAT for change in changed):
        raise ValueError("uploadDataFormat can only be written with the whole configuration (A.3), not one by one")
    restart = False
    for change in changed:
        entry = MetadataType(type=change.name, enable=change.after is True)
        restart |= (await inquiry.write_single(channel, entry)).reboot_required
    return restart


def _insist(changed: list[Change], after: MetadataCfg, channel: int) -> None:
    found = {name.lower(): value for name, value in _values(after).items()}
    for change in changed:
        value = found.get(change.name.lower())
        if value != change.after:
            raise StatusError(
                f"the device accepted {change.name} = {_in_words(change.after)} but reports {_in_words(value)}",
                request=str(GET_METADATA.request(channel=channel)),
                hint="another client may be changing it, or the device needs a licence or a restart for it",
            )
