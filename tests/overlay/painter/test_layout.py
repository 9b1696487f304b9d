"""Where texts go, and what they look like in the planes."""

from __future__ import annotations

import itertools
import json
import random

import msgspec
import numpy as np
import pytest
from scenes import FOLDER, RGB, flat, planes_of, rgb_of

from onframe.overlay.painter import Colors, Painter
from onframe.overlay.painter.chips import NARROW, WIDE, Chip, Pens, card_of
from onframe.overlay.painter.geometry import Rect, ahead, barbs, crossing_arrow, overlap
from onframe.overlay.painter.layout import Item, Memory, Room, Size, arrange
from onframe.overlay.painter.text import Type, clean
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Blip, Box, Panel, Plate, Radar, Row, Shape


class Fixed(Item):
    """A text of given sizes."""

    __slots__ = ("sizes",)

    def __init__(self, anchor: Rect, *sizes: Size, keep: bool = False, rank: int = 1, key: str = "") -> None:
        super().__init__(anchor, len(sizes), "above", rank, keep=keep, gap=4, key=key)
        self.sizes = sizes

    def size(self, form: int) -> Size:
        return self.sizes[form]


BOUNDS = Rect(0, 0, 640, 360)


def test_the_best_place_is_above_then_below_then_beside() -> None:
    room = Room(BOUNDS)
    anchor = Rect(200, 100, 80, 60)
    places = arrange([Fixed(anchor, (60, 20)) for _ in range(4)], room)
    found = [(place.rect.x, place.rect.y) for place in places if place]
    # above: 100 - 20 - 4; below: 160 + 4; within: + 4; right: 200 + 80 + 4
    assert found == [(200, 76), (200, 164), (204, 104), (284, 100)]


def test_a_shorter_form_is_taken_where_the_long_one_finds_no_room() -> None:
    room = Room(Rect(0, 0, 100, 60))
    room.taken.append((0, 0, 60, 60))
    (placed,) = arrange([Fixed(Rect(70, 30, 10, 10), (90, 20), (30, 20))], room)
    assert placed is not None and placed.form == 1


def test_what_must_be_shown_is_shown_and_the_rest_is_left_out() -> None:
    room = Room(Rect(0, 0, 100, 60))
    room.taken.append((0, 0, 100, 60))
    anchor = Rect(40, 30, 10, 10)
    assert arrange([Fixed(anchor, (60, 20))], room) == [None]
    assert arrange([Fixed(anchor, (60, 20), keep=True)], room)[0] is not None


def test_an_alarm_goes_far_when_near_is_full() -> None:
    room = Room(BOUNDS)
    room.taken.append((0, 0, 500, 360))
    (placed,) = arrange([Fixed(Rect(200, 100, 80, 60), (60, 20), keep=True)], room)
    assert placed is not None and placed.far and placed.rect.x >= 500


@pytest.mark.parametrize("seed", range(8))
def test_no_text_lies_on_another(seed: int) -> None:
    chosen = random.Random(seed)
    room = Room(BOUNDS)
    items = [
        Fixed(Rect(chosen.randrange(600), chosen.randrange(320), 40, 40), (80, 36), (60, 20), rank=k % 3)
        for k in range(40)
    ]  # fmt: skip
    places = [place.rect for place in arrange(items, room) if place]
    assert len(places) >= 25
    for one, other in itertools.combinations(places, 2):
        assert overlap(one, [other.edges]) == 0
    for place in places:
        assert place.x >= 0 and place.y >= 0 and place.x + place.w <= 640 and place.y + place.h <= 360
        assert place.x % 2 == place.y % 2 == 0


def test_a_text_stays_where_it_was_for_a_while() -> None:
    memory = Memory()
    item = Fixed(Rect(200, 100, 80, 60), (60, 20), key="a")

    def placed(now: float, *taken: tuple[float, float, float, float]) -> float:
        room = Room(BOUNDS, memory, now)
        room.taken += taken
        (found,) = arrange([item], room)
        assert found is not None
        return found.rect.y

    assert placed(0) == 76
    assert placed(40, (190, 60, 300, 100)) == 164  # something stands above: below
    assert placed(80) == 164  # it has gone, but not for long
    assert placed(240) == 164  # here it is seen that above is free again
    assert placed(800) == 164
    assert placed(1040) == 76  # 600 ms later, when places are looked at again


