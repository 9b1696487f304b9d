"""Pins that were kept: found again, private, and never in the way."""

import logging
import stat

import pytest

from onframe.camera.pins import Pins
from onframe.camera.state import Lock, state_directory, write

PIN, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def pins(tmp_path):
    return Pins(tmp_path / "state" / "pins.json")


def test_a_pin_is_kept_for_a_port_or_for_the_whole_host(pins):
    assert pins.load("camera", 443) is None
    pins.save("camera", None, PIN.upper())
    pins.save("camera", 322, OTHER)
    again = Pins(pins.path)
    assert (again.load("Camera", 443), again.load("camera.", 322), again.load("other", 443)) == (PIN, OTHER, None)
    assert again.forget("camera", 322) and not again.forget("camera", 322)
    assert again.load("camera", 322) == PIN


def test_addresses_are_the_same_with_and_without_brackets(pins):
    pins.save("[fe80::1%eth0]", 443, PIN)
    assert pins.load("fe80::1%eth0", 443) == PIN


def test_the_file_is_this_users_alone_and_replaced_whole(pins):
    pins.save("camera", None, PIN)
    pins.path.chmod(0o644)
    pins.save("camera", None, OTHER)
    assert stat.S_IMODE(pins.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(pins.path.parent.stat().st_mode) == 0o700
    assert [file.name for file in pins.path.parent.iterdir()] == ["pins.json"]


def test_what_is_no_fingerprint_is_not_kept(pins):
    with pytest.raises(ValueError):
        pins.save("camera", None, "no")
    assert not pins.path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"camera": 7}', b'{"camera": "ab"}', b"\xff", b"[" * 99999, b" " * 2**21]
)
def test_a_file_that_cannot_be_read_counts_as_empty_with_one_warning(pins, content, caplog):
    write(pins.path, content)
    with caplog.at_level(logging.WARNING, "onframe"):
        assert [pins.load("camera"), pins.load("camera")] == [None, None]
    assert len(caplog.records) == (0 if content == b"" else 1)
    pins.save("camera", None, PIN)
    assert pins.load("camera") == PIN


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_the_state_directory_falls_back_to_the_home_directory(monkeypatch, value, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "onframe"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert state_directory() == tmp_path / "x" / "onframe"


def test_a_lock_is_held_by_one_and_free_after_its_release(tmp_path):
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.acquire() and not second.acquire()
    first.release()
    first.release()
    assert second.acquire() and not first.acquire()
    second.release()
