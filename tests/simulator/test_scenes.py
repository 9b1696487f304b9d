"""What is painted and what is sent are one: scenes are checked pixel by pixel against their own documents."""

from __future__ import annotations

import base64
import io
import math

import numpy
import pytest
from PIL import Image

from onframe.errors import OnframeError
from onframe.isapi.metadata import Metadata, Target
from onframe.simulator.scenes import SCENES, Scene, load
from onframe.simulator.scenes.gate import HELD, ROAD_LINE, Gate
from onframe.simulator.scenes.hall import Hall
from onframe.simulator.scenes.harbour import PIXELS_PER_DEGREE, Harbour
from onframe.simulator.scenes.lab import Lab
from onframe.simulator.scenes.painting import Canvas
from onframe.simulator.scenes.radar import RadarYard
from onframe.simulator.scenes.thermal import Thermal


class Flat(Canvas):
    """A canvas without shadows and lights, so that what differs from the background is the target itself."""

    def shadow(self, x: float, y: float, width: float, strength: int = 90) -> None:
        pass

    def glow(self, x: float, y: float, radius: float, color: tuple[int, ...], strength: float = 1.0) -> None:
        pass


def painted(scene: Scene, n: int) -> numpy.ndarray:
    canvas = Canvas()
    scene.paint_background(canvas)
    scene.paint(canvas, n)
    return numpy.asarray(canvas.image).astype(int)


def changed_box(before: Image.Image, after: Image.Image, bottom: float = 720) -> tuple[float, ...]:
    """The box around all pixels that differ clearly, above ``bottom``."""
    difference = numpy.abs(numpy.asarray(before).astype(int) - numpy.asarray(after).astype(int)).sum(axis=2) > 40
    difference[math.floor(bottom) :] = False
    ys, xs = numpy.nonzero(difference)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


def pixels(target: Target) -> tuple[float, ...]:
    """The box a document carries, in pixels of 1280x720."""
    assert target.box is not None
    x0, y0, x1, y1 = target.box
    return x0 * 1.28, y0 * 0.72, x1 * 1.28, y1 * 0.72


def documents(scene: Scene, n: int, sub_type: str) -> list[Metadata]:
    return [m for m, _ in scene.targets(n) if m.sub_type == sub_type]


@pytest.mark.requirement("B.11")
@pytest.mark.parametrize("n", [64, 130, 222, 305, 391])
def test_people_and_cars_stand_where_their_documents_say(n: int) -> None:
    from onframe.simulator.scenes import gate_art

    scene = Gate(seed=1)
    (document,) = documents(scene, n, "behaviorAnalysis")
    sights = scene.in_range(n)
    assert len(document.targets) == len(sights) > 0
    for sight, target in zip(sights, document.targets, strict=True):
        canvas = Flat()
        scene.paint_background(canvas)
        background = canvas.image.copy()
        gate_art.moving(canvas, [sight], n)
        assert changed_box(background, canvas.image) == pytest.approx(pixels(target), abs=3.0)


