"""From a metadata document to what is drawn of it: Shapes, in 0..1 of the picture, origin top left.

shapes_of(metadata, coordinates, live=…)   all that one document shows
standing_shapes(live, coordinates)         the rules in force, drawn on every picture
events_of(metadata)                        its lines for the list beside the picture
layer_of(metadata)                         the sort of document: a newer one of a layer replaces the older
frame_number_of(subjects)                  the property "frameNumber" of a target (frame marks)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from onframe.isapi.metadata import Metadata, Point, Target, box_of
from onframe.overlay import scene, style
from onframe.overlay import vocabulary as shape
from onframe.overlay.coordinates import misfit, placed, places
from onframe.overlay.memory import Memory
from onframe.overlay.radar import Past, radar_shape
from onframe.overlay.subjects import Sort, layer_of, mark, sort_of, subject_name
from onframe.overlay.targets import (
    Look,
    Place,
    Subject,
    centre,
    queue_alarm,
    region_shape,
    subject_of,
    subjects_of,
    target_shapes,
    vehicle,
)
from onframe.record import Coordinates

__all__ = [
    "Known",
    "events_of",
    "frame_number_of",
    "hold_of",
    "layer_of",
    "shapes_of",
    "standing_shapes",
    "subject_name",
]


_UNIT = Coordinates(space="unit")


class Known(Protocol):
    """What earlier documents of the same channel told: Live fulfils it."""

    def rules_in_force(self) -> Iterable[Metadata]:
        """The rule documents that hold now."""

    def trail(self, sub_type: str | None, target_id: int | str) -> Sequence[Point]:
        """Where this target has been, oldest first, as sent (R-119)."""


def shapes_of(
    metadata: Metadata,
    coordinates: Coordinates,
    *,
    live: Known | None = None,
    memory: Memory | None = None,
    at: float = 0.0,
    subjects: list[Subject] | None = None,
) -> list[shape.Shape]:
    """All that this document shows; with ``live`` also its targets' trails and its counts at their rules' places.

    ``subjects`` are `subjects_of` the document in these coordinates, where the caller has them.
    With ``memory``, to which the document of the time ``at`` (s) was added, also how radar targets move and how long
    people wait. ValueError for pixels of a picture whose size is not known.
    """
    subjects = subjects_of(metadata, coordinates) if subjects is None else subjects
    shapes: list[shape.Shape] = []
    if metadata.pictures:
        shapes += [found for picture in metadata.pictures if (found := scene.picture_shape(picture))]
    for subject in subjects:
        queue = _queue_place(subject, live, memory, at)
        told = [*_trail(subject, live, memory), *target_shapes(subject, queue)]
        shapes += mark(told, subject.said.about)
    shapes += _loose_regions(metadata, coordinates)
    shapes += _whole_picture(metadata, subjects, memory, at)
    hint = misfit(metadata, coordinates)
    return [*shapes, shape.Notice(hint, style.MILD, kind="notice")] if hint else shapes


def standing_shapes(live: Known, coordinates: Coordinates) -> list[shape.Shape]:
    """The Shapes of all rules in force."""
    return [found for metadata in live.rules_in_force() for found in shapes_of(metadata, coordinates)]


def hold_of(metadata: Metadata, sort: Sort | None = None) -> int:
    """For how many milliseconds its Shapes hold: moving targets shortly, counts and readouts until they are old."""
    sort = sort or sort_of(metadata)
    if sort.kind == "ptz" or metadata.situation is not None or metadata.pictures:
        return 10_000
    if sort.sub_type in ("personqueuecounting", "thermometry"):
        return 2_000
    return 500


def frame_number_of(subjects: Iterable[Subject]) -> int | None:
    """The value of the first target property "frameNumber" that is a whole number, or None."""
    for subject in subjects:
        if (sent := subject.values.get("framenumber")) and (number := style.whole(sent)) is not None:
            return number
    return None


def events_of(metadata: Metadata, subjects: list[Subject] | None = None) -> list[shape.Event]:
    """Alarms, plates and suspicions in this document; ``subjects`` as for `shapes_of`, in any coordinates."""
    subjects = subjects_of(metadata, _UNIT) if subjects is None else subjects
    events = [event for subject in subjects if (event := _event(subject))]
    for suspect in metadata.suspects:
        key, text = f"suspect/{suspect.susp_id}", scene.suspicion(suspect)
        events.append(shape.Event(key, "alarm", "suspicion", text, style.ALARM, kind="suspicion"))
    return events


def _event(subject: Subject) -> shape.Event | None:
    if subject.sort.sub_type == "firedetection":  # it burns where it has a region
        return _new_event(subject)
    said = subject.said
    if not said.is_event_known:
        said.event, said.is_event_known = _new_event(subject), True
    return said.event


def _new_event(subject: Subject) -> shape.Event | None:
    """None for most: they are told apart first."""
    values = subject.values
    is_fire = subject.sort.sub_type == "firedetection" and not subject.is_rule and bool(subject.regions)
    if not (subject.triggered or is_fire or values.get("licenseplate") or queue_alarm(values)):
        return None
    target, layer = subject.target, subject.sort.layer
    name = style.class_name(target.recognition) or ("" if target.target_id is None else "target")
    who = style.joined(name, None if target.target_id is None else str(target.target_id), by=" ")
    where = None if target.rule_id is None else f"rule {target.rule_id}"
    identity = target.target_id if target.target_id is not None else target.rule_id
    about = subject.name
    rule = "" if target.rule_id is None else str(target.rule_id)
    if values.get("licenseplate"):
        return _plate_event(subject, about, rule)
    if subject.triggered:
        title = style.event_name(values.get("eventtype"))
        text, kind = style.joined(who, where), _kind_of(subject)
        return shape.Event(
            f"{layer}/{identity}/{title}", "alarm", title, text, style.ALARM, subject=about, kind=kind, rule=rule
        )
    if queue_alarm(values):
        text = style.joined(who, where)
        return shape.Event(
            f"{layer}/{identity}", "alarm", "queue", text, style.ALARM, subject=about, kind="queue", rule=rule
        )
    text = style.with_unit(values, "distance", " m") or ""
    return shape.Event(layer, "alarm", "fire", text, style.FIRE, subject=about, kind="fire", rule=rule)


def _kind_of(subject: Subject) -> shape.Kind:
    if subject.sort.is_radar:
        return "radar"
    return "rule" if subject.is_rule else "target"


def _plate_event(subject: Subject, about: str, rule: str) -> shape.Event:
    values = subject.values
    color, ink = style.plate_colors(values.get("platecolor"))
    logo = style.joined(values.get("vehiclelogo"), values.get("vehiclesublogo"), by="/")
    seen = style.joined(vehicle(values) or "vehicle", style.with_unit(values, "vehicleconfidence", " %"), by=" ")
    text = style.joined(seen, f"logo {logo}" if logo else None)
    plate = values["licenseplate"]
    return shape.Event(f"plate/{plate}", "info", plate, text, color, ink=ink, subject=about, kind="plate", rule=rule)


def _trail(subject: Subject, live: Known | None, memory: Memory | None) -> list[shape.Shape]:
    """Up to where the target is in this document: a later one may have been told already."""
    target = subject.target
    if live is None or target.target_id is None or subject.is_rule:
        return []
    known = list(live.trail(subject.metadata.sub_type, target.target_id))
    if len(known) < 2:
        return []
    box = box_of(target.regions)
    here = None if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    if here != known[-1] and here in known:
        known = known[: len(known) - known[::-1].index(here)]
    if memory is None:
        points = places(known, subject.coordinates)
    else:
        points = memory.placed(subject.name, known, subject.coordinates)
    color = style.ALARM if subject.triggered else style.class_color(target.recognition)
    return [shape.Trail(points, color)] if len(points) > 1 else []


def _queue_place(subject: Subject, live: Known | None, memory: Memory | None, at: float) -> Place | None:
    """For counts without a region (B.13): the middle of their rule's, and the longest wait in one that is the same."""
    if live is None or subject.is_rule or subject.target.rule_id is None or "count" not in subject.values:
        return None
    rules = list(live.rules_in_force())
    own = _region_of(rules, subject.metadata.sub_type, subject.target.rule_id, subject.coordinates)
    found = Place(None if own is None else centre(own))
    if memory is None or own is None:
        return found
    for rule in rules:
        if (rule.sub_type or "").lower() != "personqueuetime":
            continue
        for target in rule.targets:
            same = _region_of([rule], rule.sub_type, target.rule_id, subject.coordinates) == own
            if same and target.rule_id is not None:
                found.longest_wait = memory.longest_wait(target.rule_id, at)
    return found


