"""Live: rules in force, targets alive, trails."""

from datetime import UTC, datetime, timedelta

import pytest

from onframe.isapi.metadata import Frame, Metadata, PTZInfo, Radar, RadarDetectionRegion, Target, VideoDetectionRegion
from onframe.live import Live, TargetKey
from onframe.record import Record

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
AT = START.timestamp()


def record(metadata, seconds=0.0, *, epoch=1, channel=1, stream=1, camera="gate", captured=None, n=1):
    at = START + timedelta(seconds=seconds)
    return Record(
        camera=camera,
        channel=channel,
        stream=stream,
        epoch=epoch,
        n=n,
        received_at=at,
        captured_at=at if captured is None else captured,
        metadata=metadata,
    )


def target(target_id, x=100, y=100):
    return Target(target_id=target_id, regions=[[(x, y), (x + 20, y), (x + 20, y + 40), (x, y + 40)]])


def seen(*targets, sub_type="behaviorAnalysis"):
    return Metadata(type="activityTarget", sub_type=sub_type, targets=list(targets))


def rules(*targets, sub_type="behaviorAnalysis"):
    return Metadata(type="ruleTarget", sub_type=sub_type, targets=list(targets))


def ids(live, at=None):
    return [t.target.target_id for t in live.targets(at)]


@pytest.mark.requirement("R-035")
def test_rules_hold_until_others_of_their_type_and_sub_type_come():
    live = Live()
    live.add(record(rules(target(1))))
    live.add(record(rules(target(7), sub_type="faceSnap"), 1))
    live.add(record(seen(target(5)), 3600))
    assert [m.targets[0].target_id for m in live.rules_in_force()] == [1, 7]
    live.add(record(rules(target(2)), 3601))
    assert [m.targets[0].target_id for m in live.rules_in_force()] == [2, 7]


@pytest.mark.requirement("R-035")
def test_a_rule_document_without_targets_clears_its_rules():
    live = Live()
    live.add(record(rules(target(1))))
    live.add(record(rules(target(7), sub_type="faceSnap")))
    live.add(record(rules()))
    assert [m.sub_type for m in live.rules_in_force()] == ["faceSnap"]


def test_rules_outside_of_a_target_are_rules():
    live = Live()
    live.add(record(Metadata(type="ruleTarget", sub_type="queue", frame=Frame(regions=[[(0, 0), (1, 1), (2, 0)]]))))
    radar = Radar(detection_region=RadarDetectionRegion(angle=60))
    live.add(record(Metadata(type="ruleTarget", sub_type="queue", radar=radar)))
    assert len(live.rules()) == 2
    live.add(record(rules(sub_type="queue")))
    assert live.rules() == []


@pytest.mark.fault("F57")
def test_a_new_epoch_forgets_rules_and_targets_of_that_stream_alone():
    live = Live()
    live.add(record(rules(target(1))))
    live.add(record(seen(target(5))))
    live.add(record(seen(target(6)), stream=2, epoch=9))
    live.add(record(seen(target(5, x=500)), 0.1, epoch=2))
    assert live.rules() == []
    assert sorted(ids(live)) == [5, 6]
    assert live.trail("behaviorAnalysis", 5) == [(510, 120)]


def test_a_target_lives_for_the_hold_of_camera_time():
    live = Live(hold=1.0)
    live.add(record(seen(target(1), target(2))))
    live.add(record(seen(target(2)), 0.8))
    assert ids(live, AT + 1.0) == [1, 2]
    assert ids(live, AT + 1.2) == [2]
    assert ids(live, AT + 1.9) == []


def test_a_document_without_one_target_does_not_end_it_at_once():
    live = Live(hold=0.5)
    live.add(record(seen(target(1))))
    live.add(record(seen(target(2)), 0.4))
    assert ids(live) == [1, 2]
    live.add(record(seen(target(2)), 0.6))
    assert ids(live) == [2]


@pytest.mark.requirement("R-119")
def test_trails_follow_camera_epoch_channel_sub_type_and_target_id():
    live = Live()
    live.add(record(seen(target(1, x=100))))
    live.add(record(seen(target(1, x=200)), 0.04))
    live.add(record(seen(target(1, x=900), sub_type="faceSnap"), 0.04))
    live.add(record(seen(target(2, x=700)), 0.08))
    assert live.trail("behaviorAnalysis", 1) == [(110, 120), (210, 120)]
    assert live.trail("faceSnap", 1) == [(910, 120)]
    assert live.trail("behaviorAnalysis", 3) == []
    live.add(record(seen(target(1, x=300)), 0.12, channel=2))
    assert live.trail("behaviorAnalysis", 1) == [(310, 120)]
    assert {t.key for t in live.targets() if t.target.target_id == 1} == {
        TargetKey("gate", 1, 1, "behaviorAnalysis", 1),
        TargetKey("gate", 1, 1, "faceSnap", 1),
        TargetKey("gate", 1, 2, "behaviorAnalysis", 1),
    }


