"""The golden scenes painted by the page's own modules in Chromium, and their pixels read back.

A scene (``tests/golden/scenes``) is one picture: ``background`` and ``patches`` of it in pixels, what is ``drawn`` on
it with its state and age (ms), the private ``areas``, and ``pixels`` whose colours were worked out by hand, each with
its tolerance per channel and the reason. Page and painter are both held against them.
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
from PIL import Image
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
    const drawn = scene.drawn.map((one) => ({ message: null, ...one }));
    const paint = () => painter.paint(picture, drawn, { areas: scene.areas, selected: more.selected ?? null, now: 0 });
    paint();
    if (drawn.some((one) => one.shape.t === 'heatmap')) { await decoded; paint(); }
    const named = (one) => one.shape.subject || one.shape.t;
    const subjects = (more.hits ?? []).map(([x, y]) => painter.hit(x, y).map(named));
    return { url: painter.canvas.toDataURL('image/png'), placed: painter.labels.placed.map((one) => one.rect), subjects,
        taken: painter.labels.taken, dropped: painter.labels.dropped };
}
"""


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
