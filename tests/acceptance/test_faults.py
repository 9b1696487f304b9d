"""Faults from the command line, and a watch that lives through them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.timeout(120)


@pytest.mark.fault("F34")
def test_a_watch_lives_through_a_reboot_from_the_command_line(simulate, start):
    simulated = simulate("--scene", "gate", "--fault", "reboot=1s@4s, loss=5%@6s..8s", "--fault", "stall@9s..10s")
    watching = start("watch", *simulated.address, "--raw")

    def recovered(process):
        return any(event["kind"] == "gap" and event["reason"] == "reconnect" for event in process.events())

    watching.until(recovered, 60)
    epochs = {event["epoch"] for event in watching.events() if event["kind"] == "record"}
    watching.until(lambda process: any(e["epoch"] > min(epochs) for e in process.events() if e["kind"] == "record"), 30)
    assert simulated.refused == []


def test_a_fault_that_is_not_known_says_where_and_what_is_possible(onframe):
    done = onframe("simulate", "--fault", "loss=5%, flood@3s")
    assert done.returncode != 0 and done.stdout == ""
    assert "position 10 of the faults: there is no fault 'flood'" in done.stderr
    assert "possible: reboot, loss" in done.stderr


def test_faults_are_listed(onframe):
    listed = onframe("simulate", "--list-faults").stdout
    assert "reboot=10s" in listed and "nothing is sent and nothing is read" in listed


def test_with_tls_the_fingerprint_to_pin_is_printed(simulate):
    simulated = simulate("--scene", "gate", "--tls")
    assert "https port" in simulated.stdout and "SHA-256" in simulated.stdout