@pytest.mark.fault("F57")
@pytest.mark.requirement("R-119")
def test_an_id_used_again_after_a_reconnection_is_another_target():
    live = Live()
    live.add(record(seen(target(1, x=100))))
    live.add(record(seen(target(1, x=800)), 0.1, epoch=2))
    assert live.trail("behaviorAnalysis", 1) == [(810, 120)]


@pytest.mark.requirement("R-119")
def test_trails_are_bounded_by_number_and_by_time():
    live = Live(trail_length=40, trail_seconds=4.0)
    for n in range(200):
        live.add(record(seen(target(1, x=n)), n * 0.04))
    assert len(live.trail("behaviorAnalysis", 1)) == 40
    live.add(record(seen(target(1, x=500)), 200 * 0.04 + 3.5))
    assert live.trail("behaviorAnalysis", 1)[0] == (198, 120)


@pytest.mark.requirement("R-119")
def test_a_target_that_comes_back_soon_goes_on_with_its_trail():
    live = Live(hold=0.5)
    live.add(record(seen(target(1, x=100))))
    live.add(record(seen(target(2)), 2))
    assert ids(live) == [2]
    live.add(record(seen(target(1, x=300)), 2.5))
    assert live.trail("behaviorAnalysis", 1) == [(110, 120), (310, 120)]
    live.add(record(seen(target(2)), 9))
    live.add(record(seen(target(1, x=300)), 9.1))
    assert live.trail("behaviorAnalysis", 1) == [(310, 120)]


@pytest.mark.requirement("R-116")
def test_targets_without_a_sub_type_are_targets_of_no_type():
    live = Live()
    live.add(record(seen(target(1), sub_type=None)))
    live.add(record(seen(target(1, x=200), sub_type=None), 0.04))
    assert [t.key.sub_type for t in live.targets()] == [None]
    assert live.trail(None, 1) == [(110, 120), (210, 120)]


def test_targets_without_an_id_live_until_the_next_document_of_their_sub_type():
    live = Live()
    live.add(record(seen(target(None, x=1), target(None, x=2))))
    assert len(live.targets()) == 2
    live.add(record(seen(target(None, x=3)), 0.04))
    assert [t.target.box[0] for t in live.targets()] == [3]


def test_a_target_without_a_place_has_no_trail():
    live = Live()
    live.add(record(seen(Target(target_id=4, angle=3, distance=20))))
    assert (ids(live), live.trail("behaviorAnalysis", 4)) == ([4], [])


def test_a_camera_clock_that_is_set_neither_ends_nor_freezes_targets():
    live = Live(hold=1.0)
    hour = timedelta(hours=1)
    live.add(record(seen(target(1, x=100))))
    live.add(record(seen(target(2)), 0.1, captured=START + hour + timedelta(seconds=0.1)))
    assert ids(live) == [1, 2]
    live.add(record(seen(target(2)), 0.2, captured=START - hour + timedelta(seconds=0.2)))
    assert ids(live) == [1, 2]
    live.add(record(seen(target(2)), 1.5, captured=START - hour + timedelta(seconds=1.5)))
    assert ids(live) == [2]


def test_memory_is_bounded_whatever_the_ids():
    live = Live()
    for n in range(30):
        live.add(record(seen(*(target(100 * n + k) for k in range(100))), n / 1000))
        live.add(record(rules(target(1), sub_type=f"s{n * 100}")))
    assert len(live.targets()) <= 1000


def test_where_a_dome_looks_is_neither_rule_nor_target():
    live = Live()
    live.add(record(Metadata(type="PTZ", ptz=PTZInfo(azimuth=10))))
    assert (live.rules(), live.targets()) == ([], [])


def test_clear_forgets_everything():
    live = Live()
    live.add(record(rules(target(1))))
    live.add(record(seen(target(1))))
    live.clear()
    assert (live.rules(), live.targets(), live.trail("behaviorAnalysis", 1)) == ([], [], [])


@pytest.mark.requirement("B.14", "R-097")
def test_a_radars_rules_and_regions_are_in_force_side_by_side() -> None:
    live = Live()
    kind = "ruleTargetRadar"
    rule = Metadata(type=kind, sub_type="behaviorAnalysis", targets=[Target(rule_id=1, polar=[(30, 10)])])
    detection = Radar(detection_region=RadarDetectionRegion(angle=60))
    video = Radar(video_region=VideoDetectionRegion(angle=10, field_view=70))
    for metadata in (rule, Metadata(type=kind, radar=detection, sub_type="behaviorAnalysis")):
        live.add(record(metadata))
    live.add(record(Metadata(type=kind, radar=video, sub_type="behaviorAnalysis")))
    live.add(record(Metadata(type=kind, radar=detection, sub_type="behaviorAnalysis")))
    assert [found.radar for found in live.rules_in_force()] == [None, detection, video]
