"""What is wrong with the simulated camera at this moment. The servers look here before they read or send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Trouble:
    """Lasting faults; each is over as soon as its field is set back. Nothing is wrong by default.

    ``loss`` is the share (0 to 1) of RTP packets that are dropped on every track, ``reorder`` and ``duplicate`` the
    shares sent in the wrong order or twice. While ``stalled`` nothing is written over RTSP, although requests are
    read; while ``half_open`` nothing is read either, as when a cable is cut. ``bytes_per_second`` slows what is
    written over RTSP; None is unhindered. ``clock_offset_ns`` is by how much the device's own clock is wrong: in
    documents, sender reports and Date alike. ``Source.epoch_ns`` follows it, so what counts from there is not
    corrected again. ``nonce_requests`` is after how many HTTP requests the nonces expire; None is as
    the device has it. ``cut_after`` is after how many bytes the next RTSP connection is closed, which sets it back.
    While ``small``, the main stream has the sub-stream's pictures, from the next key picture on.
    """

    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    stalled: bool = False
    half_open: bool = False
    bytes_per_second: float | None = None
    clock_offset_ns: int = 0
    nonce_requests: int | None = None
    cut_after: int | None = None
    small: bool = False
