"""What leaves the server of number plates where they are private. Pure.

Pixels are the business of who makes the pictures (``private_areas``); this is about the texts.
"""

from __future__ import annotations

import msgspec

from onframe.overlay.view import MASK, View
from onframe.overlay.vocabulary import Event, Plate, Shape, Shapes
from onframe.viewer import wire

WITHHELD = "This server shows no number plates, and no documents that may hold one."


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


def discreet_answer(answer: wire.Inspected, view: View) -> wire.Inspected:
    """Without the document, of which nobody can say where it names a plate."""
    if not hides_plates(view) or not answer.found:
        return answer
    return wire.Inspected(answer.n, answer.subject, format=answer.format, raw=WITHHELD)


def _masked(shape: Shape) -> Shape:
    return msgspec.structs.replace(shape, text=MASK, caption=None) if isinstance(shape, Plate) else shape


def _masked_event(event: Event) -> Event:
    """A plate's event is named by it, and perhaps known by it."""
    return msgspec.structs.replace(event, key=event.subject or MASK, title=MASK)
