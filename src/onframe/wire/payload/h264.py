"""H.264 pictures ⇄ RTP packets: single NAL units, STAP-A and FU-A (RFC 6184 sections 5.6 to 5.8)."""

from __future__ import annotations

from collections.abc import Iterator

from onframe.wire.payload.nal import CodedPicture as CodedPicture
from onframe.wire.payload.nal import NALDepacketizer, NALPacketizer, UnfinishedPicture
from onframe.wire.payload.nal import join_nals as join_nals
from onframe.wire.payload.nal import split_nals as split_nals
from onframe.wire.payload.sps import codec_string

_IDR, _SPS, _PPS = 5, 7, 8
_STAP_A, _FU_A = 24, 28


class H264Depacketizer(NALDepacketizer):
    """Joins the packets of one H.264 track to pictures."""

    ENCODING = "H264"
    PARAMETER_SETS = (_SPS, _PPS)

    @staticmethod
    def kind(nal: bytes) -> int:
        """nal_unit_type."""
        return nal[0] & 31

    @staticmethod
    def is_key(kind: int) -> bool:
        """Whether it is a slice of an IDR picture."""
        return kind == _IDR

    def take_payload(self, picture: UnfinishedPicture, payload: bytes) -> None:
        """One RTP payload (RFC 6184 section 5.2)."""
        kind = payload[0] & 31
        if kind == _FU_A:
            if len(payload) < 2:
                picture.lost += 1
                return
            second = payload[1]
            start, end = second > 0x7F, bool(second & 0x40)
            header = bytes((payload[0] & 0xE0 | second & 0x1F,)) if start else b""
            picture.add_fragment(header, payload[2:], start=start, end=end)
        elif kind == _STAP_A:
            picture.add_aggregate(payload, 1, shortest=1)
        elif 1 <= kind <= 23:
            picture.add(payload)
        else:
            picture.spoil()  # interleaved mode, which nobody asked for

    @staticmethod
    def middle(data: bytes) -> int:
        """That of a FU-A without the bits S and E."""
        return 14 if len(data) > 13 and data[12] & 31 == _FU_A and data[13] < 0x40 else 0

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
        """The codec string of the stream ("avc1.4d401f"), once its parameter set is known."""
        return None if self.sps is None or len(self.sps) < 4 else codec_string(self.sps)


class H264Packetizer(NALPacketizer):
    """Splits pictures into RTP packets: small NAL units together in one STAP-A, great ones over FU-As."""

    HEADER = 1
    FRAGMENT_HEADER = 2

    def aggregate_header(self, nals: list[bytes]) -> bytes:
        """A STAP-A's, of the importance of the most important one (RFC 6184 section 5.7.1)."""
        return bytes((max(nal[0] & 0x60 for nal in nals) | _STAP_A,))

    def fragments(self, nal: bytes) -> Iterator[bytes]:
        """FU-As (RFC 6184 section 5.8)."""
        indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
        step = self.max_payload - self.FRAGMENT_HEADER
        for at in range(1, len(nal), step):
            start = 0x80 if at == 1 else 0
            end = 0x40 if at + step >= len(nal) else 0
            yield bytes((indicator, start | end | kind)) + nal[at : at + step]
