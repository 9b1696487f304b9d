"""Targets and rules in the picture (B.10-B.13, B.15, B.20): regions, labels, plates, temperatures, ships, queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from onframe.isapi.leniency import known_value
from onframe.isapi.metadata import Metadata, Property, Target
from onframe.isapi.properties import Temperature as Measured
from onframe.isapi.values import number
from onframe.overlay import style
from onframe.overlay.coordinates import drawable, placed
from onframe.overlay.subjects import About, Sort, about_of, sort_of
from onframe.overlay.vocabulary import (
    XY,
    Box,
    Card,
    Counter,
    Crossing,
    Event,
    Fire,
    Heading,
    Line,
    Panel,
    Plate,
    Point,
    Polygon,
    Row,
    Shape,
    Temperature,
)
from onframe.record import Coordinates

CROSSINGS: dict[str, Crossing] = {
    "lefttoright": "left-to-right",
    "righttoleft": "right-to-left",
    "righttopleft": "right-to-left",
    "bothdirection": "both",
}
_HEADINGS: dict[str, Heading] = {"up": "up", "down": "down", "left": "left", "right": "right"}


class Look(msgspec.Struct, gc=False):
    """How one target's regions are to be drawn."""

    color: str
    labels: list[str] = []
    alarm: bool = False
    fill: float = 0.0
    crossing: Crossing | None = None
    heading: Heading | None = None
    face: bool = False


class Said(msgspec.Struct, gc=False):
    """What a target says beside where it is, and what follows from that alone; it stays the same for many documents.

    Property names are in lower case, the first value of a name wins; ``triggered``: the rule or target is in alarm
    (B.11). ``event``, ``look`` and ``chip`` are filled in when they are first asked for.
    """

    about: About
    values: dict[str, str]
    triggered: bool
    event: Event | None = None
    is_event_known: bool = False
    look: Look | None = None
    chip: Chip | None = None


class Chip(NamedTuple):
    """A number plate but for its place."""

    text: str
    color: str
    ink: str
    caption: str | None


class Subject(msgspec.Struct, gc=False):
    """One target with all that its drawing needs.

    ``name``, ``values`` and ``triggered`` are those of ``said``; ``is_rule``: it describes a rule, not something that
    was seen.
    """

    metadata: Metadata
    target: Target
    values: dict[str, str]
    regions: list[list[XY]]
    coordinates: Coordinates
    sort: Sort
    name: str
    triggered: bool
    is_rule: bool
    said: Said


def subjects_of(metadata: Metadata, coordinates: Coordinates, sort: Sort | None = None) -> list[Subject]:
    """All targets of a document; ``sort`` is `sort_of` it, where the caller has it."""
    sort = sort or sort_of(metadata)
    return [subject_of(metadata, target, coordinates, sort) for target in metadata.targets]


def subject_of(metadata: Metadata, target: Target, coordinates: Coordinates, sort: Sort) -> Subject:
    """The target with its own properties, or the document's where it is the only target (R-104)."""
    sole = len(metadata.targets) == 1
    properties = target.properties or (metadata.frame.properties if sole else [])
    regions = target.regions or (metadata.frame.regions if sole else [])
    said, found = _said(sort, target, properties), placed(regions, coordinates)
    return Subject(
        metadata,
        target,
        said.values,
        found,
        coordinates,
        sort,
        said.about.name,
        said.triggered,
        sort.is_rule,
        said,
    )


_MOST_SAID = 512
_LONGEST_SAID = 2048
"""Characters of all of it; what is longer is not kept."""
_kept: dict[tuple[object, ...], Said] = {}


def _said(sort: Sort, target: Target, properties: Sequence[Property]) -> Said:
    """Targets say the same in most of their documents: kept for all cameras, it depends on nothing else."""
    key = (sort.layer, target.target_id, target.rule_id, target.recognition, *properties)
    said = _kept.get(key)
    if said is None:
        values: dict[str, str] = {}
        for name, value in properties:
            values.setdefault(name.lower(), value.lstrip("> ").rstrip())
        triggered = values.get("triggerevent", "").lower() in ("true", "1")
        said = Said(about_of(sort, target), values, triggered)
        if len(str(key)) <= _LONGEST_SAID:
            if len(_kept) >= _MOST_SAID:
                _kept.clear()
            _kept[key] = said
    return said


