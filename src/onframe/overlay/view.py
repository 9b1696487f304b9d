"""What the onlooker wants to see: filters, colours, units, privacy. Pure: no I/O, no clock.

One grammar for the addresses of the page, of /mjpeg and of /snapshot.jpg, and for ``annotate``:

    hide=trail,label     kinds of Shapes that are not drawn; "label" is the texts of targets
    classes=human,other  targets of these classes alone; "other" is those without a class
    rules=1,2            these rules and their targets alone
    color=class|rule|target|alarm
    temperature=sent|celsius|fahrenheit|kelvin
    score=0..1           joints of skeletons below it are not drawn
    heat=0..1            opacity of heat maps
    privacy=face:blur,human:pixelate,vehicle:fill,plate

The page does the same in ``view.js``; both are tested by the same cases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import msgspec

from onframe.errors import OnframeError
from onframe.overlay import style
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import (
    Blip,
    Box,
    Card,
    HeatMap,
    Kind,
    Line,
    Plate,
    Point,
    Polygon,
    Radar,
    Shape,
    Skeleton,
    Temperature,
    Trail,
)

How: TypeAlias = Literal["blur", "pixelate", "fill"]
Plated: TypeAlias = tuple[str, str]
"""Subject and class of a target whose plate is told."""
Coloring: TypeAlias = Literal["class", "rule", "target", "alarm"]
Unit: TypeAlias = Literal["sent", "celsius", "fahrenheit", "kelvin"]
KINDS: tuple[str, ...] = get_args(Kind)
HOWS: tuple[How, ...] = get_args(How)
"""From the weakest on."""
MASK = "•••"
"""Stands for what is not to be read."""

_GENERAL = frozenset(("rule", "queue", "people", "heatmap", "radar", "ptz", "suspicion", "notice"))
"""Kinds that need not be about a target: without a class or rule, no filter of those takes them away."""
_OUTLINES = (Box, Polygon, Line, Point, Trail, Card, Skeleton)
"""What is coloured by whom it is about; other colours say something by themselves."""
_GROWN = 0.08
"""Of its width and height, on each side."""
_ABSURD = 1e6
_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)", re.ASCII)
_Name = TypeVar("_Name", bound=str)


class Area(msgspec.Struct, frozen=True):
    """A rectangle of the picture (0..1) that nobody is to recognise anything in."""

    x: float
    y: float
    w: float
    h: float
    how: How


class View(msgspec.Struct, frozen=True):
    """What is shown, and how. ``heat`` None: as the heat map says. ``privacy`` is (class, how), each class once."""

    hide: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    color: Coloring = "class"
    temperature: Unit = "sent"
    score: float = 0.0
    heat: float | None = None
    privacy: tuple[tuple[str, How], ...] = ()

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> View:
        """Read it from options by name; names that are no part of it are passed over.

        OnframeError, with a hint, for a value that makes no sense.
        """

        def of(name: str) -> str:
            return query.get(name) or ""

        hide = _list(of("hide").lower())
        for name in hide:
            _one_of((*KINDS, "label"), name, "hide")
        return cls(
            hide=hide,
            classes=_list(of("classes").lower()),
            rules=_list(of("rules")),
            color=_one_of(get_args(Coloring), of("color").strip().lower() or "class", "color"),
            temperature=_one_of(get_args(Unit), of("temperature").strip().lower() or "sent", "temperature"),
            score=_share(of("score"), "score") or 0.0,
            heat=_share(of("heat"), "heat"),
            privacy=_privacy(of("privacy").lower()),
        )


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def _one_of(known: tuple[_Name, ...], text: str, option: str) -> _Name:
    for name in known:
        if name == text:
            return name
    raise OnframeError(f"{option}={text}: there is no such choice", hint=f"Choose among {', '.join(known)}.")


def _share(text: str, option: str) -> float | None:
    if not text.strip():
        return None
    if _NUMBER.fullmatch(text.strip()) and 0 <= float(text) <= 1:
        return float(text)
    raise OnframeError(f"{option}={text}: no number from 0 to 1", hint=f"Write {option}=0.5, for instance.")


def _privacy(text: str) -> tuple[tuple[str, How], ...]:
    found: dict[str, How] = {}
    for entry in _list(text):
        name, separator, rest = (part.strip() for part in entry.partition(":"))
        if not name:
            raise OnframeError(f"privacy={entry}: no class", hint="Write privacy=face:blur, for instance.")
        how = _one_of(HOWS, rest if separator else "pixelate", f"privacy={name}: how")
        if name not in found or HOWS.index(how) > HOWS.index(found[name]):
            found[name] = how
    return tuple(found.items())


def viewed(drawn: Iterable[Drawn], view: View) -> list[Drawn]:
    """What is drawn of all that could be."""
    found = []
    for one in drawn:
        if not _is_wanted(one.shape, view):
            continue
        shape = _changed(one.shape, view)
        if shape is one.shape:
            found.append(one)
        elif shape is not None:
            found.append(msgspec.structs.replace(one, shape=shape))
    return found


def _class_of(shape: Shape) -> str:
    """The class as filters name it."""
    return "human" if shape.cls == "person" else shape.cls or "other"


def _is_wanted(shape: Shape, view: View) -> bool:
    if shape.kind in view.hide or (isinstance(shape, Card) and "label" in view.hide):
        return False
    general = shape.kind in _GENERAL
    if view.classes and not (general and not shape.cls):
        cls = _class_of(shape)
        if cls not in view.classes and not (cls == "human" and "person" in view.classes):
            return False
    about_rule = shape.kind == "rule" or not general or bool(shape.rule)
    return not view.rules or not about_rule or shape.rule in view.rules


def _changed(shape: Shape, view: View) -> Shape | None:
    """The Shape as it is to be drawn, itself where nothing changes, None where nothing of it is left."""
    change: dict[str, Any] = {}
    if "label" in view.hide and shape.kind != "rule" and getattr(shape, "labels", None):
        change["labels"] = []
    if isinstance(shape, _OUTLINES) and (color := _color_of(shape, view)) != shape.color:
        change["color"] = color
    if isinstance(shape, Temperature) and (text := _reading(shape.celsius, view.temperature)) is not None:
        change["text"] = text
    elif isinstance(shape, HeatMap) and view.heat is not None:
        change["opacity"] = view.heat
    elif isinstance(shape, Plate) and any(name == "plate" for name, _ in view.privacy):
        change |= {"text": MASK, "caption": None}
    elif isinstance(shape, Skeleton) and view.score > 0:
        left = _skeleton(shape, view.score)
        if left is None:
            return None
        change |= left
    elif isinstance(shape, Radar) and shape.blips:
        change["blips"] = [_blip(blip, view) for blip in shape.blips]
    return msgspec.structs.replace(shape, **change) if change else shape


def _color_of(shape: Box | Polygon | Line | Point | Trail | Card | Skeleton, view: View) -> str:
    is_rule = shape.kind == "rule"
    if view.color == "class" or (shape.kind in _GENERAL and not is_rule):
        return shape.color
    if view.color == "rule" and shape.rule:
        return style.palette_color(shape.rule)
    if is_rule:
        return shape.color
    if view.color == "alarm":
        return style.ALARM if getattr(shape, "alarm", False) else style.PLAIN
    return style.palette_color(shape.subject) if view.color == "target" and shape.subject else style.PLAIN


def _reading(celsius: float | None, unit: Unit) -> str | None:
    """The text in this unit, None for as it was sent."""
    if unit == "sent" or celsius is None or not abs(celsius) < _ABSURD:
        return None
    if unit == "fahrenheit":
        return f"{_tenths(celsius * 9 / 5 + 32)} °F"
    if unit == "kelvin":
        return f"{_tenths(celsius + 273.15)} K"
    return f"{_tenths(celsius)} °C"


def _tenths(value: float) -> str:
    """One decimal, halves upwards."""
    return f"{math.floor(value * 10 + 0.5) / 10:.1f}"


def _skeleton(shape: Skeleton, score: float) -> dict[str, Any] | None:
    """Without the joints below the score; None where none is left."""
    kept = [i for i, joint in enumerate(shape.joints) if joint[2] >= score]
    places = {old: new for new, old in enumerate(kept)}
    if not kept:
        return None
    edges = [(places[a], places[b]) for a, b in shape.edges if a in places and b in places]
    return {"joints": [shape.joints[i] for i in kept], "edges": edges}


def _blip(blip: Blip, view: View) -> Blip:
    """A radar's blips are targets too."""
    change: dict[str, Any] = {}
    if "label" in view.hide:
        change["labels"] = []
    if view.color == "alarm":
        change["color"] = style.ALARM if blip.alarm else style.PLAIN
    elif view.color == "target":
        change["color"] = style.palette_color(blip.subject) if blip.subject else style.PLAIN
    return msgspec.structs.replace(blip, **change) if change else blip


