"""From a metadata document to what is drawn of it: Shapes, in 0..1 of the picture, origin top left.

shapes_of(metadata, coordinates, live=…)   all that one document shows
standing_shapes(live, coordinates)         the rules in force, drawn on every picture
events_of(metadata)                        its lines for the list beside the picture
layer_of(metadata)                         the sort of document: a newer one of a layer replaces the older
frame_number_of(metadata)                  the property "frameNumber" of a target (frame marks)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from onframe.isapi.metadata import Metadata, Point, Target
from onframe.overlay import scene, style
from onframe.overlay import vocabulary as shape
from onframe.overlay.coordinates import drawable, misfit, place
from onframe.overlay.targets import Look, Subject, centre, placed, queue_alarm, region_shape, subject_of, target_shapes
from onframe.record import Coordinates

__all__ = ["Known", "events_of", "frame_number_of", "hold_of", "layer_of", "shapes_of", "standing_shapes"]


class Known(Protocol):
    """What earlier documents of the same channel told: Live fulfils it."""

    def rules_in_force(self) -> Iterable[Metadata]:
        """The rule documents that hold now."""

    def trail(self, sub_type: str | None, target_id: int | str) -> Sequence[Point]:
        """Where this target has been, oldest first, as sent (R-119)."""


def shapes_of(metadata: Metadata, coordinates: Coordinates, *, live: Known | None = None) -> list[shape.Shape]:
    """All that this document shows; with ``live`` also its targets' trails and its counts at their rules' places.

    ValueError for pixels of a picture whose size is not known.
    """
    subjects = [subject_of(metadata, target, coordinates) for target in metadata.targets]
    shapes = [found for picture in metadata.pictures if (found := scene.picture_shape(picture))]
    for subject in subjects:
        shapes += _trail(subject, live)
        shapes += target_shapes(subject, queue_at=_rule_place(subject, live))
    shapes += _loose_regions(metadata, coordinates)
    shapes += _whole_picture(metadata, subjects)
    hint = misfit(metadata, coordinates)
    return [*shapes, shape.Notice(hint, style.MILD)] if hint else shapes


def standing_shapes(live: Known, coordinates: Coordinates) -> list[shape.Shape]:
    """The Shapes of all rules in force."""
    return [found for metadata in live.rules_in_force() for found in shapes_of(metadata, coordinates)]


def layer_of(metadata: Metadata) -> str:
    """The sort of document, for instance "behaviorAnalysis/target" or "radar behaviorAnalysis/target"."""
    prefix = "radar " if metadata.is_radar else ""
    return f"{prefix}{metadata.sub_type or 'none'}/{metadata.kind}"


def hold_of(metadata: Metadata) -> int:
    """For how many milliseconds its Shapes hold: moving targets shortly, counts and readouts until they are old."""
    if metadata.kind == "ptz" or metadata.situation is not None or metadata.pictures:
        return 10_000
    if (metadata.sub_type or "").lower() in ("personqueuecounting", "thermometry"):
        return 2_000
    return 500


def frame_number_of(metadata: Metadata) -> int | None:
    """The value of the first target property "frameNumber" that is a whole number, or None."""
    for target in metadata.targets:
        number = style.whole(target.get("frameNumber"))
        if number is not None:
            return number
    return None


def events_of(metadata: Metadata) -> list[shape.Event]:
    """Alarms, plates and suspicions in this document."""
    coordinates = Coordinates(space="unit")
    events = [
        event
        for target in metadata.targets
        if (event := _event(layer_of(metadata), subject_of(metadata, target, coordinates)))
    ]
    for suspect in metadata.suspects:
        text = style.joined(f"pattern {suspect.susp_id}", f"confidence {suspect.confidence}")
        events.append(shape.Event(f"suspect/{suspect.susp_id}", "alarm", "suspicion", text, style.ALARM))
    return events


def _event(layer: str, subject: Subject) -> shape.Event | None:
    target, values = subject.target, subject.values
    name = style.class_name(target.recognition) or ("" if target.target_id is None else "target")
    who = style.joined(name, None if target.target_id is None else str(target.target_id), by=" ")
    where = None if target.rule_id is None else f"rule {target.rule_id}"
    identity = target.target_id if target.target_id is not None else target.rule_id
    if values.get("licenseplate"):
        color, ink = style.plate_colors(values.get("platecolor"))
        kind = style.joined(values.get("vehiclecolor"), style.words(values.get("vehicletype")), by=" ")
        key = f"plate/{values['licenseplate']}"
        return shape.Event(key, "info", values["licenseplate"], kind or "vehicle", color, ink=ink)
    if subject.triggered:
        title = style.event_name(values.get("eventtype"))
        return shape.Event(f"{layer}/{identity}/{title}", "alarm", title, style.joined(who, where), style.ALARM)
    if queue_alarm(values):
        return shape.Event(f"{layer}/{identity}", "alarm", "queue", style.joined(who, where), style.ALARM)
    if (subject.metadata.sub_type or "").lower() == "firedetection" and not subject.is_rule and subject.regions:
        return shape.Event(layer, "alarm", "fire", style.with_unit(values, "distance", " m") or "", style.FIRE)
    return None


def _trail(subject: Subject, live: Known | None) -> list[shape.Shape]:
    target = subject.target
    if live is None or target.target_id is None or subject.is_rule:
        return []
    known = live.trail(subject.metadata.sub_type, target.target_id)
    points = [place(point, subject.coordinates) for point in known if drawable(*point)]
    color = style.ALARM if subject.triggered else style.class_color(target.recognition)
    return [shape.Trail(points, color)] if len(points) > 1 else []


def _rule_place(subject: Subject, live: Known | None) -> shape.XY | None:
    """The middle of the region that the target's rule has, for counts that have no region (B.13)."""
    if live is None or subject.regions or subject.target.rule_id is None:
        return None
    for rule in live.rules_in_force():
        for target in rule.targets:
            if rule.sub_type == subject.metadata.sub_type and target.rule_id == subject.target.rule_id:
                return _first_centre(subject_of(rule, target, subject.coordinates))
    return None


def _first_centre(subject: Subject) -> shape.XY | None:
    return centre(subject.regions[0]) if subject.regions else None


def _loose_regions(metadata: Metadata, coordinates: Coordinates) -> list[shape.Shape]:
    """Regions outside of any Target, where no sole target has taken them (R-104)."""
    if len(metadata.targets) == 1 and _takes(metadata.targets[0], metadata):
        return []
    look = Look(style.RULE, fill=0.07)
    return [region_shape(points, look) for points in placed(metadata.frame.regions, coordinates)]


def _takes(target: Target, metadata: Metadata) -> bool:
    return not target.regions or target.regions == metadata.frame.regions


def _whole_picture(metadata: Metadata, subjects: list[Subject]) -> list[shape.Shape]:
    shapes: list[shape.Shape] = []
    for person in metadata.tracking:
        shapes += scene.tracking_shapes(person)
    if metadata.situation is not None:
        shapes += scene.people_panel(metadata, metadata.situation)
    if metadata.ptz is not None:
        shapes.append(scene.ptz_panel(metadata.ptz))
    if metadata.is_radar:
        shapes.append(scene.radar_shape(metadata, subjects))
    for suspect in metadata.suspects:
        text = style.joined(f"suspicious pattern {suspect.susp_id}", f"confidence {suspect.confidence}")
        shapes.append(shape.Notice(text, style.ALARM))
    return shapes
