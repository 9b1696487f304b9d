"""The pytest fixture `simulated_camera`; the mark of the same name carries the options of SimulatedCamera.

@pytest.mark.simulated_camera("hall", metadata_loss=0.1)
def test_my_program(simulated_camera):
    run_my_program(simulated_camera.url)
    simulated_camera.faults.inject("reboot=1s")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from onframe.simulator.camera import SimulatedCamera


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "simulated_camera(scene, **options): what the fixture simulated_camera is made of"
    )


@pytest.fixture
def simulated_camera(request: pytest.FixtureRequest) -> Iterator[SimulatedCamera]:
    """A camera that runs in a thread of its own for this test; for synchronous tests and for asyncio ones."""
    from onframe.simulator.camera import SimulatedCamera

    mark = request.node.get_closest_marker("simulated_camera")
    args, options = (mark.args, mark.kwargs) if mark else ((), {})
    with SimulatedCamera(*args, **options) as camera:
        yield camera
