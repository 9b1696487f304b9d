"""The guide's known values, for comparison; fields stay texts, so that a newer firmware's value passes."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """Events of behaviour analysis (B.11, B.14)."""

    LINE_DETECTION = "linedetection"
    FIELD_DETECTION = "fielddetection"
    REGION_ENTRANCE = "regionEntrance"
    REGION_EXITING = "regionExiting"
    PARKING = "parking"
    LOITERING = "loitering"
    GROUP = "group"
    RAPID_MOVE = "rapidMove"
    UNATTENDED_BAGGAGE = "unattendedBaggage"
    ATTENDED_BAGGAGE = "attendedBaggage"


class CrossDirection(StrEnum):
    """How a line is crossed (B.11, B.14)."""

    LEFT_TO_RIGHT = "lefttoright"
    RIGHT_TO_LEFT = "righttoleft"
    BOTH = "bothdirection"


class DrivingDirection(StrEnum):
    """directionIndex of a vehicle (B.10)."""

    UNKNOWN = "unknown"
    EAST_WEST = "eastWest"
    WEST_EAST = "westEast"
    SOUTH_NORTH = "southNorth"
    NORTH_SOUTH = "northSouth"
    SOUTHEAST_TO_NORTHWEST = "southeastToNorthwest"
    NORTHWEST_TO_SOUTHEAST = "northwestToSoutheast"
    NORTHEAST_TO_SOUTHWEST = "northeastToSouthwest"
    SOUTHWEST_TO_NORTHEAST = "southwestToNortheast"
    FORWARD = "forward"
    BACK = "back"


class TemperatureUnit(StrEnum):
    """tempUnit (B.15)."""

    CENTIGRADE = "centigrade"
    FAHRENHEIT = "fahrenheit"
    KELVIN = "kelvin"


KNOWN: dict[str, dict[str, str]] = {
    name: {member.value.lower(): member.value for member in members}
    for name, members in (
        ("eventtype", EventType),
        ("crossdirection", CrossDirection),
        ("directionindex", DrivingDirection),
        ("tempunit", TemperatureUnit),
    )
}
"""By the lower case of a property's name: its known values by their lower case."""
