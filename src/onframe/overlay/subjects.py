"""What a Shape is about: names that stay the same from document to document."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from onframe.isapi.metadata import CameraPoint, Metadata, Target
from onframe.overlay.vocabulary import Kind, Plate, Shape, Trail

_KINDS: dict[str, Kind] = {
    "facesnap": "face",
    "thermometry": "temperature",
    "firedetection": "fire",
    "shipsdetection": "ship",
    "heatmap": "heatmap",
}
_CLASSES = {"anpr": "vehicle", "facesnap": "face", "shipsdetection": "ship", "personqueuetime": "human"}
"""What targets of a sub type are where they do not say it themselves."""
_OWN_KINDS: dict[type[Shape], Kind] = {Plate: "plate", Trail: "trail"}


class Sort(NamedTuple):
    """What is asked of a document for each of its targets, asked once.

    ``name`` is its sub type, "radar " before it where it is a radar's; ``sub_type`` is that in lower case, empty for
    none.
    """

    name: str
    sub_type: str
    kind: str
    is_rule: bool
    is_radar: bool
    layer: str


def sort_of(metadata: Metadata) -> Sort:
    """The sort of document."""
    sub_type = metadata.sub_type or ""
    make = _known_sort if len(sub_type) < _USUAL else _sort
    return make(sub_type, metadata.kind, metadata.is_radar)


def _sort(sub_type: str, kind: str, is_radar: bool) -> Sort:
    name = f"{'radar ' if is_radar else ''}{sub_type or 'none'}"
    return Sort(name, sub_type.lower(), kind, kind == "rule", is_radar, f"{name}/{kind}")


_known_sort = lru_cache(maxsize=256)(_sort)
"""A camera sends few sorts of documents."""
_USUAL = 64
"""Characters of a sub type; a longer one is not kept."""


def layer_of(metadata: Metadata) -> str:
    """The sort of document, for instance "behaviorAnalysis/target" or "radar behaviorAnalysis/target"."""
    return sort_of(metadata).layer


def subject_name(metadata: Metadata, target: Target) -> str:
    """ "behaviorAnalysis/target/12" or "behaviorAnalysis/rule/1"; what has no ID but a rule's is about that rule."""
    return name_of(sort_of(metadata), target)


def name_of(sort: Sort, target: Target) -> str:
    """``subject_name`` of a target of a document of this sort."""
    if target.target_id is not None and not (sort.is_rule and target.rule_id is not None):
        return f"{sort.name}/target/{target.target_id}"
    return "" if target.rule_id is None else f"{sort.name}/rule/{target.rule_id}"


def person_name(metadata: Metadata, person: CameraPoint) -> str:
    """ "personalTrack/target/12498" for the objId of a tracked person (B.4)."""
    return f"{sort_of(metadata).name}/target/{person.obj_id}" if person.obj_id else ""


def class_of(metadata: Metadata, target: Target) -> str:
    """The target's class in lower case: as it says itself, else what its sub type detects; rules have none unsaid."""
    return _class_of(sort_of(metadata), target)


def _class_of(sort: Sort, target: Target) -> str:
    if target.recognition or sort.is_rule:
        return (target.recognition or "").lower()
    return _CLASSES.get(sort.sub_type, "")


class About(NamedTuple):
    """Which target or rule a Shape is about: its `name_of`, class and rule, and the kind of such Shapes."""

    name: str
    cls: str
    rule: str
    kind: Kind


def about_of(sort: Sort, target: Target) -> About:
    """What the Shapes of this target are about."""
    rule = "" if target.rule_id is None else str(target.rule_id)
    return About(name_of(sort, target), _class_of(sort, target), rule, _kind_of(sort))


def mark(shapes: Sequence[Shape], about: About) -> Sequence[Shape]:
    """The same Shapes, saying what they are about."""
    name, cls, rule, kind = about
    for shape in shapes:
        shape.subject, shape.cls, shape.rule = name, cls, rule
        shape.kind = _OWN_KINDS.get(type(shape), kind)
    return shapes


def _kind_of(sort: Sort) -> Kind:
    if sort.is_rule:
        return "rule"
    return "queue" if sort.sub_type.startswith("personqueue") else _KINDS.get(sort.sub_type, "target")
