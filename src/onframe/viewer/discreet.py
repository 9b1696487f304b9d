"""What a page is told of a document that may hold a number plate, where plates are private. Pure."""

from __future__ import annotations

from onframe.overlay.discreet import hides_plates
from onframe.overlay.view import View
from onframe.viewer import wire

WITHHELD = "This server shows no number plates, and no documents that may hold one."


def discreet_answer(answer: wire.Inspected, view: View) -> wire.Inspected:
    """Without the document, of which nobody can say where it names a plate."""
    if not hides_plates(view) or not answer.found:
        return answer
    return wire.Inspected(answer.n, answer.subject, format=answer.format, raw=WITHHELD)
