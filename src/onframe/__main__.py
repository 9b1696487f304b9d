"""``onframe`` and ``python -m onframe``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; what the ``cli`` extra brings is imported here and no earlier."""
    try:
        from onframe.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"cyclopts", "rich"}:
            raise
        sys.exit(f"onframe: the command line needs {error.name}\nhint: pip install 'onframe[cli]'")
    except KeyboardInterrupt:  # while it was still loading
        sys.exit(130)
    sys.exit(run())


if __name__ == "__main__":
    main()