@pytest.mark.requirement("B.13")
def test_people_in_the_queue_stand_where_their_documents_say_and_are_counted() -> None:
    from onframe.simulator.scenes import hall_art

    scene = Hall(seed=1)
    (document,) = documents(scene, 150, "personQueueTime")
    queue = scene.queue(150)
    for visitor, target in zip(queue, document.targets, strict=True):
        canvas = Flat()
        scene.paint_background(canvas)
        background = canvas.image.copy()
        hall_art.moving(canvas, [visitor], 150)
        assert changed_box(background, canvas.image) == pytest.approx(pixels(target), abs=3.0)
        assert target.get("waitTime") == str(visitor.waited // 25)
    (count,) = scene._counting(150)
    assert count.metadata.targets[0].get("count") == str(len(document.targets)) == "5"


@pytest.mark.requirement("B.15")
def test_ships_float_where_their_documents_say() -> None:
    from onframe.simulator.scenes import harbour_art

    scene = Harbour(seed=1)
    for n in (60, 180, 330):
        (document,) = documents(scene, n, "shipsDetection")
        for ship, target in zip(scene.in_region(n), document.targets, strict=True):
            empty, canvas = Canvas(), Canvas()
            harbour_art.paint(empty, [], scene.pan(n), n)
            harbour_art.paint(canvas, [ship], scene.pan(n), n)
            x0, y0, x1, bottom = pixels(target)
            found = changed_box(empty.image, canvas.image, bottom - 10)
            if x0 > 0 and x1 < 1280:
                assert found[:3] == pytest.approx((x0, y0, x1), abs=7.0)


@pytest.mark.requirement("B.15")
def test_a_ships_speed_is_its_motion() -> None:
    scene = Harbour(seed=1)
    for ship in scene.ships(100):
        later = next(s for s in scene.ships(125) if s.target_id == ship.target_id)
        way = (later.x + scene.pan(125)) - (ship.x + scene.pan(100))
        metres = abs(way) / ship.voyage.kind.pixels_per_metre
        assert metres == pytest.approx(ship.voyage.kind.speed, rel=0.01)
        assert (way > 0) == ship.voyage.right


@pytest.mark.requirement("B.20")
def test_the_camera_turns_as_far_as_the_picture_moves() -> None:
    scene = Harbour(seed=1)
    first, second = (scene._position(n)[0].metadata.ptz for n in (0, 100))
    assert first is not None and second is not None
    turned = second.azimuth - first.azimuth  # type: ignore[operator]
    assert turned == pytest.approx((scene.pan(100) - scene.pan(0)) / PIXELS_PER_DEGREE, abs=0.001)
    assert turned == pytest.approx(2.8)


@pytest.mark.requirement("B.15")
@pytest.mark.parametrize("n", [40, 200, 310])
def test_temperatures_are_those_of_the_painted_colours(n: int) -> None:
    from onframe.simulator.scenes.thermal_art import palette

    scene = Thermal(seed=1)
    picture = painted(scene, n)
    readings = [t for m in documents(scene, n - n % 5, "thermometry") for t in m.targets] if n % 5 else []
    readings = readings or [t for d in scene._thermometry(n) for t in d.metadata.targets]
    for target in readings:
        (x, y), *more = target.regions[0]
        if more:
            continue
        color = picture[min(719, round(y * 0.72)), min(1279, round(x * 1.28))]
        nearest = int(numpy.abs(palette().astype(int) - color).sum(axis=1).argmin())
        assert nearest / 1023 * 140 == pytest.approx(float(target.get("tempValue") or "nan"), abs=4.0)


@pytest.mark.requirement("B.15")
def test_a_lines_three_readings_belong_together() -> None:
    targets = Thermal(seed=1)._thermometry(0)[0].metadata.targets
    values = {t.get("tempProperty"): float(t.get("tempValue") or "nan") for t in targets if t.rule_id == 1}
    assert values["lowest"] < values["average"] < values["highest"]
    assert [t.get("tempProperty") for t in targets if t.rule_id == 2] == [None]


@pytest.mark.requirement("B.4")
def test_hands_and_heads_are_painted_where_the_skeleton_says() -> None:
    from onframe.simulator.scenes.figures import SKINS

    scene = Lab(seed=1)
    picture = painted(scene, 100)
    (document,) = documents(scene, 100, "personalTrack")
    hands = 0
    for pose, point in zip(scene.poses(100), document.tracking, strict=True):
        skin = numpy.array(SKINS[pose.worker.look % len(SKINS)])
        for joint in point.joints:
            if joint.gesture_type in (0, 6) and joint.plane is not None and joint.plane[1] < 0.7:
                x, y = joint.plane
                hands += int(numpy.abs(picture[round(y * 720), round(x * 1280)] - skin).sum() < 30)
    assert hands >= 5


@pytest.mark.requirement("B.4")
def test_both_hands_up_and_only_that_is_a_suspicion() -> None:
    scene = Lab(seed=1)
    up = [n for n in range(scene.frames) if documents(scene, n, "personalTrack")[0].suspects]
    assert up and len(up) < scene.frames / 2
    assert all(any(pose.hands_up for pose in scene.poses(n)) for n in up)


@pytest.mark.requirement("B.14", "B.17")
def test_radar_targets_are_painted_at_their_angle_and_distance() -> None:
    from onframe.simulator.scenes import radar_art

    scene = RadarYard(seed=1)
    (document,) = [m for m, _ in scene._first_targets(60)]
    focal = 640 / math.tan(math.radians(35.44))
    for blip, target in zip([b for b in scene.blips(60) if not b.track.second], document.targets, strict=True):
        canvas = Flat()
        scene.paint_background(canvas)
        radar_art._sweep(canvas, 60)
        before = canvas.image.copy()
        scene.paint_background(canvas)
        radar_art.moving(canvas, [blip], 60)
        x0, _, x1, y1 = changed_box(before, canvas.image)
        assert target.angle is not None and target.distance is not None
        assert (x0 + x1) / 2 == pytest.approx(640 + focal * math.tan(math.radians(target.angle)), abs=3)
        ahead = target.distance * math.cos(math.radians(target.angle))
        nearer, farther = 236 + 5600 / (ahead - 0.6), 236 + 5600 / (ahead + 0.6)
        assert farther - 3 <= y1 <= nearer + 3


@pytest.mark.requirement("B.11")
def test_a_crossing_is_reported_exactly_when_it_happens() -> None:
    scene = Gate(seed=1)
    line = ROAD_LINE[0][1]
    for n in range(1, scene.frames):
        before = {s.target_id: s.y for s in scene.sights(n - 1)}
        for sight in scene.sights(n):
            if sight.actor.kind == "vehicle" and sight.target_id in before:
                crosses = (before[sight.target_id] < line) != (sight.y < line)
                if crosses:
                    events = [bool(scene.event(s)) for k in (n - 1, n, n + HELD - 1, n + HELD)
                              for s in scene.sights(k) if s.target_id == sight.target_id]  # fmt: skip
                    assert events == [False, True, True, False]


@pytest.mark.requirement("B.11", "R-035")
def test_a_rule_is_sent_when_it_changes_and_only_then() -> None:
    scene = Gate(seed=1)
    sent = {n: [m.targets[0] for m, _ in scene.changes(n)] for n in range(1, scene.frames)}
    assert 4 <= sum(map(len, sent.values())) <= 60
    for n, rules in sent.items():
        for rule in rules:
            states = [
                next(m.targets[0] for m, _ in scene.rules(k) if m.targets[0].rule_id == rule.rule_id)
                for k in (n - 1, n)
            ]
            assert states[0] != states[1] == rule


@pytest.mark.requirement("R-116")
def test_targets_outside_the_rules_range_are_left_out() -> None:
    scene = Gate(seed=1)
    far = [s for s in scene.sights(60) if s.y < 372]
    (document,) = documents(scene, 60, "behaviorAnalysis")
    assert far and not {s.target_id for s in far} & {t.target_id for t in document.targets}


@pytest.mark.requirement("R-116")
def test_a_device_of_the_other_reading_sends_them_without_sub_type() -> None:
    scene = load("gate", outside="without_sub_type")
    untyped = [m for m, _ in scene.targets(60) if m.sub_type is None]
    assert len(untyped) == 1 and untyped[0].type == "activityTarget" and untyped[0].targets


@pytest.mark.requirement("R-117")
def test_the_position_of_a_rule_that_is_not_valid_is_not_uploaded() -> None:
    rules = {m.targets[0].rule_id: m.targets[0] for m, _ in load("gate").rules(0)}
    assert rules[4].regions == [] and rules[4].get("eventType") == "loitering"
    assert rules[1].regions == [[(241, 664), (759, 664)]]


@pytest.mark.requirement("B.2")
def test_the_heat_map_is_a_picture_that_can_be_opened() -> None:
    (document,) = [m for m, _ in Hall(seed=1).heat_map(50)]
    assert document.pictures[0].data_type == "base64"
    picture = Image.open(io.BytesIO(base64.b64decode(document.pictures[0].data or "")))
    picture.load()
    assert picture.format == "PNG" and picture.size == (96, 54)
    assert document.situation is not None and document.situation.person_count == Hall(seed=1).people(50)


@pytest.mark.requirement("B.3")
def test_people_are_counted_as_they_cross_the_line() -> None:
    scene = Hall(seed=1)
    assert scene.passed(0, "coming") == 0
    assert scene.passed(3 * scene.frames - 1, "coming") - scene.passed(2 * scene.frames - 1, "coming") == 4
    assert scene.passed(3 * scene.frames - 1, "going") - scene.passed(2 * scene.frames - 1, "going") == 2


@pytest.mark.requirement("B.10")
def test_plates_are_invented_ones_and_stand_on_their_car() -> None:
    scene = Gate(seed=1)
    plates = {t.plate for n in range(0, 400, 10) for m in documents(scene, n, "ANPR") for t in m.targets}
    assert len(plates) == 4 and all(p is not None and p.startswith("ONF ") for p in plates)


@pytest.mark.parametrize("name", SCENES)
def test_the_loop_has_no_seam(name: str) -> None:
    scene = load(name)
    first, last, again = (painted(scene, n) for n in (0, scene.frames - 1, scene.frames))
    assert (first == again).all()
    usual = numpy.abs(painted(scene, 1) - first).mean()
    assert numpy.abs(first - last).mean() <= 2 * usual + 0.5


@pytest.mark.parametrize("name", SCENES)
def test_the_same_seed_makes_the_same_scene(name: str) -> None:
    one, other = load(name, 7), load(name, 7)
    assert [one.documents(n) for n in (1, 99)] == [other.documents(n) for n in (1, 99)]
    assert (painted(one, 99) == painted(other, 99)).all()


def test_another_seed_makes_another_scene() -> None:
    assert load("gate", 1).documents(99) != load("gate", 2).documents(99)


def test_target_ids_do_not_come_again_in_the_next_loop() -> None:
    for name in ("gate", "harbour", "radar"):
        scene = load(name)
        ids = [
            {t.target_id for m, _ in scene.targets(50 + k * 2 * scene.frames) for t in m.targets} - {None}
            for k in (0, 1)
        ]
        assert ids[0] and not ids[0] & ids[1]


def variants(metadata: Metadata, form: str) -> set[tuple[object, ...]]:
    """Which messages of the guide this document is an example of."""
    radar = None
    if metadata.is_radar:
        assert metadata.device is not None
        radar = "B.17" if metadata.device.channel is None else "B.14"
    block = None
    if metadata.radar is not None:
        block = "detection region" if metadata.radar.detection_region else "video region"
    own = ("triggerEvent", "true") in metadata.frame.properties
    triggered = [own or t.get("triggerEvent") == "true" for t in metadata.targets] or [False]
    return {(metadata.type, metadata.sub_type, form, metadata.kind, t, radar, block) for t in triggered}


EVERY = {
    ("ruleTarget", "heatmap", "json", "target", False, None, None),
    ("ruleTarget", "framesPeopleCounting", "json", "target", False, None, None),
    ("ruleTarget", "PeopleCounting", "json", "target", False, None, None),
    ("ruleTarget", "personalTrack", "json", "target", False, None, None),
    ("ruleTarget", "ANPR", "xml", "rule", False, None, None),
    ("activityTarget", "ANPR", "xml", "target", False, None, None),
    ("ruleTarget", "behaviorAnalysis", "xml", "rule", False, None, None),
    ("ruleTarget", "behaviorAnalysis", "xml", "rule", True, None, None),
    ("activityTarget", "behaviorAnalysis", "xml", "target", False, None, None),
    ("activityTarget", "behaviorAnalysis", "xml", "target", True, None, None),
    ("ruleTarget", "faceSnap", "xml", "rule", False, None, None),
    ("activityTarget", "faceSnap", "xml", "target", False, None, None),
    ("ruleTarget", "personQueueTime", "xml", "rule", False, None, None),
    ("activityTarget", "personQueueTime", "xml", "target", False, None, None),
    ("ruleTarget", "personQueueCounting", "xml", "rule", False, None, None),
    ("activityTarget", "personQueueCounting", "xml", "target", False, None, None),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.14", None),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", True, "B.14", None),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.14", "detection region"),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.14", "video region"),
    ("activityTargetRadar", "behaviorAnalysis", "xml", "target", False, "B.14", None),
    ("activityTargetRadar", "behaviorAnalysis", "xml", "target", True, "B.14", None),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.17", None),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.17", "detection region"),
    ("ruleTargetRadar", "behaviorAnalysis", "xml", "rule", False, "B.17", "video region"),
    ("activityTargetRadar", "behaviorAnalysis", "xml", "target", False, "B.17", None),
    ("activityTarget", "thermometry", "xml", "target", False, None, None),
    ("activityTarget", "fireDetection", "xml", "target", False, None, None),
    ("ruleTarget", "shipsDetection", "xml", "rule", False, None, None),
    ("activityTarget", "shipsDetection", "xml", "target", False, None, None),
    ("PTZ", None, "xml", "ptz", False, None, None),
}  # fmt: skip
"""Every metadata message of the guide, written out by hand."""


@pytest.mark.requirement("B.1", "B.2", "B.3", "B.4", "B.10", "B.11", "B.12", "B.13", "B.14", "B.15", "B.17", "B.20")
@pytest.mark.parametrize("start", range(0, 400, 57))
def test_all_carries_every_message_within_300_documents(start: int) -> None:
    scene = load("all")
    missing, sent, n = set(EVERY), 0, start
    pending = scene.rules(start)
    while missing and sent < 300:
        for document in pending[: 300 - sent]:
            missing -= variants(*document)
        sent += len(pending)
        n, pending = n + 1, scene.documents(n + 1)
    assert not missing


def test_a_scene_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(OnframeError) as caught:
        load("moon")
    assert "gate" in str(caught.value.hint)