def test_arrows() -> None:
    # going right, the right hand is below
    assert crossing_arrow([(0, 0), (10, 0)], 4) == ((5, -2), (5, 2))
    left, right = barbs((0, 0), (10, 0), 2)
    # 2 * cos(0.5) = 1.755, 2 * sin(0.5) = 0.959
    assert left == pytest.approx((8.245, -0.959), abs=0.001)
    assert right == pytest.approx((8.245, 0.959), abs=0.001)
    assert ahead((1, 1), (2, 0), 3, 1) == (7, 1)
    assert ahead((1, 1), (0.1, 0), 3, 5) == pytest.approx((6, 1))
    assert ahead((1, 1), (0, 0), 3, 5) is None
    assert ahead((1, 1), (0, 5e-324), 3, 5) is None


def test_texts_are_cut_to_their_room() -> None:
    letters = Type(13)
    assert letters.fitted("human 12", 500).width == letters.width("human 12")
    cut = letters.fitted("a very long label of a target", 80)
    assert 40 < cut.width <= 80
    wrapped = letters.wrapped("these points do not fit the coordinate space that was chosen", 120, 3)
    assert len(wrapped) == 3 and all(line.width <= 120 for line in wrapped)
    assert letters.fitted("x" * 100_000, 100).width <= 100


def test_a_changed_digit_changes_its_own_pixels_alone() -> None:
    letters = Type(16)
    one, other = letters.run("speed 12 km/h"), letters.run("speed 13 km/h")
    assert one.width == other.width and one.mask.shape == other.mask.shape
    columns = np.flatnonzero((one.mask != other.mask).any(axis=0))
    start = letters.width("speed 1")
    assert columns.size and columns.min() >= start - 1 and columns.max() <= start + letters.width("2") + 1


def test_where_a_line_is_too_wide_its_last_parts_go_whole() -> None:
    letters, line = Type(13), "ship 3 · crossing · 9 m"
    for shorter in (line, "ship 3 · crossing", "ship 3"):
        width = letters.width(shorter)
        assert letters.shortened(line, width) == letters.run(shorter)
        assert letters.shortened(line, width - 1).width < width
    assert letters.shortened("incomprehensible", 40) == letters.fitted("incomprehensible", 40)
    assert letters.shortened("a" + " · b" * 100_000, letters.width("a")) == letters.run("a")


def test_what_must_be_shown_takes_less_of_the_room_where_there_is_no_more() -> None:
    pens, line = Pens(1.0, Colors()), "rule 3 · intrusion"
    whole, narrow = (pens.sprite(Chip((line,), "#ff5a67", True, share), 320) for share in (WIDE, NARROW))
    assert narrow.width <= 0.3 * 320 < whole.width <= 0.62 * 320
    assert pens.fits(line, 320) and not pens.fits(line + " · and more of it, at length", 320)