class Place(msgspec.Struct):
    """Where a count belongs that has no region of its own, and how long people wait there (s)."""

    at: XY | None = None
    longest_wait: int | None = None


def target_shapes(subject: Subject, queue: Place | None = None) -> list[Shape]:
    """What one target or rule shows. ``queue``: what is known of its rule's region, for counts that have none."""
    if subject.is_rule:
        return _regions(subject, _rule_look(subject))
    sub_type = subject.sort.sub_type
    if sub_type.startswith("personqueue"):
        shapes = _queue(subject, queue or Place())
    else:
        shapes = _BY_SUB_TYPE.get(sub_type, _plain)(subject)
    return [*shapes, plate(subject)] if subject.values.get("licenseplate") else shapes


def centre(points: Sequence[XY]) -> XY:
    """The middle of the points' upright box."""
    xs, ys = zip(*points, strict=True)
    return (round((min(xs) + max(xs)) / 2, 5), round((min(ys) + max(ys)) / 2, 5))


def region_shape(points: list[XY], look: Look) -> Shape:
    """1 point, 2 a line, more a polygon (B.20); an upright rectangle becomes a Box unless it is to be filled.

    Points that are all at one place are one: a line or box of no extent would not be seen.
    """
    if points[0] == points[-1] and points.count(points[0]) == len(points):
        (x, y), *_ = points
        return Point(x, y, look.color, labels=look.labels, alarm=look.alarm)
    if len(points) == 2:
        return Line(points, look.color, labels=look.labels, crossing=look.crossing, alarm=look.alarm)
    xs, ys = zip(*points, strict=True)
    upright = len(set(points)) == 4 and len(set(xs)) == len(set(ys)) == 2
    if look.fill or not upright:
        return Polygon(points, look.color, labels=look.labels, fill=look.fill, alarm=look.alarm)
    x, y = min(xs), min(ys)
    box = Box(x, y, round(max(xs) - x, 5), round(max(ys) - y, 5), look.color, labels=look.labels, alarm=look.alarm)
    if look.heading or look.face:
        box.heading, box.look = look.heading, "corners" if look.face else "box"
    return box


def _corners(points: Sequence[XY]) -> tuple[XY, XY]:
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys)), (max(xs), max(ys))


def _regions(subject: Subject, look: Look) -> list[Shape]:
    """All regions in one look; the labels stand at the first alone."""
    if not subject.regions:
        return []
    first, *others = subject.regions
    shapes = [region_shape(first, look)]
    if others:
        rest = msgspec.structs.replace(look, labels=[])
        shapes += [region_shape(points, rest) for points in others]
    return shapes


def _looking(subject: Subject, look_of: Callable[[Subject], Look]) -> list[Shape]:
    """Its regions in a look that follows from what it says alone."""
    said = subject.said
    if said.look is None:
        said.look = look_of(subject)
    return _regions(subject, said.look)


def _rule_look(subject: Subject) -> Look:
    values = subject.values
    event = style.event_name(values["eventtype"]) if values.get("eventtype") else None
    name = None if subject.target.rule_id is None else f"rule {subject.target.rule_id}"
    label = style.joined(name or "rule", event or style.sub_type_name(subject.metadata.sub_type))
    color = style.ALARM if subject.triggered else style.named_color(values.get("regioncolor"), style.RULE)
    crossing = CROSSINGS.get(values.get("crossdirection", "").lower())
    return Look(color, [label], alarm=subject.triggered, fill=0.18 if subject.triggered else 0.07, crossing=crossing)


def _named(subject: Subject, default: str = "target") -> str:
    target = subject.target
    name = style.class_name(target.recognition) or default
    return name if target.target_id is None else f"{name} {target.target_id}"


def _plain(subject: Subject) -> list[Shape]:
    """A target of a type that is unknown or absent (R-116): its regions and its name."""
    return _looking(subject, _plain_look)


def _plain_look(subject: Subject) -> Look:
    return Look(style.class_color(subject.target.recognition), [_named(subject)])


