"""ffprobe, ffmpeg and curl at the simulated camera."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

CONFIGURATION = "/ISAPI/Streaming/channels/101/metadata"


@pytest.mark.requirement("R-021", "R-023")
def test_ffprobe_lists_video_audio_and_data(gate, program):
    what = ("-show_entries", "stream=codec_type", "-of", "csv=p=0")
    done = program("ffprobe", "-v", "error", "-rtsp_transport", "tcp", *what, gate.rtsp_url())
    assert done.stdout.split() == ["video", "audio", "data"]


def test_a_copy_of_picture_and_sound_decodes_without_error(gate, program, tmp_path: Path):
    out = str(tmp_path / "out.mkv")
    source = ("-v", "error", "-rtsp_transport", "tcp", "-i", gate.rtsp_url())
    program("ffmpeg", *source, "-t", "5", "-map", "0:v", "-map", "0:a", "-c", "copy", out)
    decoded = program("ffmpeg", "-v", "error", "-i", out, "-f", "null", "-")
    assert decoded.stdout + decoded.stderr == ""
    counted = ("-count_packets", "-show_entries", "stream=codec_type,nb_read_packets", "-of", "csv=p=0")
    packets = dict(line.split(",") for line in program("ffprobe", "-v", "error", *counted, out).stdout.split())
    assert int(packets["video"]) >= 100 and int(packets["audio"]) >= 100


@pytest.mark.requirement("R-040", "R-041")
def test_ffmpegs_data_track_is_byte_for_byte_what_watch_reports(gate, start, program, tmp_path: Path):
    out = tmp_path / "out.data"
    watching = start("watch", *gate.address, "--raw")
    watching.until(lambda process: any(event["kind"] == "record" for event in process.events()))
    source = ("-v", "error", "-rtsp_transport", "tcp", "-i", gate.rtsp_url())
    program("ffmpeg", *source, "-t", "4", "-map", "0:d", "-c", "copy", "-f", "data", str(out))
    copied = out.read_bytes()
    # Each session begins with rules of its own instant; from the first target on both get the same.
    begin = max(match.start() for match in re.finditer(rb"<\?xml", copied[: copied.index(b"activityTarget")]))
    last = copied[copied.rindex(b"<?xml") :]

    def reported(process: object) -> bytes:
        events = process.events()  # type: ignore[attr-defined]
        return b"".join(base64.b64decode(event["raw"]) for event in events if event["kind"] == "record")

    watching.until(lambda process: last in reported(process), 5)
    assert copied.count(b"<?xml", begin) > 60
    assert copied[begin:] in reported(watching)
    assert [event for event in watching.events() if event["kind"] in ("gap", "undecodable")] == []


@pytest.mark.requirement("R-009", "R-011", "B.16", "B.18")
def test_curl_reads_and_writes_the_configuration(gate, program, tmp_path: Path):
    curl = ("curl", "-sS", "--digest", "-u", "admin:Kanarie-7q", "-w", "\n%{http_code}")

    def set_plates(enable: str) -> str:
        (tmp_path / "cfg.xml").write_text(
            "<MetadataCfg><MetadataList><Metadata><type>ANPR</type>"
            f"<enable>{enable}</enable></Metadata></MetadataList></MetadataCfg>"
        )
        return program(*curl, "-X", "PUT", "-T", str(tmp_path / "cfg.xml"), gate.url(CONFIGURATION)).stdout

    def plates() -> str:
        body, status = program(*curl, gate.url(CONFIGURATION)).stdout.rsplit("\n", 1)
        assert status == "200"
        found = re.search(r"<type>ANPR</type>\s*<enable>(\w+)</enable>", body)
        assert found is not None, body
        return found[1]

    assert plates() == "true"
    answer, status = set_plates("false").rsplit("\n", 1)
    assert status == "200" and "<statusCode>1</statusCode>" in answer
    assert plates() == "false"
    set_plates("true")
    assert plates() == "true"


def test_curl_is_refused_with_a_wrong_password(gate):
    done = subprocess.run(
        ["curl", "-sS", "--digest", "-u", "admin:no", "-o", "/dev/null", "-w", "%{http_code}", gate.url(CONFIGURATION)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout == "401"
