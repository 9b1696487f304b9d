"""What belongs to the whole picture: PTZ (B.20), people and heat (B.1-B.3), tracking (B.4)."""

from __future__ import annotations

from collections.abc import Sequence

from onframe.isapi.metadata import (
    CameraPoint,
    Metadata,
    Number,
    Picture,
    PTZInfo,
    Situation,
    Susp,
)
from onframe.overlay import style
from onframe.overlay.coordinates import drawable
from onframe.overlay.subjects import person_name
from onframe.overlay.vocabulary import (
    Box,
    HeatMap,
    Notice,
    Panel,
    Row,
    Shape,
    Skeleton,
)

_JOINED = ((0, 1), (1, 2), (2, 4), (4, 5), (5, 6), (2, 3), (3, 4))
"""wrist-elbow-shoulder, shoulder-shoulder, both shoulders to the head (B.4 gestureType)."""

_MEDIA_TYPES = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "Qk": "image/bmp",
    "UklGR": "image/webp",
}


def ptz_panel(ptz: PTZInfo) -> Panel:
    """Where a speed dome looks (B.20)."""
    rows = [
        Row("azimuth", _degrees(ptz.azimuth)),
        Row("elevation", _degrees(ptz.elevation)),
        Row("zoom", _number(ptz.zoom)),
        Row("focus", _number(ptz.focus)),
        Row("preset", _number(ptz.preset_no)),
    ]
    return Panel("PTZ", [row for row in rows if row.value], style.RULE, kind="ptz")


def _number(value: Number | None) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if drawable(value) else "–"


def _degrees(value: Number | None) -> str:
    return f"{_number(value)}°" if drawable(value) else _number(value)


def people_panel(metadata: Metadata, situation: Situation) -> list[Shape]:
    """Counts of people (B.1-B.3)."""
    rows = [
        Row("people", _number(situation.person_count)),
        Row("entered", _number(situation.enter_region_people_num)),
        Row("left", _number(situation.leave_region_people_num)),
    ]
    rows = [row for row in rows if row.value]
    return [Panel(style.sub_type_name(metadata.sub_type), rows, style.PEOPLE, kind="people")] if rows else []


def suspicions(suspects: Sequence[Susp]) -> list[Shape]:
    """Abnormal patterns (B.4): one is a sentence, several are a list."""
    if len(suspects) > 1:
        rows = [Row(_pattern(suspect), _number(suspect.confidence) or "–", style.ALARM) for suspect in suspects]
        return [Panel("suspicions", rows, style.ALARM, alarm=True, kind="suspicion")]
    return [Notice(f"suspicious {suspicion(suspect)}", style.ALARM, kind="suspicion") for suspect in suspects]


def suspicion(suspect: Susp) -> str:
    """ "pattern 5 · confidence 0.567"."""
    confidence = None if suspect.confidence is None else f"confidence {_number(suspect.confidence)}"
    return style.joined(_pattern(suspect), confidence)


def _pattern(suspect: Susp) -> str:
    return "pattern" if suspect.susp_id is None else f"pattern {suspect.susp_id}"


def picture_shape(picture: Picture) -> Shape | None:
    """A picture sent with the document (B.2); one that is only named by its address is never fetched."""
    if not picture.data:
        return None
    if picture.data_type == "url" or "://" in picture.data[:16]:
        return Notice(f"heat map at {picture.data[:200]}", style.PEOPLE, kind="heatmap")
    for start, media_type in _MEDIA_TYPES.items():
        if picture.data.startswith(start):
            return HeatMap(media_type, picture.data, style.HEAT_OPACITY, kind="heatmap")
    return Notice("the heat map's picture is of no kind that can be shown", style.PEOPLE, kind="heatmap")


def tracking_shapes(metadata: Metadata, person: CameraPoint) -> list[Shape]:
    """One person's skeleton and head (B.4), in 0..1 as sent; who has gone (traComplete) is not drawn."""
    if person.tra_complete:
        return []
    color = style.PLAIN if person.isvalid == 0 else style.class_color("human")
    subject = person_name(metadata, person)
    name = f"person {(person.obj_id or '')[:8]}".strip()
    shapes: list[Shape] = []
    skeleton = _skeleton(person, color, name)
    if skeleton is not None:
        skeleton.subject, skeleton.cls, skeleton.kind = subject, "human", "skeleton"
        shapes.append(skeleton)
    if person.head is not None and person.head.rect is not None and drawable(*person.head.rect):
        x, y, w, h = (float(value) for value in person.head.rect)
        labels = [] if skeleton else [name]
        head = Box(x, y, w, h, style.class_color("face"), labels=labels, look="head")
        head.subject, head.cls, head.kind = subject, "face", "skeleton"
        shapes.append(head)
    return shapes


def _skeleton(person: CameraPoint, color: str, name: str) -> Skeleton | None:
    joints: list[tuple[float, float, float]] = []
    index: dict[int, int] = {}
    for joint in person.joints:
        if joint.plane is None or joint.gesture_valid == 0 or not drawable(*joint.plane):
            continue
        if joint.gesture_type is not None:
            index[joint.gesture_type] = len(joints)
        score = joint.gesture_score
        score = round(float(score), 3) if score is not None and 0 <= score <= 1 else 1.0
        joints.append((float(joint.plane[0]), float(joint.plane[1]), score))
    edges = [(index[a], index[b]) for a, b in _JOINED if a in index and b in index]
    return Skeleton(joints, edges, color, labels=[name]) if joints else None
