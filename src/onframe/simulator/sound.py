"""A soft ambience as PCMU (RFC 3551), periodic so that it loops without a click."""

from __future__ import annotations

from functools import lru_cache

from onframe.wire.payload.pcm import encode_pcmu

SAMPLE_RATE = 8000
_CHORD = (110.0, 164.75, 220.0, 277.25, 329.5)


@lru_cache(maxsize=4)
def ambience(seconds: float) -> bytes:
    """So many seconds of a quiet chord that swells and fades; every tone fits a whole number of times."""
    import numpy

    t = numpy.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    total = numpy.zeros_like(t)
    for i, tone in enumerate(_CHORD):
        swell = 0.6 + 0.4 * numpy.sin(2 * numpy.pi * (t * (i + 1) / seconds + i / 5))
        total += swell * numpy.sin(2 * numpy.pi * round(tone * seconds) / seconds * t) / (i + 2)
    samples = (total * 2200).astype("<i2")
    return encode_pcmu(samples.tobytes())
