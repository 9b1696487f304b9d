"""What drawing costs: the painter beside Pillow and OpenCV, and beside coding the video.

    python bench/painter.py [--frames 150] [--rounds 5] [--size 1280x720] [--boxes 20]

All draw the same on the same decoded pictures: boxes with a seam, each with a label on a filled ground. Pillow and
OpenCV work on RGB, so they convert there and back. They take turns in an order drawn anew each round, and CPU time of
the process is measured, so that a slow moment of the machine meets all of them. Needs the extra ``video``; OpenCV
(``opencv-python-headless``) is left out where it is missing.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from PIL import ImageDraw, ImageFont

from onframe.overlay.painter import Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Box

try:
    import cv2
except ImportError:
    cv2 = None

COLORS = ("#5fe39a", "#ffc857", "#ff5a67")
Draw = Callable[[av.VideoFrame, Sequence[Box]], av.VideoFrame]


class Options(NamedTuple):
    frames: int
    rounds: int
    width: int
    height: int
    boxes: int


def scene(number: int, options: Options, *, changing: bool) -> list[Box]:
    """The boxes of one picture: they move, and their labels change with every picture if they are to."""
    found = []
    for k in range(options.boxes):
        x, y = (40 + 60 * k % 1100 + number % 30) / 1280, (40 + k * 97 % 560) / 720
        score = 50 + (k + number) % 40 if changing else 50 + k
        labels = [f"human {k} 0.{score}"]
        found.append(Box(x, y, 110 / 1280, 90 / 720, COLORS[k % 3], labels=labels, subject=f"target/{k}"))
    return found


def with_painter(options: Options) -> Draw:
    painter = Painter(options.width, options.height)

    def draw(frame: av.VideoFrame, boxes: Sequence[Box]) -> av.VideoFrame:
        planes = Planes.of(frame)
        painter.paint(planes, [Drawn(box, "exact") for box in boxes])
        return planes.frame()

    return draw


def with_pillow(options: Options) -> Draw:
    unit = options.width / 1180
    font = ImageFont.load_default(12.5 * unit)

    def draw(frame: av.VideoFrame, boxes: Sequence[Box]) -> av.VideoFrame:
        image = frame.to_image()
        pen = ImageDraw.Draw(image)
        for box in boxes:
            x, y = box.x * image.width, box.y * image.height
            right, bottom = x + box.w * image.width, y + box.h * image.height
            pen.rectangle((x - 1, y - 1, right + 1, bottom + 1), outline="#04080e", width=4)
            pen.rectangle((x, y, right, bottom), outline=box.color, width=2)
            for line in box.labels:
                end = x + pen.textlength(line, font) + 15 * unit
                pen.rectangle((x, y - 25 * unit, end, y - 3 * unit), fill="#0a0e14")
                pen.text((x + 8 * unit, y - 22 * unit), line, font=font, fill="#f4f7fb")
        return av.VideoFrame.from_image(image).reformat(format="yuv420p")

    return draw


def with_opencv(options: Options) -> Draw:
    assert cv2 is not None
    cv2.setNumThreads(1)
    unit, face = options.width / 1180, cv2.FONT_HERSHEY_SIMPLEX

    def draw(frame: av.VideoFrame, boxes: Sequence[Box]) -> av.VideoFrame:
        image = frame.to_ndarray(format="bgr24")
        height, width, _ = image.shape
        for box in boxes:
            x, y = round(box.x * width), round(box.y * height)
            right, bottom = round((box.x + box.w) * width), round((box.y + box.h) * height)
            color = tuple(bytes.fromhex(box.color[1:])[::-1])
            cv2.rectangle(image, (x, y), (right, bottom), (14, 8, 4), 4)
            cv2.rectangle(image, (x, y), (right, bottom), color, 2)
            for line in box.labels:
                (w, _), _ = cv2.getTextSize(line, face, 0.45 * unit, 1)
                upper, lower = (x, round(y - 25 * unit)), (round(x + w + 15 * unit), round(y - 3 * unit))
                cv2.rectangle(image, upper, lower, (20, 14, 10), -1)
                foot = (round(x + 8 * unit), round(y - 9 * unit))
                cv2.putText(image, line, foot, face, 0.45 * unit, (251, 247, 244), 1, cv2.LINE_AA)
        return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")

    return draw


def clip(options: Options) -> list[av.Packet]:
    """A moving picture with some noise, as H.264."""
    encoder = encoder_for(options, "veryfast")
    rng = np.random.default_rng(1)
    noise = rng.integers(-6, 7, (8, options.height, options.width), np.int16)
    ground = (
        np.add.outer(np.arange(options.height) // 8, np.arange(2 * options.width) // 8).astype(np.int16) * 11 % 120 + 60
    )
    packets = []
    for i in range(options.frames):
        luma = (ground[:, 2 * i : 2 * i + options.width] + noise[i % 8]).astype(np.uint8)
        half = np.full((options.height // 2, options.width // 2), 124, np.uint8)
        frame = Planes(luma, half, half.copy()).frame()
        frame.pts, frame.time_base = i * 3600, Fraction(1, 90_000)
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def encoder_for(options: Options, preset: str) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = options.width, options.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 90_000), Fraction(25)
    encoder.options = {"preset": preset, "crf": "23", "tune": "zerolatency"}
    return encoder


def decoded(packets: Sequence[av.Packet]) -> list[av.VideoFrame]:
    """Fresh frames, so that nobody draws on another's drawing."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 2
    return [frame for packet in [*packets, None] for frame in decoder.decode(packet)]