def private_areas(drawn: Iterable[Drawn], privacy: Mapping[str, How] | Iterable[tuple[str, How]]) -> list[Area]:
    """The areas of the picture that nobody is to recognise, each once.

    Ask with everything that is known of the picture, also with what is not shown.
    """
    wanted = dict(privacy)
    shapes = [one.shape for one in drawn] if wanted else []
    plated = plated_of(shapes, wanted)
    found: dict[tuple[float, float, float, float], Area] = {}
    for shape in shapes:
        area = private_area(shape, wanted, plated)
        if area is None:
            continue
        key = (area.x, area.y, area.w, area.h)
        if key not in found or HOWS.index(area.how) > HOWS.index(found[key].how):
            found[key] = area
    return list(found.values())


def plated_of(shapes: Iterable[Shape], privacy: Mapping[str, How]) -> set[Plated]:
    """Whose plates are told in these Shapes, where plates are private."""
    if "plate" not in privacy:
        return set()
    return {(shape.subject, shape.cls) for shape in shapes if isinstance(shape, Plate)}


def private_area(shape: Shape, privacy: Mapping[str, How], plated: Set[Plated]) -> Area | None:
    """What of the picture nobody is to recognise because of this Shape, None for nothing."""
    how = _how_of(shape, privacy, plated)
    return None if how is None else _area_of(shape, how)


