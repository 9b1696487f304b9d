"""From the points of a document to 0..1 of the picture, origin top left.

The guide does not say in which space x and y are (B.20). It is one setting per camera, never switched by itself;
``misfit`` says so in words when values do not fit what is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from onframe.isapi.metadata import Metadata, Number, Point, Region
from onframe.overlay.vocabulary import XY
from onframe.record import Coordinates

_DIGITS = 5
"""1e-5 of a picture 8192 pixels wide is a twelfth of a pixel."""


_FAR = 1e9


def drawable(*numbers: Number | None) -> bool:
    """All are there and of a size that can be drawn: documents may hold 1e999, NaN or a number of 400 digits."""
    for number in numbers:  # noqa: SIM110  a generator costs four times as much, and this is asked for each point
        if number is None or not -_FAR < number < _FAR:
            return False
    return True


def for_picture(coordinates: Coordinates, width: int, height: int) -> Coordinates:
    """The same setting, with the picture's size (pixels) filled in where none was set."""
    if coordinates.width and coordinates.height:
        return coordinates
    return msgspec.structs.replace(coordinates, width=width, height=height)


def extent(coordinates: Coordinates) -> tuple[float, float]:
    """The largest (x, y) of the space; ValueError for pixels of a picture of unknown size."""
    if coordinates.space == "unit":
        return (1.0, 1.0)
    if coordinates.space == "0..1000":
        return (1000.0, 1000.0)
    if not coordinates.width or not coordinates.height:
        raise ValueError("coordinates in pixels need the picture's width and height: Coordinates(width=…, height=…)")
    return (float(coordinates.width), float(coordinates.height))


def place(point: Point, coordinates: Coordinates) -> XY:
    """A document's point in 0..1, origin top left. Points outside of the picture stay outside."""
    width, height = extent(coordinates)
    x, y = point[0] / width, point[1] / height
    if coordinates.origin == "bottom-left":
        y = 1.0 - y
    return (round(x, _DIGITS), round(y, _DIGITS))


def placed(regions: Sequence[Region], coordinates: Coordinates) -> list[list[XY]]:
    """The regions in 0..1; points that cannot be drawn and regions without a point are left out."""
    if len(regions) == 1:
        points = places(regions[0], coordinates)
        return [points] if points else []
    return [points for region in regions if (points := places(region, coordinates))]


def places(points: Iterable[Point], coordinates: Coordinates) -> list[XY]:
    """Of these points those that can be drawn, each as by `place`."""
    if coordinates.origin == "bottom-left":
        return [place(point, coordinates) for point in points if drawable(*point)]
    width, height = extent(coordinates)
    return [
        (round(x / width, _DIGITS), round(y / height, _DIGITS))
        for x, y in points
        if -_FAR < x < _FAR and -_FAR < y < _FAR
    ]


def describe(coordinates: Coordinates) -> str:
    """The setting in words: "0..1000, origin top left (assumed)"."""
    text = f"{coordinates.space}, origin {coordinates.origin.replace('-', ' ')}"
    return f"{text} (assumed)" if coordinates.assumed else text


def misfit(metadata: Metadata, coordinates: Coordinates) -> str | None:
    """A sentence when the document's points do not fit the space that is set, else None."""
    width, height = extent(coordinates)
    if _fits(metadata, width, height, coordinates.space == "unit"):
        return None
    points = [point for point in _points(metadata) if drawable(*point)]
    if any([not (0 <= x <= width and 0 <= y <= height) for x, y in points]):
        outside = [value for x, y in points for value, most in ((x, width), (y, height)) if not 0 <= value <= most]
        farthest = max(outside, key=abs)
        return f"Coordinates do not fit {describe(coordinates)}: {farthest:g} was sent. Set the camera's space."
    if coordinates.space != "unit" and _looks_like_unit(points):
        return f"Coordinates look like 0..1, not {describe(coordinates)}. Set the camera's space."
    return None


def _fits(metadata: Metadata, width: float, height: float, is_large: bool) -> bool:
    """Whether there is no doubt, as nearly always: all lie within, and one of them farther out than 0..1 reaches."""
    for target in metadata.targets:
        for region in target.regions:
            for x, y in region:
                if not (0 <= x <= width and 0 <= y <= height):
                    return False
                is_large = is_large or x > 1 or y > 1
    return is_large and not metadata.frame.regions


def _points(metadata: Metadata) -> list[Point]:
    regions = [region for target in metadata.targets for region in target.regions] + metadata.frame.regions
    return [point for region in regions for point in region]


def _looks_like_unit(points: list[Point]) -> bool:
    for x, y in points:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return False
    return any(value % 1 for point in points for value in point)
