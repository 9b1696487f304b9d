"""Texts as masks, put together of glyphs that are drawn once: a number that changes costs nothing new."""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from onframe.overlay.painter.cache import Cache

Mask = NDArray[np.uint8]

PARTED = " · "
"""Between the parts of a line, the more important first."""
_MOST_PARTS = 8

LONGEST = 160
"""Characters of one text; the rest is left out."""

_REGULAR = (
    "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "segoeui.ttf", "Arial.ttf", "Helvetica.ttc",
)  # fmt: skip
_BOLD = (
    "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "NotoSans-Bold.ttf", "segoeuib.ttf", "Arial Bold.ttf",
    "arialbd.ttf",
)  # fmt: skip
_WIDE = (
    "DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "msyh.ttc", "malgun.ttf", "PingFang.ttc", "Arial Unicode.ttf", "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf", "NotoSansThai-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
    "NotoSansSymbols2-Regular.ttf",
)  # fmt: skip
"""Where a character is looked for that the chosen font does not have."""

_SHAPED = features.check("raqm")
_ABSENT = "\uffff"
"""No character: what a font draws for it, it draws for all that it lacks."""


class Glyph(NamedTuple):
    """``mask`` stands ``left`` of the pen and ``top`` below the baseline (most often negative)."""

    mask: Mask
    left: int
    top: int
    advance: int


class Run(NamedTuple):
    """A whole text: ``mask`` begins at the pen, ``top`` below the baseline; ``width`` is how far the pen moves."""

    mask: Mask
    top: int
    width: int


class Type:
    """One font in one size, with others to fill its gaps."""

    def __init__(self, size: float, *, bold: bool = False) -> None:
        self.size = max(5.0, min(200.0, size))
        self.bold = bold
        self._glyphs: Cache[Glyph] = Cache(1024, 2 << 20)
        self._runs: Cache[Run] = Cache(1024, 2 << 20)

    @property
    def used(self) -> int:
        """Bytes."""
        return self._glyphs.used + self._runs.used

    def run(self, text: str) -> Run:
        """The text's mask; control characters are left out, characters that no font has become boxes."""
        text = text[:LONGEST]
        found = self._runs.get(text)
        if found is None:
            readable = clean(text)
            found = self._whole(readable) if _SHAPED and _is_complex(readable) else self._joined(readable)
            self._runs.put(text, found, found.mask.nbytes + 200)
        return found

    def width(self, text: str) -> int:
        return self.run(text).width

    def fitted(self, text: str, width: float) -> Run:
        """The text, or as much of it as is no wider with an ellipsis for the rest."""
        run = self.run(text)
        if run.width <= width:
            return run
        low, high = 0, min(len(text), LONGEST)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._cut(text, middle).width <= width else (low, middle)
        return self._cut(text, low)

    def shortened(self, text: str, width: float) -> Run:
        """As many of the text's parts as are no wider; the first is cut where it is too wide by itself."""
        if self.width(text) <= width:
            return self.run(text)
        parts = text.split(PARTED)[:_MOST_PARTS]
        while len(parts) > 1 and self.width(PARTED.join(parts)) > width:
            parts.pop()
        return self.fitted(PARTED.join(parts), width)

    def wrapped(self, text: str, width: float, most: int) -> list[Run]:
        """The text in at most so many lines, broken between words; the last one is cut."""
        lines: list[str] = []
        words = text[: LONGEST * most].split(" ")
        line = words[0]
        for i, word in enumerate(words[1:], 1):
            longer = f"{line} {word}"
            if self.width(longer) <= width and len(longer) <= LONGEST:
                line = longer
            elif len(lines) == most - 1:
                line = " ".join([line, *words[i:]])
                break
            else:
                lines.append(line)
                line = word
        return [self.fitted(line, width) for line in (*lines, line)]

    def _cut(self, text: str, count: int) -> Run:
        return self.run(text[:count].rstrip() + "…")

    def _joined(self, text: str) -> Run:
        glyphs = [self._glyph(character) for character in text]
        drawn = [glyph for glyph in glyphs if glyph.mask.size]
        if not drawn:
            return Run(np.zeros((0, 0), np.uint8), 0, sum(glyph.advance for glyph in glyphs))
        top = min(glyph.top for glyph in drawn)
        bottom = max(glyph.top + glyph.mask.shape[0] for glyph in drawn)
        width = sum(glyph.advance for glyph in glyphs)
        mask = np.zeros((bottom - top, width + 2 * round(self.size)), np.uint8)
        pen = right = 0
        for glyph in glyphs:
            rows, columns = glyph.mask.shape
            x = max(0, pen + glyph.left)
            place = mask[glyph.top - top : glyph.top - top + rows, x : x + columns]
            np.maximum(place, glyph.mask[:, : place.shape[1]], out=place)
            pen, right = pen + glyph.advance, max(right, x + columns)
        return Run(mask[:, :right], top, width)

    def _whole(self, text: str) -> Run:
        """A text whose letters join or run from right to left is drawn in one, by the font that has most of it."""
        font = max(_fonts(self.size, self.bold), key=lambda font: sum(_has(font, character) for character in text))
        shaper = font.font_variant(layout_engine=ImageFont.Layout.RAQM)
        glyph = _draw(shaper, text)
        left = max(0, glyph.left)
        mask = np.zeros((glyph.mask.shape[0], glyph.mask.shape[1] + left), np.uint8)
        mask[:, left:] = glyph.mask
        return Run(mask, glyph.top, max(glyph.advance, mask.shape[1]))

    def _glyph(self, character: str) -> Glyph:
        found = self._glyphs.get(character)
        if found is None:
            found = self._draw(character)
            self._glyphs.put(character, found, found.mask.nbytes + 200)
        return found

    def _draw(self, character: str) -> Glyph:
        fonts = _fonts(self.size, self.bold)
        for known in (character, unicodedata.normalize("NFKD", character)[0]):
            for font in fonts:
                if _has(font, known):
                    return _draw(font, known)
        return _draw(fonts[0], _ABSENT)


