"""Fragmented MP4, judged by who reads it: PyAV, ffprobe and a real browser's MediaSource."""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import coded as pictures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from onframe.errors import ProtocolError
from onframe.record import AccessUnit
from onframe.viewer.fmp4 import FURTHEST_BACK, LONGEST_STEP, Muxer, Segment
from onframe.viewer.parameters import read_parameters
from onframe.wire.payload.nal import join_nals, split_nals

BEGIN = (1 << 32) - 10 * 3600  # the 32-bit timestamp wraps after ten pictures
PLAIN = [BEGIN + 3600 * n for n in range(50)]
STREAMS = [("H264", 0), ("H264", 3), ("H265", 0), ("H265", 3)]


def muxed(units: list[AccessUnit], muxer: Muxer | None = None) -> tuple[Muxer, list[Segment]]:
    muxer = muxer or Muxer(min(unit.timestamp for unit in units))
    return muxer, [segment for unit in units for segment in muxer.push(unit)]


def joined(segments: list[Segment]) -> bytes:
    return b"".join(segment.data for segment in segments)


def packets_of(data: bytes) -> list[tuple[int, int]]:
    """(pts, dts) of each sample."""
    with av.open(io.BytesIO(data)) as container:
        return [(packet.pts, packet.dts) for packet in container.demux(video=0) if packet.size]


def frames_of(data: bytes) -> list[tuple[int, np.ndarray]]:
    with av.open(io.BytesIO(data)) as container:
        return [(frame.pts, frame.to_ndarray(format="yuv420p")) for frame in container.decode(video=0)]


def decoded(units: list[AccessUnit]) -> list[np.ndarray]:
    """What the access units themselves show, in the order of showing."""
    context = av.CodecContext.create("h264" if units[0].codec == "H264" else "hevc", "r")
    context.thread_count = 1
    frames = [frame for unit in units for frame in context.decode(av.Packet(unit.data))] + context.decode(None)
    return [frame.to_ndarray(format="yuv420p") for frame in frames]


def decoding_times(segments: list[Segment]) -> list[int]:
    """The tfdt of each fragment."""
    return [struct.unpack_from(">Q", one.data, one.data.index(b"tfdt") + 8)[0] for one in segments if not one.start]


@pytest.mark.parametrize(("codec", "b_frames"), STREAMS)
def test_a_demuxer_finds_every_picture_at_its_time(codec: str, b_frames: int) -> None:
    units = pictures.coded(PLAIN, codec=codec, b_frames=b_frames)
    muxer, segments = muxed(units)
    assert [segment.start for segment in segments].count(True) == 1
    assert muxer.left_out == 0
    samples = packets_of(joined(segments))
    assert [pts for pts, _ in samples] == [unit.timestamp - BEGIN for unit in units]
    dts = [dts for _, dts in samples]
    assert all(earlier < later for earlier, later in zip(dts, dts[1:], strict=False))
    assert all(dts <= pts for pts, dts in samples)
    shown = frames_of(joined(segments))
    assert [pts for pts, _ in shown] == [3600 * n for n in range(50)]
    assert [pictures.number_in(picture) for _, picture in shown] == list(range(50))
    for (_, picture), wanted in zip(shown, decoded(units), strict=True):
        assert np.array_equal(picture, wanted)


def test_pictures_are_reordered_in_this_test() -> None:
    """Otherwise the streams with B pictures would show nothing."""
    for codec in ("H264", "H265"):
        times = [unit.timestamp for unit in pictures.coded(PLAIN, codec=codec, b_frames=3)]
        assert times != sorted(times)


@pytest.mark.server
@pytest.mark.parametrize(("codec", "b_frames", "tag"), [("H264", 3, "avc1"), ("H265", 0, "hvc1")])
def test_ffprobe_reads_the_track(tmp_path: Path, codec: str, b_frames: int, tag: str) -> None:
    _, segments = muxed(pictures.coded(PLAIN, codec=codec, b_frames=b_frames))
    path = tmp_path / "track.mp4"
    path.write_bytes(joined(segments))
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    (stream,) = json.loads(done.stdout)["streams"]
    assert (stream["codec_tag_string"], stream["width"], stream["height"]) == (tag, *pictures.SIZE)
    assert stream["nb_read_frames"] == "50"


