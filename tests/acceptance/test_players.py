"""Players that are not ours at the simulated camera: ffmpeg, GStreamer and PyAV, by every transport that they have."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import av
import pytest

from onframe.simulator.camera import SimulatedCamera

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

Program = Callable[..., "subprocess.CompletedProcess[str]"]
CANARY = "Kanarie-7q"
STARTING = 240.0
"""Seconds that a film may take which is not in the cache yet."""
SECONDS = "20"
"""What a player may take for its second or two of media: `timeout` ends it then, with a bad exit code."""


@pytest.fixture(scope="module")
def locked() -> Iterator[SimulatedCamera]:
    """Asks for the password by MD5, and speaks TLS too."""
    with SimulatedCamera("gate", password=CANARY, tls=True) as camera:
        yield camera


@pytest.fixture(scope="module")
def unlocked() -> Iterator[SimulatedCamera]:
    """Asks for no password."""
    with SimulatedCamera("gate", password=CANARY, quirks={"auth": "none"}) as camera:
        yield camera


@pytest.fixture(scope="module")
def h265(locked: SimulatedCamera) -> str:
    """The URL of the H.265 stream, whose pictures are made when it is first asked for."""
    url, end = stream(locked, 103), time.monotonic() + STARTING
    probe = ("timeout", SECONDS, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", url)
    while subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        assert time.monotonic() < end, "the H.265 stream has no pictures"
    return url


@pytest.fixture(scope="module", params=["basic", "digest+basic"])
def other_login(request: pytest.FixtureRequest) -> Iterator[SimulatedCamera]:
    """Asks for the password in other ways that both players know (neither knows SHA-256, GStreamer no qop)."""
    with SimulatedCamera("gate", password=CANARY, quirks={"auth": request.param}) as camera:
        yield camera


def stream(camera: SimulatedCamera, number: int = 101, *, tls: bool = False, login: bool = True) -> str:
    scheme, port = ("rtsps", camera.rtsps_port) if tls else ("rtsp", camera.rtsp_port)
    user = f"admin:{quote(CANARY)}@" if login else ""
    return f"{scheme}://{user}127.0.0.1:{port}/ISAPI/Streaming/channels/{number}"


def decoded(program: Program, transport: str, url: str, *maps: str) -> list[int]:
    """How many pictures, pieces of sound and documents ffmpeg gets in two seconds."""
    what = maps or ("-map", "0:v", "-map", "0:a")
    source = ("-nostdin", "-v", "error", "-rtsp_transport", transport, "-i", url)
    done = program("timeout", SECONDS, "ffmpeg", *source, "-t", "2", *what, "-f", "framecrc", "-")
    tracks = [line.partition(",")[0] for line in done.stdout.splitlines() if not line.startswith("#")]
    return [tracks.count(track) for track in ("0", "1")]


@pytest.mark.requirement("R-021", "R-032")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_decodes_picture_and_sound(locked, program, transport):
    pictures, sounds = decoded(program, transport, stream(locked))
    assert pictures >= 20 and sounds >= 20


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_needs_no_password_where_none_is_asked_for(unlocked, program, transport):
    pictures, _ = decoded(program, transport, stream(unlocked, login=False))
    assert pictures >= 20


def test_ffmpeg_decodes_what_comes_over_tls(locked, program):
    pictures, sounds = decoded(program, "tcp", stream(locked, tls=True))
    assert pictures >= 20 and sounds >= 20


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_copies_the_documents_too(locked, program, transport):
    source = ("-nostdin", "-v", "error", "-rtsp_transport", transport, "-i", stream(locked))
    done = program("timeout", SECONDS, "ffmpeg", *source, "-t", "2", "-map", "0:d", "-c", "copy", "-f", "data", "-")
    assert len(re.findall("<Metadata.*?</Metadata>", done.stdout, re.DOTALL)) >= 10


def test_ffmpeg_decodes_the_h265_stream(h265, program):
    shown = ("-show_entries", "stream=codec_name", "-select_streams", "v", "-of", "csv=p=0")
    probed = program("timeout", SECONDS, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", *shown, h265)
    assert probed.stdout.split() == ["hevc"]
    pictures, _ = decoded(program, "udp", h265)
    assert pictures >= 20


def gstreamer(url: str, protocols: str, *options: str, codec: str = "h264") -> None:
    """Forty pictures, or `timeout` ends it.

    Its exit code is not asked for: at the end it may find its own PAUSE cancelled, and calls that an error.
    """
    source = ("rtspsrc", f"location={url}", f"protocols={protocols}", "multicast-iface=lo", *options)
    parsed = ("!", f"rtp{codec}depay", "!", f"{codec}parse", "!", "fakesink", "num-buffers=40")
    command = ("timeout", SECONDS, "gst-launch-1.0", *source, *parsed)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "Got EOS" in done.stdout, done.stdout + done.stderr


LOGIN = ("user-id=admin", f"user-pw={CANARY}")


@pytest.mark.parametrize("protocols", ["tcp", "udp", "udp-mcast"])
def test_gstreamer_plays(locked, protocols):
    gstreamer(stream(locked, login=False), protocols, *LOGIN)


@pytest.mark.parametrize("protocols", ["tcp", "udp", "udp-mcast"])
def test_gstreamer_needs_no_password_where_none_is_asked_for(unlocked, protocols):
    gstreamer(stream(unlocked, login=False), protocols)


def test_gstreamer_plays_what_comes_over_tls(locked):
    gstreamer(stream(locked, tls=True, login=False), "tcp", "tls-validation-flags=0", *LOGIN)


def test_gstreamer_that_may_choose_finds_a_transport(locked):
    gstreamer(stream(locked, login=False), "udp+udp-mcast+tcp", *LOGIN)


def test_gstreamer_plays_the_h265_stream(h265, locked):
    gstreamer(stream(locked, 103, login=False), "tcp", *LOGIN, codec="h265")


def test_ffmpeg_and_gstreamer_log_in_where_other_challenges_are_offered(other_login, program):
    pictures, _ = decoded(program, "tcp", stream(other_login))
    assert pictures >= 20
    gstreamer(stream(other_login, login=False), "tcp", *LOGIN)


@pytest.mark.parametrize(("transport", "tls"), [("tcp", False), ("udp", False), ("tcp", True)])
def test_pyav_decodes_pictures(locked, transport, tls):
    _decode_with_pyav(locked, transport, tls=tls)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_pyav_needs_no_password_where_none_is_asked_for(unlocked, transport):
    _decode_with_pyav(unlocked, transport)


def _decode_with_pyav(camera, transport, *, tls=False):
    options = {"rtsp_transport": transport}
    with av.open(stream(camera, tls=tls), options=options, timeout=float(SECONDS)) as container:
        kinds = [each.type for each in container.streams]
        sizes = {(frame.width, frame.height) for frame, _ in zip(container.decode(video=0), range(20), strict=False)}
    assert kinds == ["video", "audio", "data"]
    assert sizes == {(1280, 720)}


def test_no_player_is_ever_refused_a_right_password(locked, program):
    """Runs last: whatever the players above did, they did not lock anybody out."""
    program("timeout", SECONDS, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", stream(locked))
    assert locked.device.log == []