def clean(text: str) -> str:
    """Without control characters, marks of direction and halves of characters; all blanks are one sort."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        elif category == "Cs":
            kept.append("\ufffd")
        elif category not in ("Cf", "Cn", "Co"):
            kept.append(character)
    return "".join(kept)


def _is_complex(text: str) -> bool:
    if text.isascii():
        return False
    return any(unicodedata.bidirectional(c) in ("R", "AL") or unicodedata.category(c) in ("Mn", "Mc") for c in text)


@functools.lru_cache(maxsize=64)
def _fonts(size: float, bold: bool) -> tuple[ImageFont.FreeTypeFont, ...]:
    """The first that this machine has, then what fills its gaps; Pillow's own at the end."""
    chosen = [font for name in (_BOLD if bold else _REGULAR) if (font := _font(name, size))][:1]
    gaps = [font for name in _WIDE if (font := _font(name, size))]
    own = ImageFont.load_default(size)
    return (*chosen, *gaps, *([own] if isinstance(own, ImageFont.FreeTypeFont) else []))


def _font(name: str, size: float) -> ImageFont.FreeTypeFont | None:
    if name in _missing():
        return None
    try:
        return ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        _missing().add(name)
        return None


@functools.cache
def _missing() -> set[str]:
    """Names that were looked for once, in vain."""
    return set()


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    if character.isspace():
        return True
    drawn, absent = _draw(font, character), _absent(font)
    return drawn.mask.shape != absent.mask.shape or not np.array_equal(drawn.mask, absent.mask)


@functools.lru_cache(maxsize=256)
def _absent(font: ImageFont.FreeTypeFont) -> Glyph:
    return _draw(font, _ABSENT)


def _draw(font: ImageFont.FreeTypeFont, text: str) -> Glyph:
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text, anchor="ls"))
    advance = round(font.getlength(text))
    if right <= left or bottom <= top:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
    image = Image.new("L", (min(right - left, 8192), min(bottom - top, 1024)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font, anchor="ls")
    return Glyph(np.asarray(image), left, top, advance)