def drawing(drawers: dict[str, Draw], packets: Sequence[av.Packet], options: Options) -> dict[str, list[float]]:
    """Milliseconds of CPU for each frame, one value a turn: warm labels, and labels that change with every picture."""
    found: dict[str, list[float]] = {}
    turns = [(name, changing) for name in drawers for changing in (False, True)]
    for turn in range(options.rounds + 1):
        random.shuffle(turns)
        for name, changing in turns:
            frames = decoded(packets)
            scenes = [scene(i, options, changing=changing) for i in range(len(frames))]
            begun = time.process_time()
            for frame, boxes in zip(frames, scenes, strict=True):
                drawers[name](frame, boxes)
            spent = (time.process_time() - begun) / len(frames) * 1e3
            if turn:  # the first one warms up
                found.setdefault(f"{name}, labels that change" if changing else name, []).append(spent)
    return found


def coding(draw: Draw | None, packets: Sequence[av.Packet], options: Options, preset: str | None) -> float:
    """Frames a second of wall time: decoded, drawn on, coded again."""
    scenes = [scene(i, options, changing=False) for i in range(len(packets))]
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 2
    encoder = encoder_for(options, preset) if preset else None
    count, begun = 0, time.perf_counter()
    for packet in [*packets, None]:
        for frame in decoder.decode(packet):
            drawn = draw(frame, scenes[count]) if draw else frame
            drawn.pts, drawn.time_base = count * 3600, Fraction(1, 90_000)
            if encoder is not None:
                encoder.encode(drawn)
            count += 1
    if encoder is not None:
        encoder.encode(None)
    return count / (time.perf_counter() - begun)


def encoding(packets: Sequence[av.Packet], options: Options, preset: str) -> float:
    """Frames a second of wall time, coded alone."""
    frames = decoded(packets)
    encoder = encoder_for(options, preset)
    begun = time.perf_counter()
    for i, frame in enumerate(frames):
        frame.pts, frame.time_base = i * 3600, Fraction(1, 90_000)
        encoder.encode(frame)
    encoder.encode(None)
    return len(frames) / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--boxes", type=int, default=20)
    chosen = parser.parse_args()
    width, height = (int(side) for side in chosen.size.split("x"))
    options = Options(chosen.frames, chosen.rounds, width, height, chosen.boxes)
    packets = clip(options)
    drawers = {"onframe": with_painter(options), "Pillow, through RGB": with_pillow(options)}
    if cv2 is not None:
        drawers["OpenCV, through BGR"] = with_opencv(options)
    print(
        f"{options.boxes} labelled boxes at {width}x{height}: ms of CPU a frame; xN: N times onframe [least-greatest]"
    )
    costs = drawing(drawers, packets, options)
    base = statistics.median(costs["onframe"])
    for name, values in costs.items():
        ratio = statistics.median(values) / base
        middle = statistics.median(values)
        print(f"  {name:42} {middle:7.2f} [{min(values):.2f}-{max(values):.2f}]  x{ratio:.1f}")
    print("frames a second (wall time; best of the rounds)   decode     +ultrafast   +veryfast")
    for name, draw in {"nothing drawn": None, **drawers}.items():
        best = [max(coding(draw, packets, options, p) for _ in range(3)) for p in (None, "ultrafast", "veryfast")]
        print(f"  {name:44} {best[0]:10.0f} {best[1]:12.0f} {best[2]:11.0f}")
    alone = [max(encoding(packets, options, preset) for _ in range(3)) for preset in ("ultrafast", "veryfast")]
    print(f"  {'x264 alone':44} {'':10} {alone[0]:12.0f} {alone[1]:11.0f}")
    print("target: at most 1 ms a frame with warm labels, " + ("met" if base <= 1 else "MISSED"))


if __name__ == "__main__":
    main()
