"""How each Shape that lies in the picture is drawn; what they look like is the page's paint.js over again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from onframe.overlay.painter.boxes import SEAM, SEAM_OPACITY, corners, darken, dashed, fill, frame, outline, seen, spans
from onframe.overlay.painter.canvas import Canvas
from onframe.overlay.painter.chips import PlateChip, card_of
from onframe.overlay.painter.geometry import XY, Rect, around, barbs, crossing_arrow
from onframe.overlay.painter.strokes import Mark, Segment, Sketch, arc, dashes, path
from onframe.overlay.vocabulary import (
    Box,
    Card,
    Counter,
    Fire,
    HeatMap,
    Line,
    Plate,
    Point,
    Polygon,
    Skeleton,
    Temperature,
    Trail,
)

_ALARM_FILL = 0x24 / 255
_REGION = 0.25
"""Of the picture: in a box larger than that, as of a heat map, there is room for texts."""
_MARKS = {"high": "▲ ", "low": "▼ ", "average": "avg "}


def draw_box(canvas: Canvas, shape: Box) -> None:
    place = canvas.rect(shape.x, shape.y, shape.w, shape.h)
    if shape.alarm:
        tint(canvas, place, shape.color, _ALARM_FILL)
    if shape.look == "head":
        stroke(canvas, path(_rounded(place, min(place.w, place.h) * 0.35), closed=True), 1.6, shape.color)
    else:
        _outline(canvas, place, shape)
    if shape.heading:
        start, tip = _within(canvas, *_heading(shape.heading, place, 26 * canvas.unit))
        arrow(canvas, start, tip, shape.color)
        (x, y, w, h), margin = around([start, tip]), 5 * canvas.unit
        canvas.spare(Rect(x - margin, y - margin, w + 2 * margin, h + 2 * margin))
    if place.w * place.h < _REGION * canvas.width * canvas.height:
        canvas.spare(place)
    canvas.label(place, shape.labels, shape.color, alarm=shape.alarm)


def _outline(canvas: Canvas, place: Rect, shape: Box) -> None:
    """Its four sides or corners, by slices."""
    x, y, w, h = place
    planes, unit, manner = canvas.planes, canvas.unit, canvas.manner
    width, seam = max(1, round(canvas.thickness(3 if shape.alarm else 2))), max(1, round(unit))
    across, down = spans(x, x + w, width), spans(y, y + h, width)
    cornered, arm = shape.look == "corners", round(min(w, h) * 0.28)
    if canvas.flash > 0:
        more = round((2 + 14 * canvas.flash) * unit / 2)
        glow = corners(across, down, arm, more) if cornered else frame(across, down, more)
        fill(planes, seen(glow), shape.color, 0.45 * canvas.flash * manner.alpha)
    if not cornered and not manner.dashed:
        outline(planes, across, down, seam, shape.color, manner.alpha, canvas.kept.sides)
        return
    if cornered:
        sides, under = corners(across, down, arm), corners(across, down, arm, seam)
    else:
        sides = dashed(frame(across, down), max(2, round(7 * unit)), max(2, round(6 * unit)))
        under = [(x0 - seam, y0 - seam, x1 + seam, y1 + seam) for x0, y0, x1, y1 in sides]
    darken(planes, seen(under), manner.alpha)
    fill(planes, seen(sides), shape.color, manner.alpha)


def tint(canvas: Canvas, place: Rect, color: str, opacity: float) -> None:
    """A rectangle of one colour through which the picture shines."""
    x0, y0, x1, y1 = (round(edge) for edge in place.edges)
    fill(canvas.planes, seen([(x0, y0, x1, y1)]), color, opacity * canvas.manner.alpha)


def _rounded(place: Rect, radius: float) -> list[XY]:
    """A rectangle's outline with round corners, clockwise."""
    x0, y0, x1, y1 = place.edges
    r = max(0.0, min(radius, (x1 - x0) / 2, (y1 - y0) / 2))
    middles = ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
    return [p for x, y, turn in middles for p in arc(x, y, r, math.radians(turn), math.radians(turn + 90))]


def _heading(heading: str, place: Rect, length: float) -> tuple[XY, XY]:
    x, y, w, h = place
    mx, my = x + w / 2, y + h / 2
    if heading == "left":
        return (x, my), (x - length, my)
    if heading == "right":
        return (x + w, my), (x + w + length, my)
    if heading == "up":
        return (mx, y), (mx, y - length)
    return (mx, y + h), (mx, y + h + length)


def _within(canvas: Canvas, start: XY, tip: XY) -> tuple[XY, XY]:
    """The arrow moved into the picture as far as its tip would be outside, where its target is not."""
    width, height, margin = canvas.width, canvas.height, 5 * canvas.unit
    if not (-1 <= start[0] <= width + 1 and -1 <= start[1] <= height + 1):
        return start, tip
    dx = _between(margin, tip[0], width - margin) - tip[0]
    dy = _between(margin, tip[1], height - margin) - tip[1]
    return (start[0] + dx, start[1] + dy), (tip[0] + dx, tip[1] + dy)


