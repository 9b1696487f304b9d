"""The golden scenes painted by the page's own modules in Chromium, and their pixels read back.

A scene (``tests/golden/scenes``) is one picture: ``background`` and ``patches`` of it in pixels, what is ``drawn`` on
it with its state, age and for how long it holds (ms, 500 where that is not said), the private ``areas``, and ``pixels``
whose colours were worked out by hand, each with its tolerance per channel and the reason. Page and painter are both
held against them.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from onframe.overlay.vocabulary import Shape
from onframe.viewer import wire

pytestmark = pytest.mark.browser

SCENES = Path(__file__).parent.parent / "golden" / "scenes"
STATIC = Path(wire.__file__).parent / "static"
ORIGIN = "http://localhost:9"  # nobody answers there: every request is served from the files
NAMES = sorted(file.stem for file in SCENES.glob("*.json"))

PAINT = """
async ([origin, scene, more]) => {
    const { Painter } = await import(`${origin}/paint.js`);
    const [width, height] = more.size ?? scene.size;
    const picture = new OffscreenCanvas(...scene.size);
    const g = picture.getContext('2d');
    g.fillStyle = scene.background;
    g.fillRect(0, 0, ...scene.size);
    for (const { x, y, w, h, color } of scene.patches ?? []) { g.fillStyle = color; g.fillRect(x, y, w, h); }
    const painter = new Painter(document.createElement('canvas'));
    painter.resize(width, height, more.ratio ?? 1);
    const decoded = new Promise((resolve) => (painter.onready = resolve));
    const drawn = scene.drawn.map((one) => ({ ...one, message: one.hold_ms ? { hold_ms: one.hold_ms } : null }));
    const paint = () => painter.paint(picture, drawn, { areas: scene.areas, selected: more.selected ?? null, now: 0 });
    paint();
    if (drawn.some((one) => one.shape.t === 'heatmap')) { await decoded; paint(); }
    const named = (one) => one.shape.subject || one.shape.t;
    const subjects = (more.hits ?? []).map(([x, y]) => painter.hit(x, y).map(named));
    return { url: painter.canvas.toDataURL('image/png'), placed: painter.labels.placed.map((one) => one.rect), subjects,
        taken: painter.labels.taken, dropped: painter.labels.dropped };
}
"""

CORNERS = """
async ([origin, { shapes, target, corners, steps }]) => {
    const { Painter } = await import(`${origin}/paint.js`);
    const picture = new OffscreenCanvas(1280, 720);
    const g = picture.getContext('2d');
    g.fillStyle = '#9098a0';
    g.fillRect(0, 0, 1280, 720);
    const painter = new Painter(document.createElement('canvas'));
    painter.resize(1280, 720, 1);
    const canvas = painter.canvas.getContext('2d');
    const dark = ([x, y]) => Math.max(...canvas.getImageData(x, y, 1, 1).data.slice(0, 3)) < 100;
    return steps.map((step) => {
        const shown = (step.target ? [...shapes, target] : shapes).map((shape) => ({ shape, state: 'exact', age: 0 }));
        painter.paint(picture, shown, { now: step.now });
        return Object.keys(corners).filter((corner) => dark(corners[corner]));
    });
}
"""
"""At which corners it is dark after each step."""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A blank page that may import the modules."""
    page = browser.new_page()

    def serve(route: Any) -> None:
        file = STATIC / route.request.url.removeprefix(ORIGIN).lstrip("/")
        if file.suffix == ".js" and file.is_file():
            route.fulfill(body=file.read_bytes(), headers={"Content-Type": "text/javascript"})
        else:
            route.fulfill(body="<!doctype html>", headers={"Content-Type": "text/html"})

    page.route("**/*", serve)
    page.goto(ORIGIN)
    yield page
    page.close()


def scene_of(name: str) -> Any:
    return json.loads((SCENES / f"{name}.json").read_text())