@pytest.mark.parametrize("step", [3003, 1501.5, 3600])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_odd_rates_and_jitter_keep_every_presentation_time(step: float, b_frames: int) -> None:
    chance = random.Random(7)
    times = [round(BEGIN + step * n) + chance.randint(-180, 180) for n in range(60)]
    muxer, segments = muxed(pictures.coded(times, b_frames=b_frames))
    samples = packets_of(joined(segments))
    assert sorted(pts + muxer.base for pts, _ in samples) == sorted(times)
    dts = decoding_times(segments)
    assert dts == sorted(set(dts))
    assert all(dts <= pts for pts, dts in samples)
    assert abs(muxer.duration - step) <= 200


def test_after_lost_pictures_no_decoding_time_looks_like_a_new_beginning() -> None:
    """A MediaSource drops everything up to the next key picture where decoding times are over two durations apart."""
    units = pictures.coded(PLAIN)
    kept = [unit for n, unit in enumerate(units) if n not in (11, 12, 13, 14, 30)]
    muxer, segments = muxed(kept)
    dts = decoding_times(segments)
    assert max(later - earlier for earlier, later in zip(dts, dts[1:], strict=False)) <= 2 * 3600
    samples = packets_of(joined(segments))
    assert [pts + BEGIN for pts, _ in samples] == [unit.timestamp for unit in kept]
    assert samples[-1][0] == samples[-1][1]  # it has caught up


def test_b_pictures_that_the_parameter_sets_do_not_tell_of_are_noticed() -> None:
    """As from a camera without VUI parameters: the depth is learnt from the times, at the cost of the first ones."""
    units = pictures.coded(PLAIN, b_frames=2)
    muxer = Muxer(BEGIN)
    first = muxer.push(units[0])
    assert muxer.parameters is not None and muxer.parameters.reorder is not None
    muxer._reorder = 0  # what a stream that says nothing begins with
    segments = first + [segment for unit in units[1:] for segment in muxer.push(unit)]
    assert [segment.pts for segment in segments[1:]] == [unit.timestamp for unit in units]
    dts = decoding_times(segments)
    assert dts == sorted(set(dts))
    late = [time - (unit.timestamp - BEGIN) for time, unit in zip(dts, units, strict=True)]
    assert 0 < max(late[:6]) <= 3600
    assert max(late[6:]) <= 0


def test_another_size_in_mid_stream_has_a_start_of_its_own() -> None:
    large = pictures.coded(PLAIN[:25])
    small = pictures.coded(PLAIN[25:], size=(192, 108), first=25)
    muxer, segments = muxed(large + small)
    starts = [n for n, segment in enumerate(segments) if segment.start]
    assert starts == [0, 26]
    assert segments[26].pts == segments[27].pts == PLAIN[25]
    assert (muxer.parameters.width, muxer.parameters.height) == (192, 108)  # type: ignore[union-attr]
    again = packets_of(joined(segments[26:]))
    assert [pts for pts, _ in again] == [time - BEGIN for time in PLAIN[25:]]


def test_the_same_parameter_sets_again_are_no_start() -> None:
    _, segments = muxed(pictures.coded(PLAIN, group=5))
    assert sum(segment.key for segment in segments) == 1 + 10
    assert sum(segment.start for segment in segments) == 1


def test_samples_hold_no_parameter_sets_and_no_delimiters() -> None:
    units = pictures.coded(PLAIN[:10], extra=":aud=1")
    assert any(nal[0] & 31 == 9 for nal in split_nals(units[0].data))
    _, segments = muxed(units)
    kinds = {
        nal[0] & 31
        for segment in segments
        if not segment.start
        for nal in nals_of(segment.data[segment.data.index(b"mdat") + 4 :])
    }
    assert kinds <= {1, 5, 6}


def nals_of(sample: bytes) -> Iterator[bytes]:
    while sample:
        size = int.from_bytes(sample[:4], "big")
        yield sample[4 : 4 + size]
        sample = sample[4 + size :]


def test_pictures_before_the_first_key_picture_are_left_out() -> None:
    units = pictures.coded(PLAIN)
    muxer, segments = muxed(units[10:], Muxer(BEGIN))
    assert muxer.left_out == 15
    assert segments[0].start and segments[0].pts == PLAIN[25]
    assert decoding_times(segments)[0] == 25 * 3600


