"""Every slip of the guide and of devices that Onframe reads past: name, source, repair.

Nothing lenient stands elsewhere in this package: the readers call the functions of this file, and the
names of those that were applied come back with the document (``Document.repairs``).
"""

from __future__ import annotations


class Notes:
    """What was repaired and what is doubtful in one document, in the order seen, each once."""

    __slots__ = ("repairs", "warnings")

    def __init__(self) -> None:
        self.repairs: list[str] = []
        self.warnings: list[str] = []

    def repair(self, name: str) -> None:
        """Note that the leniency ``name`` was applied."""
        if name not in self.repairs:
            self.repairs.append(name)

    def warn(self, text: str) -> None:
        """Note something doubtful that was kept as sent."""
        if text not in self.warnings and len(self.warnings) < 100:
            self.warnings.append(text)