def _between(least: float, value: float, most: float) -> float:
    return max(least, min(value, most))


def stroke(canvas: Canvas, segments: Sequence[Segment], units: float, color: str, *, firm: bool = False) -> None:
    """A line with its seam, in the manner at hand."""
    thickness, unit, flash = canvas.thickness(units), canvas.unit, round(canvas.flash, 2)
    broken = canvas.manner.dashed and not firm
    line = tuple(segments)
    if flash > 0:
        width = thickness + (2 + 14 * flash) * unit
        canvas.mark(("flash", line, width, color), lambda sketch: sketch.stroke(line, width, color, 0.45 * flash))

    def make(sketch: Sketch) -> Mark:
        drawn = dashes(line, 7 * unit, 6 * unit) if broken else line
        return sketch.line(drawn, thickness, color, (SEAM, SEAM_OPACITY, unit))

    canvas.mark(("stroke", line, thickness, color, broken), make)


def arrow(canvas: Canvas, start: XY, tip: XY, color: str) -> None:
    left, right = barbs(start, tip, 9 * canvas.unit)
    stroke(canvas, [(*start, *tip), (*left, *tip), (*tip, *right)], 2.2, color, firm=True)


def draw_polygon(canvas: Canvas, shape: Polygon) -> None:
    points = canvas.points(shape.points)
    if not points:
        return
    if shape.fill > 0:
        canvas.fill(points, shape.color, min(1.0, shape.fill))
    stroke(canvas, path(points, closed=True), 3 if shape.alarm else 1.8, shape.color)
    x, y, w, _ = around(points)
    canvas.label(Rect(x, y, w, 0), shape.labels, shape.color, alarm=shape.alarm)


def draw_line(canvas: Canvas, shape: Line) -> None:
    points = canvas.points(shape.points)
    if not points:
        return
    stroke(canvas, path(points), 4 if shape.alarm else 2.4, shape.color)
    start, end = crossing_arrow(points, 46 * canvas.unit)
    if shape.crossing in ("left-to-right", "both"):
        arrow(canvas, start, end, shape.color)
    if shape.crossing in ("right-to-left", "both"):
        arrow(canvas, end, start, shape.color)
    canvas.label(Rect(*points[0], 0, 0), shape.labels, shape.color, alarm=shape.alarm)


def draw_point(canvas: Canvas, shape: Point) -> None:
    x, y = canvas.at(shape.x, shape.y)
    r = 5 * canvas.unit
    stroke(canvas, path(arc(x, y, r, 0, 2 * math.pi)), 3.5 if shape.alarm else 2.2, shape.color)
    canvas.label(Rect(x - r, y - r, 2 * r, 2 * r), shape.labels, shape.color, alarm=shape.alarm)


def draw_trail(canvas: Canvas, shape: Trail) -> None:
    points = canvas.points(shape.points)
    segments = path(points) if len(points) > 1 else []
    if not segments:
        return
    unit = canvas.unit

    def make(sketch: Sketch) -> Mark:
        shares = [(i + 1) / len(segments) for i in range(len(segments))]
        thickness = [(1 + 2.2 * share) * unit for share in shares]
        return sketch.fading(segments, thickness, [0.08 + 0.62 * share for share in shares], shape.color)

    canvas.mark(("trail", tuple(segments), shape.color), make)


def draw_fire(canvas: Canvas, shape: Fire) -> None:
    points = canvas.points(shape.points)
    if not points:
        return
    x, y, w, h = around(points)
    unit = canvas.unit
    canvas.fill(points, "#ff5f23", 0.10, 0.38)
    stroke(canvas, path(points, closed=True), 2.4, shape.color)
    foot_x, foot_y = _foot(canvas, Rect(x, y, w, h))
    for size, color in ((1.0, "#ff5a2a"), (0.55, "#ffd166")):
        flame = _flame(foot_x, foot_y, 11 * unit * size)
        canvas.fill(flame, color, 1.0)
        _smoothed(canvas, flame, color)
    canvas.spare(Rect(foot_x - 11 * unit, foot_y - 24 * unit, 22 * unit, 24 * unit))
    top = min(y, foot_y - 23 * unit)
    canvas.label(Rect(x, top, w, y + h - top), shape.labels, shape.color)


def _foot(canvas: Canvas, place: Rect) -> XY:
    """Where the flame stands: on the middle of the upper edge, and within the picture where its fire is."""
    x, y, w, h = place
    middle, above, unit = x + w / 2, y - 3 * canvas.unit, canvas.unit
    if x > canvas.width or x + w < 0 or y > canvas.height or y + h < 0:
        return middle, above
    inner = _between(12 * unit, middle, canvas.width - 12 * unit)
    return inner, _between(26 * unit, above, canvas.height - 2 * unit)


