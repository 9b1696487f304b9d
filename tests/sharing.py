"""Modules that several tests share: the folders of tests are no packages."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest


def share(folder: Path, *names: str) -> list[ModuleType]:
    """From now on tests import these modules of the folder by their bare names; the modules."""
    pytest.register_assert_rewrite(*names)
    sys.path.insert(0, str(folder))
    try:
        return [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(folder))
