"""The scenes of the simulated camera: moving pictures whose metadata lies exactly on them."""

from __future__ import annotations

from importlib import import_module
from typing import Literal

from onframe.errors import OnframeError
from onframe.simulator.scenes.scene import Scene, SceneDocument

SCENES = ("gate", "hall", "thermal", "harbour", "radar", "lab", "all")
_MODULES = {"all": "every"}


def load(name: str, seed: int = 1, *, outside: Literal["leave_out", "without_sub_type"] = "leave_out") -> Scene:
    """The scene of this name. Raises OnframeError where there is none."""
    if name not in SCENES:
        raise OnframeError(f"there is no scene {name!r}", hint=f"choose one of {', '.join(SCENES)}")
    module = import_module(f"onframe.simulator.scenes.{_MODULES.get(name, name)}")
    scene: Scene = module.SCENE(seed, outside=outside)
    return scene


__all__ = ["SCENES", "Scene", "SceneDocument", "load"]
