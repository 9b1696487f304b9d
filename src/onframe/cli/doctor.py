"""``onframe doctor``: why a camera gives no metadata, in one sentence, and what to do."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, Host


async def command(
    host: Host,
    *,
    device: DeviceOptions | None = None,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a line.")] = False,
) -> int:
    """Check the way of the metadata step by step: each line is ok, or the cause and the remedy.

    The exit code is 1 where a step failed.

    Example: onframe doctor 192.168.0.64 --user admin
    """
    from onframe.camera.doctor import diagnose

    device = device or DeviceOptions()
    failed = False
    async with device.camera(host) as camera:
        async for finding in diagnose(camera, device.channel, device.stream):
            failed |= not finding.ok
            if json:
                print(msgspec.json.encode(finding).decode(), flush=True)
                continue
            mark = _coloured("ok  ", "32") if finding.ok else _coloured("FAIL", "31")
            print(f"{mark}  {finding.name}: {finding.detail}", flush=True)
            if not finding.ok and finding.remedy:
                print(f"      → {finding.remedy}", flush=True)
    return 1 if failed else 0


def _coloured(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