def _behaviour(subject: Subject) -> list[Shape]:
    return _looking(subject, _alarm_look if subject.triggered else _plain_look)


def _alarm_look(subject: Subject) -> Look:
    event = style.event_name(subject.values.get("eventtype"))
    return Look(style.ALARM, [_named(subject), event], alarm=True)


def _anpr(subject: Subject) -> list[Shape]:
    return _looking(subject, _vehicle_look)


def _vehicle_look(subject: Subject) -> Look:
    values = subject.values
    way, seen = _known(values.get("directionindex")), _known(values.get("direction"))
    way = known_value("directionindex", way) if way else None
    ways = style.joined(style.words(way), f"plate {style.words(seen)}" if seen else None)
    labels = style.lines(style.joined(_named(subject, "vehicle"), vehicle(values)), ways)
    return Look(style.class_color("vehicle"), labels)


def vehicle(values: Mapping[str, str]) -> str:
    """ "deep blue large bus": its colour and type in words, as far as they are known."""
    color, kind = _known(values.get("vehiclecolor")), _known(values.get("vehicletype"))
    return style.joined(style.words(color), style.words(kind), by=" ")


def _known(value: str | None) -> str | None:
    return value if (value or "").lower() != "unknown" else None


def plate(subject: Subject) -> Plate:
    """The plate's chip, under the middle of the vehicle's lower edge (B.10)."""
    chip = subject.said.chip
    if chip is None:
        chip = subject.said.chip = _chip(subject.values)
    x, y = _below(subject.regions)
    return Plate(x, y, chip.text, chip.color, chip.ink, caption=chip.caption)


def _chip(values: Mapping[str, str]) -> Chip:
    color, ink = style.plate_colors(values.get("platecolor"))
    country = f"country {values['country']}" if values.get("country") else None
    caption = style.joined(style.with_unit(values, "confidence", " %"), values.get("platetype"), country)
    return Chip(values["licenseplate"], color, ink, caption or None)


def _below(regions: list[list[XY]]) -> XY:
    points = regions[0] if len(regions) == 1 else [point for region in regions for point in region]
    if not points:
        return (0.5, 0.9)
    return (centre(points)[0], max([y for _, y in points]))


def _face(subject: Subject) -> list[Shape]:
    """Corners around it, and a card of what is known of it (B.12); a name alone needs no card."""
    values, color = subject.values, style.class_color("face")
    rows = [Row(name, values[key]) for key, name in _FACE_ROWS.items() if values.get(key)]
    rows += _unnamed(subject)[: _MOST_FACE_ROWS - len(rows)]
    name = _named(subject, "face")
    shapes = _regions(subject, Look(color, [] if rows else [name], face=True))
    if rows and subject.regions:
        (x0, y0), (x1, y1) = _corners(subject.regions[0])
        shapes.append(Card(x0, y0, round(x1 - x0, 5), round(y1 - y0, 5), name, rows, color))
    return shapes


_FACE_ROWS = {"gender": "gender", "agegroup": "age group", "facescore": "score"}
_MOST_FACE_ROWS = 8


def _unnamed(subject: Subject) -> list[Row]:
    """What a device tells of a face beyond the guide (glasses, a mask), in its own words."""
    sent = {name.lower(): style.words(name) for name, _ in subject.target.properties}
    return [
        Row(sent[key], value) for key, value in subject.values.items() if key in sent and key not in _FACE_ROWS if value
    ]


def _thermal(subject: Subject) -> list[Shape]:
    """The measured line or region, thin, and the value in its middle."""
    shapes: list[Shape] = []
    color = _heat(subject)
    for points in subject.regions:
        if len(points) > 1:
            shapes.append(region_shape(points, Look(color)))
        shapes.extend(_reading(subject, centre(points)))
    return shapes


def _heat_map(subject: Subject) -> list[Shape]:
    """The region that the heat map is of (B.2); its picture and its count are drawn elsewhere."""
    rule = None if subject.target.rule_id is None else f"rule {subject.target.rule_id}"
    return _regions(subject, Look(style.PEOPLE, [style.joined(rule, "heat map")]))


_MARKS = {"highest": ("high", style.HOT), "lowest": ("low", style.COLD), "average": ("average", style.MILD)}


