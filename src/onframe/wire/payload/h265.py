"""H.265 pictures ⇄ RTP packets: single NAL units, aggregation packets and fragmentation units (RFC 7798 section 4.4).

NAL units are taken in the order in which they come. A track whose ``sprop-max-don-diff`` is above 0 sends them in
another one, with decoding order numbers in its packets, and is none for this module.
"""

from __future__ import annotations

from collections.abc import Iterator

from onframe.errors import ProtocolError
from onframe.wire.payload.h265_sps import parse_sps
from onframe.wire.payload.nal import NALDepacketizer, NALPacketizer, UnfinishedPicture

_IRAP = range(16, 24)
_VPS, _SPS, _PPS = 32, 33, 34
_AGGREGATION, _FRAGMENTATION = 48, 49
_HEADER = 2


class H265Depacketizer(NALDepacketizer):
    """Joins the packets of one H.265 track to pictures."""

    ENCODING = "H265"
    PARAMETER_SETS = (_VPS, _SPS, _PPS)

    @staticmethod
    def kind(nal: bytes) -> int:
        """nal_unit_type."""
        return nal[0] >> 1 & 63

    @staticmethod
    def is_key(kind: int) -> bool:
        """Whether it is a slice of an IRAP picture: IDR, CRA or BLA."""
        return kind in _IRAP

    def take_payload(self, picture: UnfinishedPicture, payload: bytes) -> None:
        """One RTP payload (RFC 7798 section 4.4)."""
        kind = payload[0] >> 1 & 63
        if len(payload) <= _HEADER:
            picture.spoil()
        elif kind == _FRAGMENTATION:
            header = bytes((payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1]))
            start, end = bool(payload[2] & 0x80), bool(payload[2] & 0x40)
            picture.add_fragment(header, payload[3:], start=start, end=end)
        elif kind == _AGGREGATION:
            picture.add_aggregate(payload, _HEADER, shortest=_HEADER)
        elif kind < _AGGREGATION:
            picture.add(payload)
        else:
            picture.spoil()  # PACI and types that are not given yet

    @staticmethod
    def middle(data: bytes) -> int:
        """That of a fragmentation unit without the bits S and E."""
        return 15 if len(data) > 14 and data[12] >> 1 & 63 == _FRAGMENTATION and data[14] < 0x40 else 0

    @property
    def vps(self) -> bytes | None:
        """The video parameter set last seen, or that of the SDP."""
        return self.parameter_set(_VPS)

    @property
    def sps(self) -> bytes | None:
        """The sequence parameter set last seen, or that of the SDP."""
        return self.parameter_set(_SPS)

    @property
    def pps(self) -> bytes | None:
        """The picture parameter set last seen, or that of the SDP."""
        return self.parameter_set(_PPS)

    @property
    def codec(self) -> str | None:
        """The codec string of the stream ("hvc1.1.6.L93.90"), once a parameter set that can be read is known."""
        try:
            return None if self.sps is None else parse_sps(self.sps).codec
        except ProtocolError:
            return None


class H265Packetizer(NALPacketizer):
    """Splits pictures into RTP packets: small NAL units together in one packet, great ones over fragmentation units."""

    HEADER = 2
    FRAGMENT_HEADER = 3

    def aggregate_header(self, nals: list[bytes]) -> bytes:
        """Of the lowest layer and the lowest temporal layer among them (RFC 7798 section 4.4.2)."""
        layer = min((nal[0] & 1) << 5 | nal[1] >> 3 for nal in nals)
        temporal = min(nal[1] & 7 for nal in nals)
        return bytes((_AGGREGATION << 1 | layer >> 5, (layer & 31) << 3 | temporal))

    def fragments(self, nal: bytes) -> Iterator[bytes]:
        """Fragmentation units (RFC 7798 section 4.4.3)."""
        header = bytes((nal[0] & 0x81 | _FRAGMENTATION << 1, nal[1]))
        kind = nal[0] >> 1 & 63
        step = self.max_payload - self.FRAGMENT_HEADER
        for at in range(_HEADER, len(nal), step):
            start = 0x80 if at == _HEADER else 0
            end = 0x40 if at + step >= len(nal) else 0
            yield header + bytes((start | end | kind,)) + nal[at : at + step]
