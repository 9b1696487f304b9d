"""What a Shape is about: names that stay the same from document to document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onframe.isapi.metadata import CameraPoint, Metadata, Target
from onframe.overlay.vocabulary import Kind, Shape

_KINDS: dict[str, Kind] = {
    "facesnap": "face",
    "thermometry": "temperature",
    "firedetection": "fire",
    "shipsdetection": "ship",
    "heatmap": "heatmap",
}
_CLASSES = {"anpr": "vehicle", "facesnap": "face", "shipsdetection": "ship", "personqueuetime": "human"}
"""What targets of a sub type are where they do not say it themselves."""
_OWN_KINDS: dict[str, Kind] = {"Plate": "plate", "Trail": "trail"}


def layer_of(metadata: Metadata) -> str:
    """The sort of document, for instance "behaviorAnalysis/target" or "radar behaviorAnalysis/target"."""
    return f"{_sort_of(metadata)}/{metadata.kind}"


def subject_name(metadata: Metadata, target: Target) -> str:
    """ "behaviorAnalysis/target/12" or "behaviorAnalysis/rule/1"; what has no ID but a rule's is about that rule."""
    is_rule = metadata.kind == "rule" and target.rule_id is not None
    if target.target_id is not None and not is_rule:
        return f"{_sort_of(metadata)}/target/{target.target_id}"
    return "" if target.rule_id is None else f"{_sort_of(metadata)}/rule/{target.rule_id}"


def person_name(metadata: Metadata, person: CameraPoint) -> str:
    """ "personalTrack/target/12498" for the objId of a tracked person (B.4)."""
    return f"{_sort_of(metadata)}/target/{person.obj_id}" if person.obj_id else ""


def class_of(metadata: Metadata, target: Target) -> str:
    """The target's class in lower case: as it says itself, else what its sub type detects; rules have none unsaid."""
    if target.recognition or metadata.kind == "rule":
        return (target.recognition or "").lower()
    return _CLASSES.get((metadata.sub_type or "").lower(), "")


def about(shapes: Sequence[Shape], metadata: Metadata, target: Target) -> Iterable[Shape]:
    """The same Shapes, saying which target or rule they are about."""
    name, cls, kind = subject_name(metadata, target), class_of(metadata, target), _kind_of(metadata)
    for shape in shapes:
        shape.subject, shape.cls = name, cls
        shape.rule = "" if target.rule_id is None else str(target.rule_id)
        shape.kind = _OWN_KINDS.get(type(shape).__name__, kind)
    return shapes


def _kind_of(metadata: Metadata) -> Kind:
    sub_type = (metadata.sub_type or "").lower()
    if metadata.kind == "rule":
        return "rule"
    return "queue" if sub_type.startswith("personqueue") else _KINDS.get(sub_type, "target")


def _sort_of(metadata: Metadata) -> str:
    return f"{'radar ' if metadata.is_radar else ''}{metadata.sub_type or 'none'}"