def _region_of(
    rules: Iterable[Metadata], sub_type: str | None, rule_id: int | str | None, coordinates: Coordinates
) -> list[shape.XY] | None:
    """The first region of this rule."""
    for rule in rules:
        for target in rule.targets:
            if rule.sub_type == sub_type and target.rule_id == rule_id:
                regions = subject_of(rule, target, coordinates, sort_of(rule)).regions
                return regions[0] if regions else None
    return None


def _loose_regions(metadata: Metadata, coordinates: Coordinates) -> list[shape.Shape]:
    """Regions outside of any Target, where no sole target has taken them (R-104)."""
    if not metadata.frame.regions or (len(metadata.targets) == 1 and _takes(metadata.targets[0], metadata)):
        return []
    look = Look(style.RULE, fill=0.07)
    shapes = [region_shape(points, look) for points in placed(metadata.frame.regions, coordinates)]
    for found in shapes:
        found.kind = "rule"
    return shapes


def _takes(target: Target, metadata: Metadata) -> bool:
    return not target.regions or target.regions == metadata.frame.regions


def _whole_picture(metadata: Metadata, subjects: list[Subject], memory: Memory | None, at: float) -> list[shape.Shape]:
    shapes: list[shape.Shape] = []
    for person in metadata.tracking:
        shapes += scene.tracking_shapes(metadata, person)
    if metadata.situation is not None:
        shapes += scene.people_panel(metadata, metadata.situation)
    if metadata.ptz is not None:
        shapes.append(scene.ptz_panel(metadata.ptz))
    if subjects[0].sort.is_radar if subjects else metadata.is_radar:
        shapes.append(radar_shape(metadata, subjects, Past(memory, at) if memory else None))
    return shapes + scene.suspicions(metadata.suspects) if metadata.suspects else shapes
