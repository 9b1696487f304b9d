"""Shapes and events without the texts of number plates, where these are private. Pure: no I/O, no clock.

Pixels are the business of who makes the pictures (``Veil``); this is about the texts.
"""

from __future__ import annotations

import msgspec

from onframe.overlay.view import MASK, View
from onframe.overlay.vocabulary import Event, Plate, Shape, Shapes


def hides_plates(view: View) -> bool:
    """Texts of plates are private."""
    return any(name == "plate" for name, _ in view.privacy)


def discreet(message: Shapes, view: View) -> Shapes:
    """Without the texts of plates, in Shapes and events, where these are private."""
    if not hides_plates(view):
        return message
    shapes = [_masked(shape) for shape in message.shapes]
    events = [_masked_event(event) if event.kind == "plate" else event for event in message.events]
    return msgspec.structs.replace(message, shapes=shapes, events=events)


def _masked(shape: Shape) -> Shape:
    return msgspec.structs.replace(shape, text=MASK, caption=None) if isinstance(shape, Plate) else shape


def _masked_event(event: Event) -> Event:
    """A plate's event is named by it, and perhaps known by it."""
    return msgspec.structs.replace(event, key=event.subject or MASK, title=MASK)
