"""``onframe watch``: the metadata of a camera, as a live table or as JSON lines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal

from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, Host, seconds, words
from onframe.cli.output import JSONLines, Output
from onframe.record import Event, Record


async def command(
    host: Host,
    *,
    device: DeviceOptions | None = None,
    json: Annotated[
        bool, Parameter(negative="", help="One Record a line on stdout; state and losses go to stderr.")
    ] = False,
    raw: Annotated[
        bool, Parameter(negative="", help="JSON lines of every event, with the payload's bytes in base64.")
    ] = False,
    count: Annotated[int | None, Parameter(help="Stop after so many Records.")] = None,
    for_: Annotated[str | None, Parameter(name="--for", help="Stop after so long: 30s, 5m, 1h.")] = None,
    types: Annotated[str | None, Parameter(help="Metadata types, separated by commas: ANPR,faceSnap.")] = None,
    sub_types: Annotated[str | None, Parameter(help="Sub types, separated by commas.")] = None,
    kinds: Annotated[str | None, Parameter(help="rule, target, ptz, separated by commas; all by default.")] = None,
    via: Annotated[
        Literal["auto", "subscribe", "channel"], Parameter(help="Subscribe by type, or filter the channel's stream.")
    ] = "auto",
) -> int:
    """Watch a camera's metadata; it survives losses and reconnections.

    Example: onframe watch 192.168.0.64 --user admin --types ANPR --json | jq .metadata.targets
    """
    device = device or DeviceOptions()
    limit = None if for_ is None else seconds(for_)
    async with device.camera(host) as camera:
        events = camera.events(
            channel=device.channel,
            stream=device.stream,
            types=words(types),
            sub_types=words(sub_types),
            kinds=set(words(kinds) or ("rule", "target", "ptz")),
            via=via,
        )
        show = JSONLines(raw) if json or raw else _table(host)
        if not device.verbose:  # every state is shown as an event already
            logging.getLogger("onframe.camera.state").setLevel(logging.ERROR)
        try:
            async with aclosing(events):
                await _follow(events, show, count, limit)
        finally:
            show.close()
    return 0


async def _follow(events: AsyncIterator[Event], show: Output, count: int | None, limit: float | None) -> None:
    """Show events until ``count`` Records or ``limit`` seconds are over."""
    records = 0
    try:
        async with asyncio.timeout(limit) as deadline:
            async for event in events:
                show.event(event)
                records += isinstance(event, Record)
                if count is not None and records >= count:
                    return
    except TimeoutError:
        if not deadline.expired():
            raise
    finally:
        show.flush()


def _table(host: str) -> Output:
    from onframe.cli.table import Table

    return Table(host)