def _smoothed(canvas: Canvas, outline: Sequence[XY], color: str) -> None:
    """The edge of what is filled."""
    canvas.mark(("edge", tuple(outline), color), lambda sketch: sketch.stroke(path(outline, closed=True), 1, color))


def _flame(x: float, y: float, r: float) -> list[XY]:
    """Its outline; (x, y) is its foot."""
    top, right, left = (x, y - 2.2 * r), (x + 0.8 * r, y - 0.5 * r), (x - 0.8 * r, y - 0.5 * r)
    return [
        *_curve(top, (x + 0.3 * r, y - 1.5 * r), (x + r, y - 1.2 * r), right),
        *_curve(right, (x + 0.7 * r, y), (x - 0.7 * r, y), left),
        *_curve(left, (x - 0.9 * r, y - 1.1 * r), (x - 0.2 * r, y - 1.3 * r), top),
    ]


def _curve(a: XY, b: XY, c: XY, d: XY) -> list[XY]:
    points = []
    for i in range(8):
        t = i / 8
        shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(s * p[axis] for s, p in zip(shares, (a, b, c, d), strict=True)) for axis in (0, 1))
        points.append((x, y))
    return points


def draw_temperature(canvas: Canvas, shape: Temperature) -> None:
    x, y = canvas.at(shape.x, shape.y)
    arm, r = 11 * canvas.unit, 4 * canvas.unit
    cross = [(x + dx * r, y + dy * r, x + dx * arm, y + dy * arm) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    stroke(canvas, cross, 2, shape.color, firm=True)
    canvas.spare(Rect(x - arm, y - arm, 2 * arm, 2 * arm))
    if shape.text:
        text = _MARKS.get(shape.mark or "", "") + shape.text
        canvas.label(Rect(x + arm, y - arm, 0, 2 * arm), [text], shape.color)


def draw_skeleton(canvas: Canvas, shape: Skeleton) -> None:
    joints = [(*canvas.at(x, y), score) for x, y, score in shape.joints[:64]]
    if not joints:
        return
    found = [(a, b) for a, b in shape.edges[:128] if 0 <= a < len(joints) and 0 <= b < len(joints)]
    bones = [(joints[a][0], joints[a][1], joints[b][0], joints[b][1]) for a, b in found]
    if bones:
        stroke(canvas, bones, 3, shape.color)
    dots = [(x, y, x, y) for x, y, _ in joints]
    strong = [0.35 + 0.65 * max(0.0, min(1.0, score)) for _, _, score in joints]
    for units, color in ((9.5, shape.color), (6.5, "#ffffff")):
        _dots(canvas, dots, units * canvas.unit, strong, color)
    place = around([(x, y) for x, y, _ in joints])
    canvas.spare(place)
    canvas.label(place, shape.labels, shape.color)


def _dots(canvas: Canvas, dots: Sequence[Segment], size: float, strong: Sequence[float], color: str) -> None:
    key = ("dots", tuple(dots), tuple(strong), size, color)
    canvas.mark(key, lambda sketch: sketch.fading(dots, [size] * len(dots), strong, color))


def draw_card(canvas: Canvas, shape: Card) -> None:
    card = card_of(shape.title, shape.rows, shape.color)
    canvas.labels.card(card, canvas.rect(shape.x, shape.y, shape.w, shape.h), alpha=canvas.manner.alpha, key=canvas.key)


def draw_counter(canvas: Canvas, shape: Counter) -> None:
    card = card_of(shape.title, shape.rows, shape.color, shape.alarm)
    canvas.labels.counter(card, *canvas.at(shape.x, shape.y), alpha=canvas.manner.alpha, key=canvas.key)


def draw_plate(canvas: Canvas, shape: Plate) -> None:
    if shape.text:
        chip = PlateChip(shape.text, shape.caption or "", shape.color, shape.ink)
        canvas.labels.plate(chip, *canvas.at(shape.x, shape.y), alpha=canvas.manner.alpha, key=canvas.key)


def draw_heat_map(canvas: Canvas, shape: HeatMap) -> None:
    canvas.kept.heat.draw(canvas.planes, shape.data, shape.opacity * canvas.manner.alpha)


DRAWERS: dict[type, Callable[[Canvas, Any], None]] = {
    HeatMap: draw_heat_map,
    Polygon: draw_polygon,
    Line: draw_line,
    Trail: draw_trail,
    Fire: draw_fire,
    Box: draw_box,
    Point: draw_point,
    Skeleton: draw_skeleton,
    Temperature: draw_temperature,
    Card: draw_card,
    Counter: draw_counter,
    Plate: draw_plate,
}
"""In the order in which they are drawn, the first at the bottom."""
