"""``onframe config``: which metadata types a channel uploads."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from onframe.cli.options import DeviceOptions, Host, UsageError, words

command = App(name="config", help="Read or change which metadata types a channel uploads.")


@command.command
async def get(
    host: Host,
    *,
    device: DeviceOptions | None = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Print which types are enabled.

    Example: onframe config get 192.168.0.64 --user admin
    """
    device = device or DeviceOptions()
    async with device.camera(host) as camera:
        configuration = await camera.configuration(device.channel)
    if json:
        print(msgspec.json.encode(configuration).decode())
        return 0
    for entry in configuration.types:
        print(f"{entry.type:<20} {'enabled' if entry.enable else 'disabled'}")
    print(f"{'uploadDataFormat':<20} {configuration.upload_data_format or 'xml (not said)'}")
    return 0


@command.command(name="set")
async def set_(
    host: Host,
    *,
    enable: Annotated[str | None, Parameter(help="Types to enable, separated by commas.")] = None,
    disable: Annotated[str | None, Parameter(help="Types to disable, separated by commas.")] = None,
    upload_data_format: Annotated[str | None, Parameter(help="xml or json.")] = None,
    device: DeviceOptions | None = None,
) -> int:
    """Enable and disable types: read, merge, write, read back.

    Example: onframe config set 192.168.0.64 --enable ANPR,faceSnap --disable thermometry
    """
    if enable is None and disable is None and upload_data_format is None:
        raise UsageError("nothing to set: give --enable, --disable or --upload-data-format")
    device = device or DeviceOptions()
    async with device.camera(host) as camera:
        result = await camera.configure(
            device.channel,
            enable=set(words(enable) or ()),
            disable=set(words(disable) or ()),
            upload_data_format=upload_data_format,
        )
    for line in result.changed:
        print(line)
    if not result.changed:
        print("nothing to change: the camera has these settings already")
    if result.restart_needed:
        print("the camera must be restarted for this to take effect")
    return 0
