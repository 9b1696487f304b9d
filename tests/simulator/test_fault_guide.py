"""The manual names every word of the language of faults, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

from onframe.simulator.fault_plan import CAMERA_WORDS, parse
from onframe.simulator.proxy import PROXY_WORDS

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"


def test_the_tables_of_the_manual_are_the_language() -> None:
    section = GUIDE.read_text(encoding="utf-8").partition("## Faults")[2].partition("\n## ")[0]
    for text, words in zip(section.split("`FaultProxy` stands"), (CAMERA_WORDS, PROXY_WORDS), strict=True):
        rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
        examples = [example for row in rows for example in re.findall(r"`([^`]+)`", row)]
        assert [parse(example, words)[0].word for example in examples] and examples
        assert {parse(example, words)[0].word for example in examples} == set(words)
