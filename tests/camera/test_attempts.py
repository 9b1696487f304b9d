"""Refused logins outlive the process: one attempt, then silence, whoever starts anew."""

import asyncio
import json
import logging
import stat
import subprocess
import sys
import textwrap

import pytest

from onframe.camera.attempts import Attempts
from onframe.camera.login import Login
from onframe.errors import AuthenticationError

HOST, USER = "camera.example", "operator"


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def attempts(tmp_path, clock):
    return Attempts(tmp_path / "logins", now=clock)


def again(attempts, clock):
    """As another process sees it."""
    return Attempts(attempts.directory, now=clock)


def login(attempts, password="canary"):
    return Login(USER, password, host=HOST, attempts=attempts)


@pytest.mark.fault("F5")
async def test_a_refused_password_is_not_sent_again_by_the_next_process_for_31_minutes(attempts, clock):
    first = login(attempts)
    await first.permit()
    first.refuse("wrong")
    clock.now += 31 * 60 - 1
    with pytest.raises(AuthenticationError, match="refused before, and is not sent again until 2023-11-1") as caught:
        await login(again(attempts, clock)).permit()
    assert "--forget-login camera.example" in caught.value.hint
    clock.now += 2
    await login(again(attempts, clock)).permit()


@pytest.mark.fault("F5")
async def test_a_changed_password_may_be_tried_at_once_and_each_is_remembered(attempts, clock):
    for password in ("one", "two"):
        this = login(again(attempts, clock), password)
        await this.permit()
        this.refuse("wrong")
    for password in ("one", "two"):
        with pytest.raises(AuthenticationError):
            await login(again(attempts, clock), password).permit()
    await login(again(attempts, clock), "three").permit()


async def test_another_user_and_another_host_are_other_logins(attempts, clock):
    attempts.record(HOST, USER, "canary")
    assert attempts.refusal(HOST, USER, "canary")
    assert attempts.refusal(HOST.upper(), USER, "canary")
    assert not attempts.refusal(HOST, "admin", "canary")
    assert not attempts.refusal("other.example", USER, "canary")


@pytest.mark.fault("F5")
async def test_success_clears_what_was_remembered_of_this_password_alone(attempts, clock):
    attempts.record(HOST, USER, "canary")
    attempts.record(HOST, USER, "other")
    clock.now += 31 * 60 + 1
    attempts.record(HOST, USER, "other")
    this = login(attempts)
    await this.permit()
    this.accept()
    clock.now -= 10 * 60
    assert not attempts.refusal(HOST, USER, "canary")
    clock.now += 10 * 60
    assert attempts.refusal(HOST, USER, "other")


@pytest.mark.parametrize(("locked_for", "minutes"), [(0, 31), (60, 31), (3600, 61), (10**9, 24 * 60 + 1)])
def test_the_cool_down_is_longer_than_the_devices_lock(attempts, clock, locked_for, minutes):
    attempts.record(HOST, USER, "canary", locked_for=locked_for)
    assert attempts.refusal(HOST, USER, "canary").until == clock.now + minutes * 60


def test_a_refusal_can_be_forgotten_by_hand(attempts, clock):
    attempts.record(HOST, USER, "canary")
    assert attempts.forget(HOST, USER)
    assert not attempts.forget(HOST, USER)
    assert not again(attempts, clock).refusal(HOST, USER, "canary")


def test_a_clock_that_was_put_back_does_not_lock_anybody_out(attempts, clock):
    attempts.record(HOST, USER, "canary")
    clock.now -= 30 * 24 * 3600
    assert not attempts.refusal(HOST, USER, "canary")


@pytest.mark.fault("F75")
def test_the_files_tell_neither_host_nor_user_nor_password_and_are_this_users_alone(attempts):
    attempts.record(HOST, USER, "canary")
    files = list(attempts.directory.rglob("*"))
    assert len(files) == 2
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_bytes().lower() + file.name.encode()
        for word in (b"canary", b"camera", b"operator"):
            assert word not in content
    assert stat.S_IMODE(attempts.directory.stat().st_mode) == 0o700


def test_a_password_that_is_refused_often_fills_no_disk(attempts, clock):
    for number in range(10):
        attempts.record(HOST, USER, f"canary{number}")
    assert len(json.loads(next(attempts.directory.glob("*.json")).read_bytes())) == 8
    assert attempts.refusal(HOST, USER, "canary9")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"\xff" * 100, b'[{"at": "x"}]', b"[" * 100_000, b"[" + b" " * 2_000_000],
    ids=["empty", "cut", "numbers", "binary", "of another kind", "deep", "long"],
)
async def test_a_corrupt_file_counts_as_none_and_is_told_once(attempts, clock, caplog, content):
    attempts.record(HOST, USER, "canary")
    next(attempts.directory.glob("*.json")).write_bytes(content)
    with caplog.at_level(logging.WARNING, "onframe"):
        for seen_by in (attempts, again(attempts, clock)):
            this = login(seen_by)
            await this.permit()
            this.release()
    assert [record.message.startswith("the refused logins in") for record in caplog.records] == [True]
    attempts.record(HOST, USER, "canary")
    assert again(attempts, clock).refusal(HOST, USER, "canary")


async def test_a_place_that_cannot_be_written_stops_nothing_and_is_told_once(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    this = login(Attempts(tmp_path / "file" / "logins"))
    with caplog.at_level(logging.WARNING, "onframe"):
        await this.permit()
        this.refuse("wrong")
    assert this.refused
    assert ["cannot be remembered" in record.message for record in caplog.records] == [True]


async def test_what_is_no_verdict_on_the_password_is_not_remembered(attempts):
    with pytest.raises(AuthenticationError):
        await login(attempts, None).permit()
    this = login(attempts)
    await this.permit()
    this.refuse("stale for ever", remember=False)
    assert not list(attempts.directory.glob("*.json"))


async def test_a_trial_that_ends_without_verdict_lets_the_next_one_in(attempts, clock):
    for _ in range(2):
        this = login(again(attempts, clock))
        async with asyncio.timeout(5):
            await this.permit()
        this.release()
        assert (this.accepted, this.refused) == (False, None)


PROCESS = """
    import asyncio, sys
    from pathlib import Path
    from onframe.camera.attempts import Attempts
    from onframe.camera.login import Login
    from onframe.errors import AuthenticationError

    async def main():
        login = Login("operator", sys.argv[2], host="camera.example", attempts=Attempts(Path(sys.argv[1])))
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            await login.permit()
        except AuthenticationError:
            print("kept back", flush=True)
            return
        await asyncio.sleep(0.3)  # the request is on the wire
        login.refuse("wrong") if sys.argv[2] == "wrong" else login.accept()
        print("sent", flush=True)

    asyncio.run(main())
"""


def processes(directory, password, count):
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), str(directory), password]
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **options) for _ in range(count)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    return sorted(process.communicate(timeout=60)[0].strip() for process in running)


@pytest.mark.fault("F6")
def test_two_processes_at_once_cost_one_refused_login_together(tmp_path):
    assert processes(tmp_path / "logins", "wrong", 2) == ["kept back", "sent"]
    assert processes(tmp_path / "logins", "wrong", 1) == ["kept back"]


def test_two_processes_with_the_right_password_both_work(tmp_path):
    assert processes(tmp_path / "logins", "right", 2) == ["sent", "sent"]