def test_a_jump_of_the_clock_does_not_fit() -> None:
    units = pictures.coded(PLAIN[:25])
    muxer, _ = muxed(units)
    last = PLAIN[24]
    assert muxer.fits(last + LONGEST_STEP) and not muxer.fits(last + LONGEST_STEP + 1)
    assert not muxer.fits(BEGIN - 1)
    far = Muxer(BEGIN - 10**6)
    muxed(units, far)
    assert far.fits(last - FURTHEST_BACK) and not far.fits(last - FURTHEST_BACK - 1)
    stray = AccessUnit("test", 1, 1, 1, datetime.now(UTC), last + 10**9, units[1].data, False)
    assert muxer.push(stray) == []
    assert muxer.left_out == 1


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """(name, content) of boxes that fill ``data`` to its last byte."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        assert 8 <= size <= len(data)
        found.append((data[4:8], data[8:size]))
        data = data[size:]
    return found


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=6),
    steps=st.lists(st.integers(-9000, 90_000), min_size=1, max_size=8),
)
def test_sizes_of_boxes_add_up_and_decoding_times_rise(sizes: list[int], steps: list[int]) -> None:
    muxer = Muxer(BEGIN)
    head = KEY[0]
    last, time = -1, BEGIN
    for unit_size, step in zip(sizes * 2, [0, *steps], strict=False):
        nals = [b"\x41" + b"\x55" * unit_size] if last >= 0 else split_nals(head.data)
        time = max(BEGIN, time + step)
        key = last < 0
        said = muxer.push(AccessUnit("test", 1, 1, 1, datetime.now(UTC), time, join_nals(nals), key))
        fragment = said[-1].data
        (moof, inside), (mdat, sample) = boxes(fragment)
        assert (moof, mdat) == (b"moof", b"mdat")
        (_, mfhd), (_, traf) = boxes(inside)
        parts = dict(boxes(traf))
        assert list(parts) == [b"tfhd", b"tfdt", b"trun"]
        (dts,) = struct.unpack_from(">Q", parts[b"tfdt"], 4)
        count, offset, _, size, _, composition = struct.unpack_from(">IIIIIi", parts[b"trun"], 4)
        assert (count, size) == (1, len(sample))
        assert fragment[offset:] == sample
        assert dts + composition + BEGIN == time
        assert dts > last
        last = dts


KEY = pictures.coded(PLAIN[:2])


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage without a start code",
        b"\0\0\0\1",
        b"\0\0\1\x67",
        b"\0\0\1\x65",
        b"\0\0\1\x26",
        b"\0\0\1\x67\x64\x00\x0c\xff\0\0\1\x68\0\0\1\x65\x88",
        b"\0\0\1\x40\x01\0\0\1\x42\x01\xff\0\0\1\x44\x01\xc0\0\0\1\x26\x01\xaf",
        b"\0\0\1" * 1000,
    ],
)
def test_hostile_pictures_cost_themselves(codec: str, data: bytes) -> None:
    muxer = Muxer(BEGIN)
    assert muxer.push(AccessUnit("test", 1, 1, 1, datetime.now(UTC), BEGIN, data, True, codec)) == []
    assert muxer.left_out == 1
    good = pictures.coded(PLAIN[:3], codec=codec)
    assert len(muxed(good, muxer)[1]) == 4


@settings(max_examples=300)
@given(st.data())
def test_damaged_parameter_sets_raise_nothing_else(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(["H264", "H265"]))
    whole = bytearray(DAMAGED[codec])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    Muxer(0).push(AccessUnit("test", 1, 1, 1, datetime.now(UTC), 0, bytes(whole[:cut]), True, codec))
    try:
        parameters = read_parameters(codec, split_nals(bytes(whole)))
    except ProtocolError:
        return
    assert parameters.reorder is None or 0 <= parameters.reorder <= 16


DAMAGED = {codec: pictures.coded(PLAIN[:1], codec=codec)[0].data[:400] for codec in ("H264", "H265")}


def test_the_depth_of_reordering_is_read() -> None:
    for codec in ("H264", "H265"):
        depths = [
            read_parameters(codec, split_nals(pictures.coded(PLAIN[:1], codec=codec, b_frames=b)[0].data)).reorder
            for b in (0, 1, 3)
        ]
        assert depths == [0, 1, 2]  # three B pictures make a pyramid: one of them is a reference


def test_high_profiles_say_their_format() -> None:
    """profile 100: chroma 4:2:0, eight bits (ISO/IEC 14496-15 section 5.3.3.1.2)."""
    parameters = read_parameters("H264", split_nals(KEY[0].data))
    assert parameters.configuration[1] == 100
    assert parameters.configuration[-4:] == bytes((0xFD, 0xF8, 0xF8, 0x00))


PAGE_SCRIPT = """
async ([codec, segments, times, step]) => {
  const source = new MediaSource(), video = document.createElement('video');
  video.muted = true;
  video.src = URL.createObjectURL(source);
  document.body.append(video);
  await new Promise((done) => source.addEventListener('sourceopen', done, { once: true }));
  const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
  buffer.mode = 'segments';
  for (const segment of segments) {
    const done = new Promise((resolve) => buffer.addEventListener('updateend', resolve, { once: true }));
    buffer.appendBuffer(Uint8Array.from(atob(segment), (one) => one.charCodeAt(0)));
    await done;
    if (video.error) return { error: video.error.message, shown: [] };
  }
  source.endOfStream(); // else a decoder of B pictures waits for more before it gives the last ones
  const canvas = new OffscreenCanvas(320, 180), context = canvas.getContext('2d', { willReadFrequently: true });
  const shown = [];
  const taken = (video) => {
    try {
      return new VideoFrame(video);
    } catch {
      return null; // on a busy machine it is not decoded yet
    }
  };
  for (const time of times) {
    const sought = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
    video.currentTime = time;
    await sought;
    let frame = taken(video);
    for (let tries = 0; tries < 100 && !(Math.abs(frame?.timestamp / 1e6 - time) <= step); tries += 1) {
      frame?.close();
      await new Promise((resolve) => setTimeout(resolve, 10)); // what was sought is painted a little later
      frame = taken(video);
    }
    context.drawImage(frame, 0, 0);
    let number = 0;
    for (let bit = 0; bit < 10; bit += 1) {
      if (context.getImageData(16 * bit + 8, 8, 1, 1).data[1] > 128) number |= 1 << bit;
    }
    shown.push([frame.timestamp, number]);
    frame.close();
  }
  return { error: null, shown, ranges: buffer.buffered.length };
}
"""


def shown_by(browser: Browser, muxer: Muxer, segments: list[Segment], wanted: list[int]) -> Any:
    """What the browser shows where it is sent to the middle of each picture."""
    page = browser.new_page()
    times = [(pts - muxer.base + muxer.duration / 2) / 90_000 for pts in wanted]
    coded = [base64.b64encode(segment.data).decode() for segment in segments]
    result = page.evaluate(PAGE_SCRIPT, [muxer.codec, coded, times, 0.75 * muxer.duration / 90_000])
    page.close()
    assert result["error"] is None
    return result


@pytest.mark.browser
@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("ahead", [0, 90_000])
def test_a_media_source_gives_each_picture_back_under_its_pts(browser: Browser, b_frames: int, ahead: int) -> None:
    """`ahead`: the time line may begin at the first picture, or earlier."""
    units = pictures.coded(PLAIN, b_frames=b_frames)
    muxer, segments = muxed(units, Muxer(BEGIN - ahead))
    result = shown_by(browser, muxer, segments, PLAIN)
    assert [number for _, number in result["shown"]] == list(range(50))
    assert [round(stamp * 0.09) + muxer.base for stamp, _ in result["shown"]] == PLAIN
    assert result["ranges"] == 1


@pytest.mark.browser
def test_a_media_source_lives_with_loss_jitter_and_another_size(browser: Browser) -> None:
    chance = random.Random(3)
    times = [round(BEGIN + 1501.5 * n) + chance.randint(-180, 180) for n in range(75)]
    units = pictures.coded(times[:50], b_frames=2) + pictures.coded(times[50:], size=(640, 360), first=50)
    lost = {time for n, time in enumerate(times) if n in (60, 61, 62, 63)}
    # A seek shows the first picture that lasts until then: a first guess that is too long would show the one before.
    muxer, segments = muxed([unit for unit in units if unit.timestamp not in lost], Muxer(times[0], duration=1502))
    wanted = times[:50] + times[64:]
    result = shown_by(browser, muxer, segments, wanted)
    assert [round(stamp * 0.09) + muxer.base for stamp, _ in result["shown"]] == wanted
    assert [number for _, number in result["shown"]][:50] == list(range(50))
    assert result["ranges"] == 1
