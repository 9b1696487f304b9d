"""What these tests share."""

from __future__ import annotations

from pathlib import Path

from sharing import share

share(Path(__file__).parent, "scenes")