def _how_of(shape: Shape, privacy: Mapping[str, How], plated: Set[Plated]) -> How | None:
    """The strongest that applies. A head is as good as a face, and where a plate was read it is somewhere within."""
    if shape.kind == "rule":
        return None
    names = [_class_of(shape)]
    if names[0] == "human":
        names.append("person")
    if shape.kind in ("face", "plate"):
        names.append(shape.kind)
    if isinstance(shape, Box) and shape.look == "head":
        names.append("face")
    of_target = shape.subject or shape.kind == "target"
    if shape.subject.lower().startswith("anpr/") or (of_target and (shape.subject, shape.cls) in plated):
        names.append("plate")
    return max((privacy[name] for name in names if name in privacy), key=HOWS.index, default=None)


def _area_of(shape: Shape, how: How) -> Area | None:
    edges = _edges_of(shape)
    if edges is None:
        return None
    left, top, right, bottom = edges
    dx, dy = _GROWN * (right - left), _GROWN * (bottom - top)
    x, y = max(0.0, left - dx), max(0.0, top - dy)
    w, h = min(1.0, right + dx) - x, min(1.0, bottom + dy) - y
    return Area(x, y, w, h, how) if w > 0 and h > 0 else None


def _edges_of(shape: Shape) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of what covers a region."""
    if isinstance(shape, (Box, Card)):
        return shape.x, shape.y, shape.x + shape.w, shape.y + shape.h
    points: Sequence[Sequence[float]] = ()
    if isinstance(shape, Polygon):
        points = shape.points
    elif isinstance(shape, Skeleton):
        points = shape.joints
    if not points:
        return None
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)
