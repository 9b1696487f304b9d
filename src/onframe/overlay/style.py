"""Colours and words: the one place where it is decided how a class, an event or a unit looks and reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

ALARM = "#ff5a67"
PLAIN = "#e2e8f0"
RULE = "#7dd3fc"
RADAR = "#5eead4"
PEOPLE = "#c4b5fd"
FIRE = "#ff8a3d"
HOT, COLD, MILD = "#ff7a59", "#6cb8ff", "#ffe08a"
HEAT_OPACITY = 0.45
PALETTE = (
    "#5fe39a", "#f462d8", "#f0943a", "#5ea8f9", "#f9d0ed", "#f7f34a",
    "#b794f6", "#7bd9f9", "#9ab140", "#e9c57d", "#4db9ae", "#ccf8db",
)  # fmt: skip
"""For colouring by rule or target: bright enough for any picture, well apart from each other and from ``ALARM``."""

_CLASSES = {
    "human": "#5fe39a",
    "person": "#5fe39a",
    "vehicle": "#ffc857",
    "ship": "#67e8f9",
    "zoology": "#c7e86b",
    "face": "#f5a8e6",
}
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAMED = {
    "blue": "#60a5fa",
    "red": "#f87171",
    "green": "#4ade80",
    "yellow": "#facc15",
    "white": "#f8fafc",
    "black": "#94a3b8",
    "orange": "#fb923c",
    "purple": "#c084fc",
    "pink": "#f9a8d4",
    "cyan": "#67e8f9",
}
_PLATES: dict[str, tuple[str, str]] = {
    "white": ("#f8fafc", "#0f172a"),
    "yellow": ("#ffd02e", "#1c1500"),
    "blue": ("#1d5fd6", "#ffffff"),
    "black": ("#14171c", "#ffffff"),
    "green": ("#3ecf7a", "#04210f"),
}
_OTHER_PLATE = ("#cbd5e1", "#0f172a")

_EVENTS = {
    "linedetection": "line crossing",
    "fielddetection": "intrusion",
    "fieldddetection": "intrusion",
    "regionentrance": "region entered",
    "regionexiting": "region left",
    "parking": "parking",
    "loitering": "loitering",
    "group": "gathering",
    "rapidmove": "fast moving",
    "unattendedbaggage": "unattended baggage",
    "attendedbaggage": "object removed",
}
_SUB_TYPES = {
    "anpr": "number plates",
    "behavioranalysis": "behaviour",
    "facesnap": "faces",
    "thermometry": "temperature",
    "firedetection": "fire",
    "shipsdetection": "ships",
    "personqueuetime": "queue time",
    "personqueuecounting": "queue length",
    "personqueue": "queue",
    "heatmap": "heat map",
    "framespeoplecounting": "people in the region",
    "peoplecounting": "people counting",
    "personaltrack": "skeletons",
}
_CROSSINGS = {
    "lefttoright": "left to right",
    "righttoleft": "right to left",
    "righttopleft": "right to left",
    "bothdirection": "both directions",
}
_UNITS = {"centigrade": " °C", "fahrenheit": " °F", "kelvin": " K"}


def legend() -> list[tuple[str, str]]:
    """(name, colour) of what the onlooker sees, for the page's legend."""
    named = [(class_name(name), _CLASSES[name]) for name in ("human", "vehicle", "ship", "face", "zoology")]
    return [("alarm", ALARM), *named, ("rule", RULE), ("people counts", PEOPLE), ("radar", RADAR), ("fire", FIRE)]


def fnv1a(text: str) -> int:
    """The FNV-1a hash (32 bit) of the text's UTF-8."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8", "replace"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def palette_color(name: str) -> str:
    """The same colour for the same ID, here and on the page."""
    return PALETTE[fnv1a(name) % len(PALETTE)]


def class_color(recognition: str | None) -> str:
    """The colour of a class of targets; unknown ones are plain."""
    return _CLASSES.get((recognition or "").lower(), PLAIN)


def class_name(recognition: str | None) -> str:
    """A class in words: "animal" for the guide's "zoology", others as sent, empty for none."""
    return "animal" if (recognition or "").lower() == "zoology" else recognition or ""


def named_color(name: str | None, default: str) -> str:
    """The colour that a device calls by name (regionColor), softened for a dark picture."""
    return _NAMED.get((name or "").lower(), default)


def plate_colors(name: str | None) -> tuple[str, str]:
    """(plate, ink) for plateColor (B.10); grey for "0xff" (other) and unknown names."""
    return _PLATES.get((name or "").lower(), _OTHER_PLATE)


def event_name(event_type: str | None) -> str:
    """eventType (B.11) in words; unknown ones as sent."""
    if not event_type:
        return "alarm"
    return _EVENTS.get(event_type.lower(), event_type)


def crossing_name(direction: str) -> str:
    """crossdirection (B.11) in words; unknown ones as sent."""
    return _CROSSINGS.get(direction.lower(), direction)


def sub_type_name(sub_type: str | None) -> str:
    """A sub type in words; unknown ones as sent."""
    if not sub_type:
        return "no type"
    return _SUB_TYPES.get(sub_type.lower(), sub_type)


def temperature(value: str, unit: str | None) -> str:
    """ "36.5 °C"; the number as sent, an unknown unit as sent."""
    if not unit:
        return value
    return value + _UNITS.get(unit.lower(), f" {unit}")


def seconds(value: str) -> str:
    """ "1 min 33 s" for "93"; what is no whole number stays as sent."""
    total = whole(value)
    if total is None:
        return value
    minutes, rest = divmod(total, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def whole(value: str | None) -> int | None:
    """The whole number that a property's text is, or None; numbers of more than 18 digits are none."""
    text = (value or "").strip()
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def words(name: str | None) -> str:
    """ "large bus" for "largeBus": camel case taken apart."""
    return _HUMP.sub(" ", name).lower() if name else ""


def joined(*parts: str | None, by: str = " · ") -> str:
    """The parts that are there, in one line."""
    return by.join(filter(None, parts))


def lines(*candidates: str | None) -> list[str]:
    """The label lines that are not empty."""
    return list(filter(None, candidates))


def with_unit(values: Mapping[str, str], name: str, unit: str) -> str | None:
    """ "30 m" for the property under this name, or None."""
    value = values.get(name)
    return f"{value}{unit}" if value else None