class Painted:
    """What the page's painter made of a scene; ``size`` in CSS pixels and ``ratio`` may be others than the scene's."""

    def __init__(self, page: Page, scene: Any, **more: Any) -> None:
        result = page.evaluate(PAINT, [ORIGIN, scene, more])
        data = base64.b64decode(result["url"].split(",")[1])
        self.image = Image.open(io.BytesIO(data)).convert("RGB")
        self.placed: list[dict[str, float]] = result["placed"]
        self.taken: list[dict[str, float]] = result["taken"]
        self.subjects: list[list[str]] = result["subjects"]
        self.dropped: int = result["dropped"]

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        red, green, blue = self.image.getpixel((x, y))  # type: ignore[misc]
        return red, green, blue


def rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def off(found: tuple[int, int, int], wanted: tuple[int, int, int]) -> int:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.requirement("R-119")
@pytest.mark.parametrize("name", NAMES)
def test_a_scene_has_the_pixels_that_were_worked_out(page: Page, name: str) -> None:
    scene = scene_of(name)
    painted = Painted(page, scene)
    assert painted.image.size == tuple(scene["size"])
    wrong = [
        f"({pixel['x']}, {pixel['y']}) is #{''.join(f'{c:02x}' for c in found)}, not {pixel['color']}: {pixel['why']}"
        for pixel in scene["pixels"]
        if off(found := painted.at(pixel["x"], pixel["y"]), rgb(pixel["color"])) > pixel["tolerance"]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_is_of_shapes_that_the_wire_knows(name: str) -> None:
    for drawn in scene_of(name)["drawn"]:
        msgspec.convert(drawn["shape"], Shape)


def test_there_is_a_scene_for_every_kind_of_shape_and_every_state() -> None:
    drawn = [one for name in NAMES for one in scene_of(name)["drawn"]]
    tags = {kind.__struct_config__.tag for kind in get_args(Shape)}
    assert {one["shape"]["t"] for one in drawn} == tags
    assert {one["state"] for one in drawn} == {"rule", "exact", "approximate", "interpolated", "held"}
    assert {area["how"] for name in NAMES for area in scene_of(name)["areas"]} == {"blur", "pixelate", "fill"}


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_without_what_it_draws_has_other_pixels(page: Page, name: str) -> None:
    """The pixels of each scene are of a kind that notices when nothing is drawn."""
    scene = scene_of(name)
    empty = Painted(page, {**scene, "drawn": [], "areas": []})
    assert any(
        off(empty.at(pixel["x"], pixel["y"]), rgb(pixel["color"])) > pixel["tolerance"] for pixel in scene["pixels"]
    )


def box(subject: str, x: float, y: float, w: float = 0.1, h: float = 0.2, **more: Any) -> dict[str, Any]:
    shape = {"t": "box", "x": x, "y": y, "w": w, "h": h, "color": "#5fe39a", "subject": subject, **more}
    return {"shape": shape, "state": "exact", "age": 0}


def scene(*drawn: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"size": [1280, 720], "background": "#202830", "drawn": list(drawn), "areas": [], "pixels": [], **more}


def crowd(count: int) -> dict[str, Any]:
    """Boxes with labels of two lines, plates, temperatures, cards, counters, panels, a radar and a notice; every sixth
    box is in alarm. Places follow from the number alone."""
    drawn: list[dict[str, Any]] = []
    for i in range(count):
        x, y = (i * 0.37) % 0.85, (i * 0.61) % 0.75
        labels = [f"vehicle {i} · silver grey large bus", "northeast to southwest · plate reverse"]
        drawn.append(box(f"a/target/{i}", x, y, labels=labels, alarm=i % 6 == 0))
        extra: list[dict[str, Any]] = [
            {
                "t": "plate",
                "x": x,
                "y": y,
                "text": f"XA{i:05}",
                "color": "#ffd02e",
                "ink": "#1c1500",
                "caption": "97 %",
            },
            {"t": "temperature", "x": y, "y": x, "text": f"{i}.5 °C", "color": "#ff7a59", "mark": "high"},
            {"t": "card", "x": x, "y": y, "w": 0.1, "h": 0.2, "title": f"face {i}", "rows": [["gender", "female"]]},
            {"t": "counter", "x": y, "y": x, "title": f"queue {i}", "rows": [["people", "5"], ["alarm at", "10"]]},
        ]
        shape = {"color": "#c4b5fd", **extra[i % 4], "subject": f"a/target/{i}"}
        drawn.append({"shape": shape, "state": "exact", "age": 0})
    rows = [["entered", "12"], ["left", "3"]]
    for title in ("people", "PTZ", "other"):
        panel = {"t": "panel", "title": title, "rows": rows, "color": "#c4b5fd"}
        drawn.append({"shape": panel, "state": "exact", "age": 0})
    radar = {"t": "radar", "title": "radar", "rings": [[1.0, "150 m"]], "blips": []}
    notice = {"t": "notice", "text": "a sentence to whoever looks on " * 4, "color": "#ff5a67"}
    drawn += [{"shape": shape, "state": "exact", "age": 0} for shape in ((radar, notice) if count > 2 else (notice,))]
    return scene(*drawn)


def overlapping(rects: list[dict[str, float]]) -> list[tuple[dict[str, float], dict[str, float]]]:
    def meet(a: dict[str, float], b: dict[str, float]) -> bool:
        apart = a["x"] + a["w"] <= b["x"] + 1e-6 or a["y"] + a["h"] <= b["y"] + 1e-6
        return not apart

    pairs = [(a, b) for i, a in enumerate(rects) for b in rects[:i]]
    return [(a, b) for a, b in pairs if meet(a, b) and meet(b, a)]


SIZES = [(320, 180, 2), (360, 202, 3), (640, 360, 1), (1280, 720, 1), (1920, 1080, 1), (3840, 2160, 1), (1920, 1080, 2)]


class TestTexts:
    @pytest.mark.parametrize(("width", "height", "ratio"), SIZES)
    @pytest.mark.parametrize("count", [1, 4, 12, 30])
    def test_no_two_texts_overlap_and_none_leaves_the_picture(
        self, page: Page, width: int, height: int, ratio: int, count: int
    ) -> None:
        if count > width * height / 12_000:
            count = width * height // 12_000  # what must be shown has to have room: alarms, plates, counts
        painted = Painted(page, crowd(count), size=[width, height], ratio=ratio)
        assert painted.placed and overlapping(painted.taken) == []
        for rect in painted.taken:
            assert rect["x"] >= 0 and rect["x"] + rect["w"] <= width * ratio + 0.1
            assert rect["y"] >= 0 and rect["y"] + rect["h"] <= height * ratio + 0.1

    @pytest.mark.parametrize(("width", "height", "ratio"), SIZES)
    def test_a_chip_is_high_enough_to_be_read(self, page: Page, width: int, height: int, ratio: int) -> None:
        painted = Painted(page, scene(box("a", 0.3, 0.4, labels=["human 12"])), size=[width, height], ratio=ratio)
        (chip,) = painted.placed
        # 22 units with letters of 12.5: letters of 10.75 CSS pixels on the smallest phone, of 15.6 on a large screen
        assert 18.9 <= chip["h"] / ratio <= (27.6 if width < 2400 else 44.1)
        assert chip["h"] / ratio > height / 50, "on a wall too"

    def test_where_there_is_no_room_alarms_stay(self, page: Page) -> None:
        labels = ["human 1", "line crossing"]
        boxes = [box(f"a/{i}", 0.4, 0.4, 0.2, 0.2, labels=labels, alarm=i == 39) for i in range(40)]
        painted = Painted(page, scene(*boxes), size=[320, 180])
        assert painted.dropped > 10
        assert overlapping(painted.taken) == []
        alarm = scene(*boxes[:39], box("a/39", 0.4, 0.4, 0.2, 0.2, labels=labels, alarm=True, color="#ff0000"))
        painted = Painted(page, alarm, size=[320, 180])
        red = [painted.at(x, y) for x in range(0, 320, 2) for y in range(0, 180, 2)]
        assert sum(off(color, (255, 0, 0)) < 20 for color in red) > 60  # its chip is filled with its colour

    def test_in_the_smallest_pictures_an_alarm_too_is_told_in_one_line(self, page: Page) -> None:
        def chip(width: int, *labels: str) -> float:
            drawn = scene(box("a/target/1", 0.3, 0.6, 0.2, 0.2, labels=list(labels), alarm=True))
            return Painted(page, drawn, size=[width, width * 9 // 16]).placed[0]["h"]

        assert chip(240, "human 1", "intrusion") == chip(240, "human 1")  # 300 units of 0.86 pixels are 258
        assert chip(320, "human 1", "intrusion") > chip(320, "human 1")

    def test_a_radar_alarm_keeps_its_event_where_its_figures_find_no_room(self, page: Page) -> None:
        def radar(*labels: str) -> bytes:
            blip = {"t": "blip", "x": 0, "y": 0.5, "color": "#ff5a67", "labels": labels, "alarm": True}
            shape = {"t": "radar", "title": "radar", "rings": [], "blips": [blip]}
            return Painted(page, scene({"shape": shape, "state": "exact", "age": 0})).image.tobytes()

        figures = "1203 · 12.25 km/h · 125.5 m north-west"
        assert radar(figures, "line crossing") == radar("1203 · line crossing") != radar(figures)

    def test_panels_keep_their_order_whichever_of_them_has_a_record_of_this_very_picture(self, page: Page) -> None:
        def panels(*states: str) -> Painted:
            drawn = []
            for title, state in zip(("heat map", "people", "queue"), states, strict=True):
                shape = {"t": "panel", "title": title, "rows": [["people", "5"]], "color": "#c4b5fd"}
                drawn.append({"shape": shape, "state": state, "age": 40, "hold_ms": 10_000})
            return Painted(page, scene(*drawn))

        before, after = panels("exact", "held", "held"), panels("held", "exact", "held")
        assert len(before.placed) == 3 and before.image.tobytes() == after.image.tobytes()

    def test_panels_leave_a_corner_at_which_they_hide_targets_for_a_while(self, page: Page) -> None:
        case = json.loads((SCENES.parent / "panels.json").read_text())
        found = page.evaluate(CORNERS, [ORIGIN, case])
        assert found == [[step["corner"]] for step in case["steps"]]

    def test_a_box_as_large_as_a_region_drives_no_text_out_of_it(self, page: Page) -> None:
        counter = {
            "t": "counter",
            "x": 0.6,
            "y": 0.7,
            "title": "queue 2",
            "rows": [["people", "5"]],
            "color": "#c4b5fd",
        }
        count = {"shape": {**counter, "subject": "queue"}, "state": "exact", "age": 0}
        people = [box(f"human/{i}", 0.45 + 0.1 * i, 0.5, 0.08, 0.2) for i in range(3)]
        region = box("heat map", 0.0, 0.4, 1.0, 0.6, look="box")
        (alone,), (within,) = (
            Painted(page, scene(count, *people)).placed,
            Painted(page, scene(count, *people, region)).placed,
        )
        assert alone == within and alone["y"] > 0.7 * 720

    def test_that_values_do_not_fit_is_said_once_for_all_documents_of_a_picture(self, page: Page) -> None:
        def notices(kind: str) -> int:
            texts = (f"{value} was sent" for value in (594, 1000, 759))
            shapes = [{"t": "notice", "text": text, "color": "#ffd166", "kind": kind} for text in texts]
            return len(Painted(page, scene(*[{"shape": one, "state": "exact", "age": 0} for one in shapes])).placed)

        assert (notices("notice"), notices("suspicion")) == (1, 3)

    def test_long_texts_are_cut(self, page: Page) -> None:
        long = box("a", 0.1, 0.4, labels=["W" * 120])
        painted = Painted(page, scene(long), size=[320, 180])
        (chip,) = painted.placed
        assert chip["w"] <= 0.62 * 320 + 0.1

    def test_a_text_that_is_hostile_is_drawn_as_text(self, page: Page) -> None:
        label = "<img src=x onerror=alert(1)>\u202e\u0000"
        painted = Painted(page, scene(box("a", 0.1, 0.4, labels=[label])))
        assert len(painted.placed) == 1

    def test_a_mark_of_direction_does_not_turn_a_text_round(self, page: Page) -> None:
        turned, plain = (scene(box("a", 0.1, 0.4, labels=[label])) for label in ("\u202eevil 12\u202c", "evil 12"))
        assert ImageChops.difference(Painted(page, turned).image, Painted(page, plain).image).getbbox() is None


class TestHits:
    def test_the_topmost_is_first_and_of_regions_the_smallest(self, page: Page) -> None:
        large, small = box("large", 0.1, 0.1, 0.6, 0.6), box("small", 0.3, 0.3)
        rule: dict[str, Any] = {"t": "polygon", "points": [[0, 0], [1, 0], [1, 1], [0, 1]], "color": "#7dd3fc"}
        polygon = {"shape": {**rule, "subject": "rule"}, "state": "rule", "age": 0}
        # within both; within the large one alone; beside both; outside of the picture
        hits = [[416, 288], [160, 144], [1200, 100], [2000, 2000]]
        painted = Painted(page, scene(polygon, large, small), hits=hits)
        assert painted.subjects == [["small", "large", "rule"], ["large", "rule"], ["rule"], []]

    def test_a_text_is_hit_before_what_lies_under_it(self, page: Page) -> None:
        under = scene(box("first", 0.3, 0.5, labels=["human 12"]), box("other", 0.0, 0.0, 1.0, 1.0))
        (chip,) = Painted(page, under).placed
        middle = [chip["x"] + chip["w"] / 2, chip["y"] + chip["h"] / 2]
        assert Painted(page, under, hits=[middle]).subjects[0] == ["first", "other"]

    def test_a_line_is_hit_near_it(self, page: Page) -> None:
        line = {"t": "line", "points": [[0.1, 0.5], [0.9, 0.5]], "color": "#7dd3fc", "subject": "line"}
        drawn = {"shape": line, "state": "rule", "age": 0}
        painted = Painted(page, scene(drawn), hits=[[640, 366], [640, 380], [60, 360]])
        assert painted.subjects == [["line"], [], []]

    def test_a_target_on_the_radar_is_hit_as_itself(self, page: Page) -> None:
        radar = scene_of("radar")
        radar["drawn"][0]["shape"]["blips"][0]["subject"] = "radar none/target/4"
        # the blip straight ahead lies on (210, 509); the card's corner is about the radar as a whole
        painted = Painted(page, radar, hits=[[212, 511], [20, 700], [800, 300]])
        assert painted.subjects == [["radar none/target/4"], ["radar"], []]


class TestSelection:
    def test_what_is_selected_glows(self, page: Page) -> None:
        plain, lit = scene_of("box"), scene_of("box")
        lit["drawn"][0]["shape"]["subject"] = "a"
        beside = (316, 270)  # 4.5 pixels outside of the left edge
        assert Painted(page, plain, selected="a").at(*beside) == rgb("#202830")
        glowing = Painted(page, lit, selected="a")
        assert min(glowing.at(*beside)) > 120
        assert off(glowing.at(320, 270), rgb("#5fe39a")) < 10

    def test_what_is_selected_is_firm_even_while_it_is_held(self, page: Page) -> None:
        held = scene_of("held-dashed")
        held["drawn"][0]["shape"]["subject"] = "a"
        faint, firm = Painted(page, held), Painted(page, held, selected="a")
        assert off(firm.at(324, 180), rgb("#5fe39a")) < off(faint.at(324, 180), rgb("#5fe39a"))


def test_an_interpolated_shape_is_thinner_than_an_exact_one(page: Page) -> None:
    """At twice the pixels: 2 units are 4.3 wide, three quarters of it 3.3."""

    def width(name: str) -> float:
        painted = Painted(page, scene_of(name), ratio=2)
        return sum(
            1 - off(painted.at(x, 540), rgb("#5fe39a")) / 187 for x in range(632, 652) if painted.at(x, 540)[1] > 60
        )

    assert width("interpolated") < 0.9 * width("box")


def test_an_alarm_that_is_held_goes_on_decaying(page: Page) -> None:
    flash = scene_of("box-flash")
    flash["drawn"][0].update(state="held", age=100)
    fresh = Painted(page, scene_of("box-flash")).at(313, 270)
    assert fresh[0] > Painted(page, flash).at(313, 270)[0] > 0x20


def test_of_more_shapes_than_can_be_told_apart_the_last_ones_are_drawn(page: Page) -> None:
    boxes = [box(f"a/{i}", 0.1 if i < 4000 else 0.6, 0.4) for i in range(5000)]
    painted = Painted(page, scene(*boxes))
    assert painted.at(128, 360) == rgb("#202830")  # the left edge of the first 4000
    assert off(painted.at(768, 360), rgb("#5fe39a")) < 10
