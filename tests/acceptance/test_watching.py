"""Watching everything that the guide knows, plates alone, what is disabled, and what no device has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)

# Read off the examples of the guide's appendix B, one by one.
EVERY_MESSAGE = {
    ("ruleTarget", "heatmap", "json"),  # B.2
    ("ruleTarget", "framesPeopleCounting", "json"),  # B.3
    ("ruleTarget", "PeopleCounting", "json"),  # B.3
    ("ruleTarget", "personalTrack", "json"),  # B.4
    ("activityTarget", "ANPR", "xml"),  # B.10
    ("ruleTarget", "behaviorAnalysis", "xml"),  # B.11
    ("activityTarget", "behaviorAnalysis", "xml"),  # B.11
    ("ruleTarget", "faceSnap", "xml"),  # B.12
    ("activityTarget", "faceSnap", "xml"),  # B.12
    ("ruleTarget", "personQueueTime", "xml"),  # B.13
    ("activityTarget", "personQueueTime", "xml"),  # B.13
    ("ruleTarget", "personQueueCounting", "xml"),  # B.13
    ("activityTarget", "personQueueCounting", "xml"),  # B.13
    ("ruleTargetRadar", "behaviorAnalysis", "xml"),  # B.14
    ("activityTargetRadar", "behaviorAnalysis", "xml"),  # B.17
    ("activityTarget", "thermometry", "xml"),  # B.15
    ("activityTarget", "fireDetection", "xml"),  # B.15
    ("ruleTarget", "shipsDetection", "xml"),  # B.15
    ("activityTarget", "shipsDetection", "xml"),  # B.15
    ("PTZ", None, "xml"),  # B.20
}


def records(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.requirement("B.1", "B.2", "B.3", "B.4", "B.10", "B.11", "B.12", "B.13", "B.14", "B.15", "B.17", "B.20")
def test_400_records_cover_every_message_of_the_guide(everything):
    done = everything.onframe("watch", "--json", "--count", "400")
    assert done.returncode == 0, done.stderr
    seen = records(done.stdout)
    assert len(seen) == 400
    assert EVERY_MESSAGE <= {(one["metadata"]["type"], one["metadata"]["subType"], one["format"]) for one in seen}
    radar = [one["metadata"]["radar"] for one in seen if one["metadata"]["radar"]]
    assert any(one["detectionRegion"] for one in radar) and any(one["videoRegion"] for one in radar)


@pytest.mark.requirement("R-051", "R-055")
def test_a_subscription_to_plates_yields_plates_only(everything):
    done = everything.onframe(
        "watch", "--json", "--types", "ANPR", "--via", "subscribe", "--for", "30s", "--count", "5"
    )
    assert done.returncode == 0, done.stderr
    seen = records(done.stdout)
    assert {one["metadata"]["subType"] for one in seen} == {"ANPR"}
    assert all(
        target["values"]["licensePlate"] for one in seen for target in one["metadata"]["targets"] if one["n"] > 1
    )
    assert len(seen) == 5


@pytest.mark.server
@pytest.mark.requirement("R-056", "R-060")
def test_ffmpeg_finds_plates_only_at_the_uri_that_the_device_returned(everything, program, tmp_path: Path):
    answer = program(
        *("curl", "-sS", "--fail", "--digest", "-u", "admin:Kanarie-7q", "-H", "Content-Type: application/json"),
        *("-d", '{"type": ["ANPR"]}'),
        everything.url("/ISAPI/Streaming/channels/1/metadata/subscribeType?format=json"),
    )
    uri = json.loads(answer.stdout)["rtspURI"]
    out = tmp_path / "plates.xml"
    source = ("-v", "error", "-rtsp_transport", "tcp", "-i", everything.rtsp_url(uri))
    program("ffmpeg", *source, "-t", "40", "-frames:d", "8", "-map", "0:d", "-c", "copy", "-f", "data", str(out))
    sub_types = re.findall(rb"<subType>\s*(\w+)", out.read_bytes())
    assert len(sub_types) >= 4
    assert set(sub_types) == {b"ANPR"}


@pytest.mark.requirement("R-009")
def test_a_disabled_type_sends_nothing(everything):
    changed = everything.onframe("config set", "--disable", "ANPR,thermometry")
    assert changed.stdout.splitlines() == ["thermometry: enabled → disabled", "ANPR: enabled → disabled"]
    try:
        listed = everything.onframe("config get").stdout.splitlines()
        assert [line.split() for line in listed if line.startswith(("ANPR", "thermo"))] == [
            ["thermometry", "disabled"],
            ["ANPR", "disabled"],
        ]
        alone = everything.onframe("watch", "--json", "--types", "ANPR", "--for", "2s")
        assert (alone.returncode, alone.stdout) == (0, "")
        all_types = records(everything.onframe("watch", "--json", "--count", "150").stdout)
        seen = {one["metadata"]["subType"] for one in all_types}
        assert "shipsDetection" in seen and not seen & {"ANPR", "thermometry"}
    finally:
        everything.onframe("config set", "--enable", "ANPR,thermometry")


@pytest.mark.requirement("R-057")
@pytest.mark.parametrize("options", [("--types", "crowd", "--via", "subscribe"), ("--types", "ANPR,crowd")])
def test_a_type_that_no_device_knows_prints_the_devices_answer_with_its_meaning(everything, options):
    done = everything.onframe("watch", "--json", *options)
    assert done.returncode == 5
    assert done.stdout == ""
    assert "subscribeTypeErr (0x4000a016): metadata type cannot be subscribed" in done.stderr
    assert "hint: " in done.stderr and "Traceback" not in done.stderr


def test_for_and_count_end_the_watch(everything):
    done = everything.onframe("watch", "--json", "--for", "30s", "--count", "7")
    assert (done.returncode, len(records(done.stdout))) == (0, 7)
    done = everything.onframe("watch", "--for", "3s")
    assert (done.returncode, "live: the stream plays" in done.stdout) == (0, True)


def test_a_plate_is_shown_to_people(everything):
    done = everything.onframe("watch", "--types", "ANPR", "--kinds", "target", "--for", "30s", "--count", "20")
    assert done.returncode == 0
    assert "ONF" in done.stdout
