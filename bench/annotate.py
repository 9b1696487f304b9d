"""Boxes with labels painted into a video: Onframe beside Pillow and OpenCV, and beside coding alone.

    python bench/annotate.py [--pictures 500] [--rounds 3] [--preset ultrafast]

1280x720, 20 moving boxes with two lines of text each. All decode the same file and code with the same settings; Pillow
and OpenCV do what one writes by hand: to RGB, rectangles and texts, and back. OpenCV is left out where it is not
installed (``pip install opencv-python-headless``). In turns, so that whatever else the machine does hits all of them;
CPU time (of all threads) is less at its mercy than pictures a second.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from onframe.annotate.file import annotate_file
from onframe.annotate.render import Wanted
from onframe.isapi.metadata import Metadata, Target
from onframe.overlay.painter import Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.shapes import shapes_of
from onframe.overlay.view import View
from onframe.record import Coordinates, Record, VideoTime, to_json

WIDTH, HEIGHT, BOXES, RATE = 1280, 720, 20, 25
STEP = 90_000 // RATE
COLOR = (255, 200, 87)
BASE = Fraction(1, 90_000)
PLAIN = View.parse({"hide": "trail"})
"""Boxes and labels alone, as the others draw them."""
_HELD = 100
"""Pictures kept in memory, 1.4 MB each."""
Draw = Callable[[av.VideoFrame, int], av.VideoFrame]


class Case(NamedTuple):
    """A film, the same with its Records painted in, the Records, and how it is coded."""

    film: Path
    painted: Path
    records: Path
    pictures: int
    preset: str


def boxes(n: int) -> Iterator[tuple[int, int, int, int, int]]:
    """(number, x, y, width, height) in 1000ths of the picture."""
    for i in range(BOXES):
        x = (i % 5) * 190 + 20 + (n * (i % 3 + 1)) % 40
        yield i, x, (i // 5) * 230 + 60, 110, 140


def metadata(n: int) -> Metadata:
    targets = []
    for i, x, y, w, h in boxes(n):
        region: Any = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
        values = [("confidence", str(90 + i % 10)), ("speed", str(20 + (n // 5 + i) % 60))]
        targets.append(Target(i, recognition="vehicle" if i % 2 else "human", regions=[region], properties=values))
    return Metadata(type="activityTarget", sub_type="behaviorAnalysis", targets=targets)


def prepare(directory: Path, pictures: int, preset: str) -> Case:
    """A film with detail and movement, and a Record for each of its pictures."""
    film, records = directory / "film.mp4", directory / "records.jsonl"
    random = np.random.default_rng(1)
    small = random.integers(40, 200, (HEIGHT // 16, WIDTH // 16 + 64)).astype(np.uint8)
    wide = np.kron(small, np.ones((16, 16), np.uint8))
    with av.open(str(film), "w") as container:
        stream = new_stream(container, "veryfast")
        for n in range(pictures):
            luma = wide[:, 2 * n % 1024 : 2 * n % 1024 + WIDTH]
            planes = np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv420p")
            frame.pts, frame.time_base = n * STEP, BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with records.open("wb") as file:
        for n in range(pictures):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n / RATE)
            video = VideoTime(n * STEP, "sender_report", 0.0, True)
            file.write(to_json(Record("c", 1, 1, 1, n + 1, at, metadata(n), captured_at=at, video=video)) + b"\n")
    annotate_file(film, records, Wanted(output=directory / "painted.mp4", view=PLAIN))
    return Case(film, directory / "painted.mp4", records, pictures, preset)


def new_stream(container: Any, preset: str) -> Any:
    stream = container.add_stream("libx264", rate=RATE)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.time_base = stream.codec_context.time_base = BASE
    stream.codec_context.options = {"preset": preset, "crf": "21"}
    return stream


def coding_alone(case: Case, out: Path) -> float:
    """Pictures that are painted and decoded already, there and back again, coded and written.

    Boxes and labels cost the coder too: the film without them would be another task.
    """
    with av.open(str(case.painted)) as container:
        painted = [frame for _, frame in zip(range(_HELD), container.decode(video=0), strict=False)]
    there_and_back = [*painted, *painted[-2:0:-1]]
    start = time.perf_counter()
    with av.open(str(out), "w") as container:
        stream = new_stream(container, case.preset)
        for n in range(case.pictures):
            frame = there_and_back[n % len(there_and_back)]
            frame.pts, frame.time_base, frame.pict_type = n * STEP, BASE, 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return time.perf_counter() - start


def onframe(view: View) -> Callable[[Case, Path], float]:
    """The program itself, Records read from their file included."""

    def run(case: Case, out: Path) -> float:
        start = time.perf_counter()
        wanted = Wanted(output=out, preset=case.preset, view=view, force=True)
        tally = annotate_file(case.film, case.records, wanted)
        assert tally.states["exact"] == case.pictures
        return time.perf_counter() - start

    return run


def by_hand(draw: Draw) -> Callable[[Case, Path], float]:
    """Decoding in a thread, as Onframe has it; drawing and coding in another."""

    def run(case: Case, out: Path) -> float:
        waiting: queue.Queue[av.VideoFrame | None] = queue.Queue(8)

        def decode() -> None:
            with av.open(str(case.film)) as container:
                container.streams.video[0].thread_type = "AUTO"
                for frame in container.decode(video=0):
                    waiting.put(frame)
            waiting.put(None)

        start = time.perf_counter()
        threading.Thread(target=decode, daemon=True).start()
        with av.open(str(out), "w") as container:
            stream = new_stream(container, case.preset)
            n = 0
            while (frame := waiting.get()) is not None:
                pts = frame.pts
                drawn = draw(frame, n)
                drawn.pts, drawn.time_base, drawn.pict_type = pts, BASE, 0
                container.mux(stream.encode(drawn))
                n += 1
            container.mux(stream.encode(None))
        return time.perf_counter() - start

    return run


def nothing(frame: av.VideoFrame, n: int) -> av.VideoFrame:
    return frame


def with_pillow(frame: av.VideoFrame, n: int) -> av.VideoFrame:
    from PIL import ImageDraw

    image = frame.to_image()
    draw = ImageDraw.Draw(image)
    for i, x, y, w, h in pixels(n):
        draw.rectangle((x, y, x + w, y + h), outline=COLOR, width=2)
        draw.rectangle((x, y - 30, x + 110, y), fill=(15, 20, 25))
        draw.text((x + 6, y - 28), f"vehicle {i}", fill=(255, 255, 255), font=pillow_font())
        draw.text((x + 6, y - 14), f"{20 + (n // 5 + i) % 60} km/h", fill=(200, 200, 200), font=pillow_font())
    return av.VideoFrame.from_image(image)


def pillow_font(known: list[Any] = []) -> Any:  # noqa: B006
    from PIL import ImageFont

    if not known:
        known.append(ImageFont.load_default(13))
    return known[0]


def with_opencv(frame: av.VideoFrame, n: int) -> av.VideoFrame:
    import cv2

    image = frame.to_ndarray(format="bgr24")
    for i, x, y, w, h in pixels(n):
        cv2.rectangle(image, (x, y), (x + w, y + h), COLOR[::-1], 2, cv2.LINE_AA)
        cv2.rectangle(image, (x, y - 30), (x + 110, y), (25, 20, 15), -1)
        cv2.putText(image, f"vehicle {i}", (x + 6, y - 17), 0, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
        cv2.putText(image, f"{20 + (n // 5 + i) % 60} km/h", (x + 6, y - 4), 0, 0.4, (200, 200, 200), 1, cv2.LINE_AA)
    return av.VideoFrame.from_ndarray(image, format="bgr24")


def pixels(n: int) -> Iterator[tuple[int, int, int, int, int]]:
    for i, x, y, w, h in boxes(n):
        yield i, x * WIDTH // 1000, y * HEIGHT // 1000, w * WIDTH // 1000, h * HEIGHT // 1000


def drawing_alone(pictures: int) -> tuple[float, float]:
    """(median, 95th percentile) ms a picture of painting Shapes that are there, after a first round."""
    painter, coordinates = Painter(WIDTH, HEIGHT), Coordinates()
    told = [[Drawn(shape, "exact") for shape in shapes_of(metadata(n), coordinates)] for n in range(pictures)]
    planes = Planes.of(av.VideoFrame(WIDTH, HEIGHT, "yuv420p"))
    times = []
    for n in [*range(pictures), *range(pictures)]:
        start = time.perf_counter()
        painter.paint(planes, told[n])
        times.append((time.perf_counter() - start) * 1000)
    warm = sorted(times[pictures:])
    return statistics.median(warm), warm[len(warm) * 95 // 100]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default="ultrafast")
    options = parser.parse_args()
    rows: dict[str, Callable[[Case, Path], float]] = {
        "coding alone": coding_alone,
        "not painting": by_hand(nothing),
        "Onframe": onframe(PLAIN),
        "Onframe with trails": onframe(View()),
        "Pillow": by_hand(with_pillow),
    }
    try:
        import cv2  # noqa: F401
    except ImportError:
        print("OpenCV is not installed and left out", file=sys.stderr)
    else:
        rows["OpenCV"] = by_hand(with_opencv)
    with tempfile.TemporaryDirectory() as name:
        case = prepare(Path(name), options.pictures, options.preset)
        took: dict[str, list[float]] = {row: [] for row in rows}
        spent: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(options.rounds):
            for row, run in rows.items():
                before = time.process_time()
                took[row].append(run(case, Path(name) / "out.mp4"))
                spent[row].append(time.process_time() - before)
    print(f"{WIDTH}x{HEIGHT}, {BOXES} boxes with labels, x264 {options.preset}, {options.pictures} pictures")
    for row in rows:
        rates = sorted(options.pictures / seconds for seconds in took[row])
        of_alone = statistics.median(a / b for a, b in zip(took["coding alone"], took[row], strict=True))
        cpu = statistics.median(spent[row]) / options.pictures * 1000
        rate = statistics.median(rates)
        print(f"  {row:<22}{rate:7.1f} pictures/s   x{of_alone:.2f} of coding alone   {cpu:5.1f} ms of CPU a picture")
    median, p95 = drawing_alone(min(options.pictures, 300))
    print(f"  drawing with warm labels: {median:.2f} ms a picture, 95 % within {p95:.2f} ms")


if __name__ == "__main__":
    main()
