"""Frames and their planes."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from scenes import flat, frame_of

from onframe.overlay.painter import Colors, Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Box

BT709, BT601 = (0.2126, 0.0722), (0.299, 0.114)


def yuv_frame(width: int, height: int, name: str = "yuv420p") -> av.VideoFrame:
    frame = frame_of(flat(width, height, "#808080")).reformat(format=name)
    frame.pts, frame.time_base = 123_456, Fraction(1, 90_000)
    return frame


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le", "gray", "rgb24", "bgra"]
)
@pytest.mark.parametrize(("width", "height"), [(64, 48), (65, 49), (1280, 720)])
def test_any_frame_becomes_420_and_keeps_its_time(name: str, width: int, height: int) -> None:
    planes = Planes.of(yuv_frame(width, height, name))
    frame = planes.frame()
    assert frame.format.name == ("yuvj420p" if name == "yuvj420p" else "yuv420p")
    assert (frame.width, frame.height, frame.pts, frame.time_base) == (width, height, 123_456, Fraction(1, 90_000))
    assert planes.y.data.shape == (height, width)
    assert planes.u.data.shape == planes.v.data.shape == ((height + 1) // 2, (width + 1) // 2)


@pytest.mark.parametrize(("height", "name", "expected"), [
    (720, "yuv420p", Colors(BT709, False)), (719, "yuv420p", Colors(BT601, False)),
    (720, "yuvj420p", Colors(BT709, True)),
])  # fmt: skip
def test_a_matrix_that_is_not_named_is_guessed_by_height(height: int, name: str, expected: Colors) -> None:
    assert Planes.of(av.VideoFrame(320, height, name)).colors == expected


@pytest.mark.parametrize(("space", "shares"), [(1, BT709), (5, BT601), (6, BT601)])
@pytest.mark.parametrize(("sent", "full"), [(1, False), (2, True)])
def test_the_frame_says_its_matrix_and_range(space: int, shares: tuple[float, float], sent: int, full: bool) -> None:
    frame = av.VideoFrame(320, 240, "yuv420p")
    frame.colorspace, frame.color_range = space, sent
    assert Planes.of(frame).colors == Colors(shares, full)


def test_known_colours() -> None:
    # BT.601, limited: 16 + 219 * 0.299 = 81.5; 128 - 224 * 0.299 / 1.772 = 90.2; 128 + 224 / 2 = 240
    assert Colors(BT601).yuv("#ff0000") == (81, 90, 240)
    # BT.709: 16 + 219 * 0.2126 = 62.6; 128 - 224 * 0.2126 / 1.8556 = 102.3
    assert Colors(BT709).yuv("#ff0000") == (63, 102, 240)
    assert Colors(BT709, True).yuv("#ffffff") == (255, 128, 128)
    assert Colors(BT709).yuv("no colour") == Colors(BT709).yuv("#e2e8f0")


def test_rgb_is_converted_by_the_matrix_that_the_planes_say() -> None:
    for height in (360, 720):
        planes = Planes.of(frame_of(flat(640, height, "#c81e3c")))
        expected = planes.colors.yuv("#c81e3c")
        found = tuple(int(plane.data[100, 100]) for plane in (planes.y, planes.u, planes.v))
        assert np.abs(np.subtract(found, expected)).max() <= 2


def test_painting_leaves_frames_alone_that_share_the_memory() -> None:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=640, height=360, format="yuv420p", time_base=Fraction(1, 90_000))
    split, sinks = graph.add("split"), [graph.add("buffersink"), graph.add("buffersink")]
    source.link_to(split)
    for i, sink in enumerate(sinks):
        split.link_to(sink, i, 0)
    graph.configure()
    graph.push(yuv_frame(640, 360))
    one, other = sinks[0].pull(), sinks[1].pull()
    before = other.to_ndarray()
    planes = Planes.of(one)
    Painter(640, 360).paint(planes, [Drawn(Box(0.2, 0.2, 0.5, 0.5, "#5fe39a"), "exact")])
    assert (other.to_ndarray() == before).all()
    assert (planes.frame().to_ndarray() != before).any()


def test_planes_of_arrays_make_a_frame() -> None:
    y, half = np.full((31, 33), 100, np.uint8), np.full((16, 17), 120, np.uint8)
    frame = Planes(y, half, half.copy(), Colors(BT709, True)).frame()
    assert (frame.width, frame.height, int(frame.color_range), int(frame.colorspace)) == (33, 31, 2, 1)
    assert Planes.of(frame).y.data.tolist() == y.tolist()


def test_planes_that_do_not_fit_are_refused() -> None:
    y, half = np.zeros((32, 32), np.uint8), np.zeros((16, 16), np.uint8)
    with pytest.raises(ValueError, match="4:2:0"):
        Planes(y, y.copy(), y.copy()[:20])
    with pytest.raises(ValueError, match="C-contiguous"):
        Planes(y.T[::2].T, half, half.copy(), width=16)
    readonly = half.copy()
    readonly.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        Planes(y, half, readonly)


def test_a_painter_refuses_pictures_of_another_size() -> None:
    with pytest.raises(ValueError, match="1280x720 got a picture of 640x360"):
        Painter(1280, 720).paint(Planes.of(yuv_frame(640, 360)), [])