def painted(width: int, *shapes: Shape) -> RGB:
    planes = planes_of(flat(width, width * 9 // 16, "#606060"))
    Painter(planes.width, planes.height).paint(planes, [Drawn(shape, "exact") for shape in shapes])
    return rgb_of(planes)


def test_in_the_smallest_pictures_an_alarm_too_is_told_in_one_line() -> None:
    def box(*labels: str) -> Box:
        return Box(0.3, 0.6, 0.2, 0.2, "#ff5a67", labels=list(labels), alarm=True)

    one, two = box("human 1"), box("human 1", "intrusion")
    assert np.array_equal(painted(240, one), painted(240, two))  # 300 units of 0.84 pixels are 252
    assert not np.array_equal(painted(320, one), painted(320, two))


def test_a_radar_alarm_keeps_its_event_where_its_figures_find_no_room() -> None:
    def radar(*labels: str) -> Radar:
        return Radar("radar", rings=[], blips=[Blip(0, 0.5, "#ff5a67", labels=list(labels), alarm=True)])

    figures = "1203 · 12.25 km/h · 125.5 m north-west"
    assert np.array_equal(painted(1280, radar(figures, "line crossing")), painted(1280, radar("1203 · line crossing")))
    assert not np.array_equal(painted(1280, radar(figures, "line crossing")), painted(1280, radar(figures)))


def test_what_is_invisible_is_no_part_of_a_text() -> None:
    assert clean("a\x00b\u202ec\td\ud800") == "a bc d\ufffd"


def test_labels_of_different_targets_are_legible() -> None:
    planes = planes_of(flat(1280, 720, "#808080"))
    shapes = [Drawn(Box(0.2 + 0.02 * k, 0.4, 0.1, 0.2, "#5fe39a", labels=[f"human {k}"]), "exact") for k in range(6)]
    Painter(1280, 720).paint(planes, shapes)
    bright = (rgb_of(planes) > 225).all(axis=-1).sum()
    alone = planes_of(flat(1280, 720, "#808080"))
    Painter(1280, 720).paint(alone, shapes[:1])
    each = (rgb_of(alone) > 225).all(axis=-1).sum()
    assert each > 60 and bright > 5 * each  # six texts, none covered by another


@pytest.mark.parametrize("width", [320, 640, 1280, 3840])
def test_texts_are_at_least_ten_pixels_high(width: int) -> None:
    height = width * 9 // 16
    planes = planes_of(flat(width, height, "#000000"))
    Painter(width, height).paint(planes, [Drawn(Plate(0.5, 0.4, "HHHH", "#ffffff", "#ff0000"), "exact")])
    rgb = rgb_of(planes).astype(int)
    ink = (rgb[..., 0] > 150) & (rgb[..., 1] < 120)
    rows = np.flatnonzero(ink[:, ink.any(axis=0)].any(axis=1))
    assert rows.max() - rows.min() + 1 >= 10


@pytest.mark.parametrize("width", [640, 720, 800, 1024, 1180, 1280, 1366, 1600, 1920, 2560])
def test_cards_are_as_wide_as_their_texts(width: int) -> None:
    pens = Pens(max(0.84, width / 1180), Colors())
    for title in ("people counting", "PTZ", "queue length and waiting"):
        card = card_of(title, [Row("longest wait", "1 min 33 s"), Row("age group", "middle aged")], "#c4b5fd")
        heading, names, values = pens.type(11, bold=True), pens.type(12), pens.type(14, bold=True)
        within = pens.sprite(card, width).width - 24 * pens.unit
        assert heading.width(title.upper()) <= within
        assert names.width("longest wait") + values.width("1 min 33 s") + 10 * pens.unit <= within


def test_a_panel_stands_at_its_corner() -> None:
    planes = planes_of(flat(1280, 720, "#c0c0c0"))
    Painter(1280, 720).paint(planes, [Drawn(Panel("PTZ", [Row("zoom", "4.5")], "#7dd3fc"), "exact")])
    dark = (rgb_of(planes) < 80).all(axis=-1)
    rows, columns = np.nonzero(dark)
    assert rows.min() == pytest.approx(11, abs=3) and columns.max() == pytest.approx(1280 - 11, abs=3)
    assert columns.min() > 1080 and rows.max() < 120


def test_panels_leave_a_corner_at_which_they_hide_targets_for_a_while() -> None:
    case = json.loads((FOLDER.parent / "panels.json").read_text())
    target, shapes = (msgspec.convert(case[name], type) for name, type in (("target", Shape), ("shapes", list[Shape])))
    painter = Painter(1280, 720)
    for step in case["steps"]:
        planes = planes_of(flat(1280, 720, "#9098a0"))
        shown = [*shapes, target] if step["target"] else shapes
        painter.paint(planes, [Drawn(shape, "exact") for shape in shown], now=step["now"])
        rgb = rgb_of(planes)
        dark = [corner for corner, (x, y) in case["corners"].items() if rgb[y, x].max() < 100]
        assert dark == [step["corner"]], step["why"]
