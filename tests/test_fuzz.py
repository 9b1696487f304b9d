"""The fuzz targets over their seeds and over damage that is the same in each run; `make fuzz` searches on."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "isapi" / "samples"
DAMAGED = 8000
"""Inputs of each target beside its seeds."""


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", ROOT / "fuzz" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TARGETS = load("targets").TARGETS


def seeds(name: str) -> list[bytes]:
    found = [path.read_bytes() for path in sorted((ROOT / "fuzz" / "seeds" / name).iterdir())]
    if name in ("xml", "json"):
        found += [path.read_bytes() for path in sorted(SAMPLES.glob(f"*.{name}"))]
    return found


def damaged(name: str) -> Iterator[bytes]:
    """Seeds with bytes changed, taken out, repeated, and pieces of other seeds put in."""
    chance = random.Random(name)
    known = seeds(name)
    for _ in range(DAMAGED):
        data = bytearray(chance.choice(known)[:4096])
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            end = min(len(data), at + chance.randint(0, 12))
            other = chance.choice(known)
            start = chance.randrange(len(other) + 1)
            data[at:end] = chance.choice(
                [
                    chance.randbytes(end - at),
                    b"",
                    data[at:end] * 3,
                    other[start : start + chance.randint(0, 40)],
                    chance.choice([b"\0", b"\xff", b"\r\n", b"\r\n\r\n", b'"', b"<", b">", b"{", b"$"]),
                ]
            )
        yield bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_over_its_seeds(name: str) -> None:
    found = seeds(name)
    assert len(found) >= 3
    for data in found:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_over_damaged_seeds(name: str) -> None:
    for number, data in enumerate(damaged(name)):
        try:
            TARGETS[name](data)
        except Exception as error:
            raise AssertionError(f"input {number}: {data!r}") from error


def test_a_target_fails_where_what_must_hold_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rail is not painted on: a reader that raises what is not Onframe's own is found by a seed."""
    targets = sys.modules["fuzz_targets"]
    monkeypatch.setattr(targets, "decode_all", lambda data, lenient_ip: iter([ValueError("a bug")]))
    with pytest.raises(AssertionError):
        TARGETS["xml"](b"<Metadata/>")


def test_the_runner_knows_every_target_and_its_corpora() -> None:
    runner = load("run")
    assert set(runner.SAMPLES) <= set(TARGETS)
    for name in TARGETS:
        assert (ROOT / "fuzz" / "seeds" / name).is_dir()
    assert all(path.stem in TARGETS for path in (ROOT / "fuzz" / "dictionaries").iterdir())