def _heat(subject: Subject) -> str:
    return _MARKS.get(subject.values.get("tempproperty", "").lower(), ("", style.MILD))[1]


def _reading(subject: Subject, at: XY) -> list[Shape]:
    values = subject.values
    if not values.get("tempvalue"):
        return []
    text = style.temperature(values["tempvalue"], values.get("tempunit"))
    reading = Temperature(at[0], at[1], text, _heat(subject), celsius=_celsius(values))
    mark = values.get("tempproperty", "").lower()
    reading.mark = "high" if mark == "highest" else "low" if mark == "lowest" else None
    if mark == "average":
        reading.mark = "average"
    return [reading]


def _celsius(values: dict[str, str]) -> float | None:
    value = number(values["tempvalue"].strip())
    if value is None or not drawable(value) or not values.get("tempunit"):
        return None
    celsius = Measured(float(value), known_value("tempunit", values["tempunit"])).celsius
    return None if celsius is None else round(celsius, 2)


def _fire(subject: Subject) -> list[Shape]:
    """Areas burn; a point is where it is hottest (B.15)."""
    shapes: list[Shape] = []
    for points in subject.regions:
        if len(points) > 2:
            labels = style.lines(style.joined("fire", style.with_unit(subject.values, "distance", " m")))
            shapes.append(Fire(points, style.FIRE, labels=labels))
        shapes.extend(_reading(subject, centre(points)))
    return shapes


def _ship(subject: Subject) -> list[Shape]:
    values = subject.values
    size = style.joined(*(values.get(name) for name in ("length", "width", "height")), by=" × ")
    labels = style.lines(
        style.joined(_named(subject, "ship"), values.get("state")),
        style.joined(f"{size} m" if size else None, style.with_unit(values, "speed", " m/s")),
    )
    look = Look(style.class_color("ship"), labels, heading=_HEADINGS.get(values.get("direction", "").lower()))
    return _regions(subject, look)


def queue_alarm(values: dict[str, str]) -> bool:
    """A wait or a count has reached what the device calls its alarm value (B.13: taken as a threshold)."""
    pairs = (("waittime", "alarmtime"), ("count", "alarmcount"))
    return any(_reached(values.get(measured), values.get(threshold)) for measured, threshold in pairs)


def _reached(measured: str | None, threshold: str | None) -> bool:
    value, limit = style.whole(measured), style.whole(threshold)
    return value is not None and limit is not None and 0 < limit <= value


def _queue(subject: Subject, known: Place) -> list[Shape]:
    """Who waits gets a box; a count stands in its rule's region, or in a panel where that is not known."""
    alarm = queue_alarm(subject.values)
    if "count" in subject.values:
        return [_count(subject, known, alarm)]
    wait, most = subject.values.get("waittime"), subject.values.get("alarmtime")
    waits = f"waits {style.seconds(wait)}" if wait else None
    limit = f"of {style.seconds(most)}" if most and alarm else None
    labels = style.lines(_named(subject, "person"), style.joined(waits, limit, by=" "))
    color = style.ALARM if alarm else style.class_color("human")
    return _regions(subject, Look(color, labels, alarm=alarm))


def _count(subject: Subject, known: Place, alarm: bool) -> Shape:
    values = subject.values
    rows = [Row("people", values["count"], style.ALARM if alarm else None)]
    if known.longest_wait is not None:
        rows.append(Row("longest wait", style.seconds(str(known.longest_wait))))
    if values.get("alarmcount"):
        rows.append(Row("alarm at", values["alarmcount"]))
    title = "queue" if subject.target.rule_id is None else f"queue {subject.target.rule_id}"
    color = style.ALARM if alarm else style.PEOPLE
    at = centre(subject.regions[0]) if subject.regions else known.at
    if at is None:
        return Panel(title, rows, color, alarm=alarm)
    return Counter(at[0], at[1], title, rows, color, alarm=alarm)


_BY_SUB_TYPE: dict[str, Callable[[Subject], list[Shape]]] = {
    "anpr": _anpr,
    "behavioranalysis": _behaviour,
    "facesnap": _face,
    "thermometry": _thermal,
    "firedetection": _fire,
    "heatmap": _heat_map,
    "shipsdetection": _ship,
}
