"""The whole way from hand-written RTP and RTCP bytes to Records."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.camera.receiver import Receiver
from onframe.record import AccessUnit, Coordinates, Gap, Record, Undecodable

NS = 1_000_000_000
UNIX = 1_700_000_000
START = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
FRAME = 40_000_000
NTP = (UNIX + 2_208_988_800) << 32
SSRC = 0x55667788
VIDEO = 500_000
METADATA = 4_294_900_000
"""The bases of the two tracks: the metadata's wraps after 67 296 ticks, under a second."""


def rtp(sequence, payload, *, marker=True, timestamp=0, payload_type=107, ssrc=SSRC):
    """The bytes of one RTP packet, written out by RFC 3550 section 5.1."""
    head = struct.pack(">BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + payload


def sender_report(ntp, timestamp, ssrc=SSRC):
    """RFC 3550 section 6.4.1: no report blocks, six words after the first."""
    return struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, 0, 0)


def xml(target_id=1, *, kind="activityTarget", sub_type="<subType>behaviorAnalysis</subType>", time=None):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
        f"<type>{kind}</type>{sub_type}<time>{time or '2023-11-14T22:13:20.000+00:00'}</time>"
        f"<TargetDetection><TargetList><Target><targetID>{target_id}</targetID><RegionList><Region><RegionCoordinatesList>"
        f"<RegionCoordinates><positionX>10</positionX><positionY>20</positionY></RegionCoordinates>"
        f"</RegionCoordinatesList></Region></RegionList></Target></TargetList></TargetDetection></Metadata>"
    ).encode()


def receiver(*, video=True, **options):
    made = Receiver("gate", 1, 1, 3, ssrc=0xCAFE, **options)
    made.add_metadata("m", payload_type=107)
    if video:
        made.add_video("v", payload_type=96)
    return made


def at(n):
    return UNIX * NS + n * FRAME


def push_frames(made, first, last):
    """Pictures ``first`` to ``last - 1``, one packet each, as they come."""
    units = []
    for n in range(first, last):
        data = rtp(n, b"\x65\x88picture", timestamp=VIDEO + 3600 * n, payload_type=96, ssrc=7)
        units += made.packet("v", data, at(n))
    return units


def kinds(events):
    return [type(event) for event in events]


@pytest.mark.requirement("R-032", "R-038", "R-042")
def test_one_packet_becomes_one_record():
    made = receiver(video=False)
    (record,) = made.packet("m", rtp(16514, xml(7), timestamp=900_000), at(0))
    assert isinstance(record, Record)
    assert (record.camera, record.channel, record.stream, record.epoch, record.n) == ("gate", 1, 1, 3, 1)
    assert (record.received_at, record.timestamp, record.format) == (START, 900_000, "xml")
    assert record.metadata.targets[0].target_id == 7
    assert (record.raw, record.video, record.gap_before) == (xml(7), None, None)
    assert record.coordinates == Coordinates()


@pytest.mark.requirement("R-041")
def test_a_document_over_64_kib_becomes_one_record():
    document = xml(1).replace(b"</TargetList>", b"<!-- " + b"x" * 80_000 + b" --></TargetList>")
    made = receiver(video=False)
    pieces = [document[start : start + 1000] for start in range(0, len(document), 1000)]
    events = []
    for n, piece in enumerate(pieces):
        events += made.packet("m", rtp(65_500 + n, piece, marker=n == len(pieces) - 1), at(0))
    (record,) = events
    assert record.raw == document


@pytest.mark.fault("F39")
@pytest.mark.requirement("R-041")
def test_a_loss_is_an_event_and_stands_in_the_next_record():
    made = receiver(video=False)
    document = xml(2)
    made.packet("m", rtp(1, xml(1)), at(0))
    assert made.packet("m", rtp(2, document[:100], marker=False, timestamp=3600), at(1)) == []
    (gap,) = made.packet("m", rtp(4, document[200:], timestamp=3600), at(1))
    assert gap == Gap(
        "gate", 1, 1, 3, START + timedelta(seconds=0.04), "loss", packets=1, first_sequence=3, last_sequence=3
    )
    (record,) = made.packet("m", rtp(5, xml(3), timestamp=7200), at(2))
    assert record.gap_before == gap
    (record,) = made.packet("m", rtp(6, xml(4), timestamp=10_800), at(3))
    assert (record.gap_before, record.n) == (None, 3)


@pytest.mark.requirement("R-041")
def test_two_losses_before_a_record_are_one_gap_in_it():
    made = receiver(video=False)
    made.packet("m", rtp(1, xml(1)), at(0))
    events = made.packet("m", rtp(3, b"middle", timestamp=3600), at(1))
    events += made.packet("m", rtp(6, xml(3), timestamp=7200), at(2))
    assert kinds(events) == [Gap, Gap, Record]
    assert events[2].gap_before.packets == 3
    assert (events[2].gap_before.first_sequence, events[2].gap_before.last_sequence) == (2, 5)


@pytest.mark.fault("F46")
@pytest.mark.requirement("R-041")
def test_an_oversize_message_is_one_undecodable_and_the_next_is_read():
    made = receiver(video=False, max_size=2000)
    assert made.packet("m", rtp(1, b"<a>" + b"x" * 1500, marker=False), at(0)) == []
    (bad,) = made.packet("m", rtp(2, b"x" * 1500, marker=False), at(0))
    assert (bad.error, bad.message) == ("LimitExceeded", "the document is longer than 2000 bytes")
    assert made.packet("m", rtp(3, b"x" * 1500), at(0)) == []
    (record,) = made.packet("m", rtp(4, xml(), timestamp=3600), at(1))
    assert (record.gap_before, made.counters["oversize"], made.counters["undecodable"]) == (None, 1, 1)


@pytest.mark.fault("F42")
@pytest.mark.requirement("R-041")
def test_a_message_without_marker_says_so():
    made = receiver(video=False)
    assert made.packet("m", rtp(1, xml(1), marker=False), at(0)) == []
    (record,) = made.packet("m", rtp(2, xml(2), marker=False, timestamp=3600), at(1))
    assert record.metadata.targets[0].target_id == 1
    assert "the message ended without a marker" in record.warnings


@pytest.mark.requirement("R-041")
def test_the_end_of_one_message_and_a_whole_other_in_one_packet_are_two_records():
    made = receiver(video=False)
    made.packet("m", rtp(1, xml(1), marker=False), at(0))
    records = made.packet("m", rtp(2, xml(2), timestamp=3600), at(1))
    assert [r.metadata.targets[0].target_id for r in records] == [1, 2]


@pytest.mark.requirement("R-105")
@pytest.mark.parametrize("bad", [b"<Metadata><type>", b"{]", b"\xff\xfe\xfd", b"<a><b></a>", b"not a document"])
def test_a_bad_document_costs_one_event_and_the_next_is_read(bad):
    made = receiver(video=False)
    (event,) = made.packet("m", rtp(1, bad, timestamp=77), at(0))
    assert isinstance(event, Undecodable)
    assert (event.raw, event.timestamp, event.epoch) == (bad, 77, 3)
    assert event.message
    (record,) = made.packet("m", rtp(2, xml(), timestamp=3600), at(1))
    assert record.n == 1


@pytest.mark.requirement("R-105")
def test_a_document_of_another_kind_is_reported():
    made = receiver(video=False)
    status = b'<ResponseStatus version="2.0"><statusCode>4</statusCode><statusString>no</statusString></ResponseStatus>'
    (event,) = made.packet("m", rtp(1, status), at(0))
    assert isinstance(event, Undecodable)
    assert "response_status" in event.message


@pytest.mark.fault("F42")
def test_several_documents_in_one_message_are_several_records():
    made = receiver(video=False)
    records = made.packet("m", rtp(1, xml(1) + b"\r\n" + xml(2)), at(0))
    assert [r.metadata.targets[0].target_id for r in records] == [1, 2]
    assert [r.n for r in records] == [1, 2]


@pytest.mark.requirement("R-116")
def test_targets_without_a_sub_type_are_targets_of_no_type():
    (record,) = receiver(video=False).packet("m", rtp(1, xml(5, sub_type="")), at(0))
    assert record.metadata.sub_type is None
    assert (record.metadata.kind, record.metadata.targets[0].target_id) == ("target", 5)


@pytest.mark.requirement("R-035")
def test_rules_come_through_as_rules_also_when_there_are_none():
    made = receiver(video=False)
    empty = b'<Metadata version="1.0"><type>ruleTarget</type><subType>behaviorAnalysis</subType>'
    empty += b"<TargetDetection><TargetList></TargetList></TargetDetection></Metadata>"
    (first,) = made.packet("m", rtp(1, empty), at(0))
    (second,) = made.packet("m", rtp(2, xml(1, kind="ruleTarget"), timestamp=3600), at(1))
    assert (first.metadata.kind, first.metadata.targets) == ("rule", [])
    assert second.metadata.kind == "rule"


@pytest.mark.requirement("R-039", "R-042")
def test_other_payload_types_other_ssrcs_and_bytes_that_are_no_packet_harm_nothing():
    made = receiver(video=False)
    assert made.packet("m", rtp(1, b"x", payload_type=98), at(0)) == []
    assert made.packet("m", b"\x80\x6b", at(0)) == []
    assert made.packet("other", rtp(1, xml()), at(0)) == []
    assert kinds(made.packet("m", rtp(2, xml()), at(0))) == [Record]
    gap, record = made.packet("m", rtp(9000, xml(), ssrc=1, timestamp=5), at(1))
    assert (gap.reason, gap.packets, record.timestamp) == ("loss", None, 5)
    assert made.counters["malformed_rtp"] == made.counters["unknown_track"] == made.counters["foreign"] == 1


@pytest.mark.fault("F45")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80", "short"),
        (b"", "short"),
        (b"\x40" + rtp(2, xml())[1:], "version"),
        (b"\xc0" + rtp(2, xml())[1:], "version"),
        (b"\x8f" + rtp(2, b"four")[1:], "csrc"),  # fifteen of them in four bytes
        (b"\x90" + rtp(2, b"\0\0\xff\xffword")[1:], "extension"),
        (b"\x90" + rtp(2, b"\0")[1:], "extension"),
        (b"\xa0" + rtp(2, b"text\x00")[1:], "padding"),
        (b"\xa0" + rtp(2, b"text\x06")[1:], "padding"),
        (b"\xa0" + rtp(2, b"")[1:], "padding"),
    ],
)
@pytest.mark.parametrize("track", ["m", "v"])
def test_an_rtp_packet_that_contradicts_itself_is_dropped_and_counted_by_its_reason(data, reason, track):
    made = receiver()
    made.packet("m", rtp(1, xml()), at(0))
    assert made.packet(track, data, at(0)) == []
    assert made.counters["malformed_rtp"] == made.counters[f"malformed_rtp_{reason}"] == 1
    (record,) = made.packet("m", rtp(2, xml()), at(1))
    assert (record.n, record.gap_before) == (2, None), "it took nobody's number"


@pytest.mark.fault("F45")
def test_another_rtp_payload_type_in_the_middle_of_a_document_is_no_part_of_it():
    made = receiver(video=False)
    document = xml()
    made.packet("m", rtp(1, document[:100], marker=False), at(0))
    assert made.packet("m", rtp(2, b"<other/>", marker=False, payload_type=108), at(0)) == []
    (record,) = made.packet("m", rtp(3, document[100:]), at(0))
    assert (record.raw, record.gap_before, made.counters["foreign"]) == (document, None, 1)


@pytest.mark.fault("F45")
def test_an_rtp_packet_without_payload_adds_nothing_to_its_document():
    made = receiver(video=False)
    document = xml()
    events = [
        made.packet("m", rtp(n, part, marker=n == 4), at(0)) for n, part in enumerate((b"", document, b"", b"", b""))
    ]
    assert [len(each) for each in events] == [0, 0, 0, 0, 1]
    assert (events[4][0].raw, made.counters["undecodable"]) == (document, 0)
    assert made.packet("m", rtp(5, b"", timestamp=3600), at(1)) == [], "and is none by itself"


@pytest.mark.fault("F40")
@pytest.mark.requirement("R-041")
def test_duplicates_give_nothing():
    made = receiver(video=False)
    packet = rtp(1, xml())
    assert kinds(made.packet("m", packet, at(0)) + made.packet("m", packet, at(0))) == [Record]
    assert made.counters["duplicates"] == 1


class TestTime:
    def test_by_sender_reports_a_record_lies_on_its_very_picture(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP + (1 << 31), METADATA + 45_000), at(0))  # half a second later
        push_frames(made, 0, 60)
        for i, n in enumerate((0, 12, 18, 19, 59)):  # the metadata's timestamps wrap between 18 and 19
            (record,) = made.packet("m", rtp(i, xml(n), timestamp=METADATA + 3600 * n), at(60))
            assert record.video.timestamp == VIDEO + 3600 * n
            assert (record.video.clock, record.video.exact) == ("sender_report", True)
            assert record.captured_at == START + timedelta(seconds=0.04 * n)
            assert record.clock == "sender_report"

    def test_a_timestamp_near_a_picture_is_snapped_to_it(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 20)
        (near,) = made.packet("m", rtp(1, xml(), timestamp=9000 + 3600 * 4 + 1700), at(20))
        assert near.video.timestamp == VIDEO + 3600 * 4
        (future,) = made.packet("m", rtp(2, xml(), timestamp=9000 + 3600 * 25), at(20))
        assert future.video.timestamp == VIDEO + 3600 * 25

    def test_a_document_before_its_picture_is_put_right_by_the_rounding_of_reports_alone(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO + 1, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 20)
        (due,) = made.packet("m", rtp(1, xml(), timestamp=9000 + 3600 * 22), at(20))
        assert due.video.timestamp == VIDEO + 3600 * 22
        (between,) = made.packet("m", rtp(2, xml(), timestamp=9000 + 3600 * 22 + 900), at(20))
        assert between.video.timestamp == VIDEO + 1 + 3600 * 22 + 900

    def test_a_picture_that_was_lost_does_not_draw_its_documents_to_another(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 10)
        push_frames(made, 11, 20)
        (record,) = made.packet("m", rtp(1, xml(), timestamp=9000 + 36_000), at(20))
        assert record.video.timestamp == VIDEO + 36_000

    def test_rtp_info_binds_where_no_report_came(self):
        made = receiver()
        made.rtp_info("v", VIDEO)
        made.rtp_info("m", 9000)
        made.rtp_info("unknown", 1)
        push_frames(made, 0, 5)
        (record,) = made.packet("m", rtp(1, xml(), timestamp=9000 + 7200), at(3))
        assert (record.video.timestamp, record.video.clock, record.video.exact) == (VIDEO + 7200, "rtp_info", True)

    @pytest.mark.requirement("R-045")
    def test_the_documents_own_time_is_kept_and_corrects_nothing(self):
        made = receiver(video=False)
        made.rtcp("m", sender_report(NTP, 0), at(0))
        (record,) = made.packet("m", rtp(1, xml(time="2023-11-14T22:13:20.000+08:00")), at(0))
        assert (record.captured_at, record.clock) == (START, "sender_report")
        assert record.metadata.time.epoch_ms == (UNIX - 8 * 3600) * 1000

    def test_without_reports_the_documents_time_is_the_cameras(self):
        (record,) = receiver(video=False).packet("m", rtp(1, xml(time="2023-11-14T09:00:00.250Z")), at(0))
        assert (record.captured_at, record.clock) == (datetime(2023, 11, 14, 9, 0, 0, 250_000, tzinfo=UTC), "document")

    @pytest.mark.fault("F34")
    @pytest.mark.parametrize("time", ["1970-01-01T00:00:05Z", "2000-01-01T00:00:00Z", "2023-11-15T22:13:21Z"])
    def test_a_camera_whose_clock_was_never_set_is_not_trusted(self, time):
        (record,) = receiver(video=False).packet("m", rtp(1, xml(time=time)), at(0))
        assert (record.captured_at, record.clock) == (datetime.fromisoformat(time), "untrusted")

    @pytest.mark.fault("F48")
    def test_a_camera_whose_clock_is_set_is_counted_and_the_next_record_says_so(self):
        made = receiver(video=False)
        made.rtcp("m", sender_report(NTP, 0), at(0))
        made.rtcp("m", sender_report(NTP + (3605 << 32), 450_000), at(5 * 25))
        first, second = (made.packet("m", rtp(n, xml(), timestamp=450_000 + 3600 * n), at(126 + n))[0] for n in (1, 2))
        assert first.warnings == ["the camera's clock was set"] and second.warnings == []
        assert first.captured_at == START + timedelta(hours=1, seconds=5.04)
        assert made.counters["clock_steps"] == 1

    def test_without_anything_arrival_is_the_time(self):
        document = xml().replace(b"<time>2023-11-14T22:13:20.000+00:00</time>", b"")
        (record,) = receiver(video=False).packet("m", rtp(1, document), at(0))
        assert (record.captured_at, record.clock) == (START, "arrival")
        assert record.uncertainty >= 0.02

    def test_without_a_picture_yet_there_is_no_video_time(self):
        (record,) = receiver().packet("m", rtp(1, xml()), at(0))
        assert record.video is None

    def test_an_approximate_grade_is_not_exact(self):
        made = receiver()
        push_frames(made, 0, 5)
        (record,) = made.packet("m", rtp(1, xml()), at(5))
        assert (record.video.clock, record.video.exact) == ("document", False)
        assert record.video.uncertainty >= 0.02

    @pytest.mark.fault("F44")
    def test_a_source_that_begins_anew_takes_its_clock_with_it(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 5)
        made.packet("m", rtp(1, xml(), timestamp=9000), at(5))
        _, record = made.packet("m", rtp(500, xml(), timestamp=3_000_000_000, ssrc=2), at(5))
        assert (record.timestamp, record.clock) == (3_000_000_000, "document")
        assert not record.video.exact


class TestPictures:
    @pytest.mark.requirement("R-032")
    def test_pictures_come_as_access_units(self):
        units = push_frames(receiver(), 0, 2)
        assert units[1] == AccessUnit(
            camera="gate",
            channel=1,
            stream=1,
            epoch=3,
            received_at=START + timedelta(seconds=0.04),
            timestamp=VIDEO + 3600,
            data=b"\0\0\0\1\x65\x88picture",
            key=True,
        )

    def test_a_damaged_picture_is_flagged(self):
        made = receiver()
        push_frames(made, 0, 1)
        (unit,) = push_frames(made, 3, 4)
        assert unit.lost_before == 2
        assert made.counters["video_lost"] == 2

    @pytest.mark.parametrize("encoding", ["H265", "h265"])
    def test_h265_comes_as_access_units_that_say_so(self, encoding):
        made = receiver(video=False)
        sets = [b"\x40\x01v", b"\x42\x01s", b"\x44\x01p"]
        made.add_video("v", payload_type=96, encoding=encoding, parameter_sets=sets)
        fragments = [b"\x62\x01\x94one", b"\x62\x01\x54two"]  # of an IDR picture
        units = []
        for n, payload in enumerate(fragments):
            units += made.packet("v", rtp(n, payload, marker=n == 1, timestamp=VIDEO, payload_type=96), at(0))
        (unit,) = units
        assert (unit.codec, unit.key, unit.timestamp, unit.lost_before) == ("H265", True, VIDEO, 0)
        assert unit.data == b"".join(b"\0\0\0\1" + nal for nal in [*sets, b"\x28\x01onetwo"])
        (unit,) = made.packet("v", rtp(2, b"\x02\x01x", timestamp=VIDEO + 3600, payload_type=96), at(1))
        assert (unit.codec, unit.key, made.counters["video_pictures"]) == ("H265", False, 2)

    @pytest.mark.parametrize(
        ("encoding", "parameters"),
        [("JPEG", {}), ("", {}), ("H265", {"sprop-max-don-diff": "2"}), ("H265", {"sprop-max-don-diff": "x"})],
    )
    def test_a_picture_that_cannot_be_had_gives_its_clock_alone(self, encoding, parameters, caplog):
        made = receiver(video=False)
        made.add_video("v", payload_type=96, encoding=encoding, parameters=parameters)
        assert "no picture" in caplog.text
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        assert push_frames(made, 0, 5) == []
        (record,) = made.packet("m", rtp(1, xml(), timestamp=12_600), at(5))
        assert record.video.timestamp == VIDEO + 3600
        assert made.video is None

    def test_parameter_sets_of_the_sdp_are_put_before_a_key_picture(self):
        made = receiver(video=False)
        made.add_video("v", payload_type=96, parameter_sets=[b"\x67\x4d\x40\x1fa", b"\x68b"])
        (unit,) = push_frames(made, 0, 1)
        assert unit.data.startswith(b"\0\0\0\1\x67\x4d\x40\x1fa\0\0\0\1\x68b\0\0\0\1\x65")
        assert made.video.codec == "avc1.4d401f"


class TestReports:
    def test_a_receiver_report_every_five_seconds(self):
        made = receiver(video=False)
        assert made.reports(at(0)) == []
        for sequence in (10, 11, 14):
            made.packet("m", rtp(sequence, xml(), timestamp=sequence), UNIX * NS)
        made.rtcp("m", sender_report(0xAAAA_1111_2222_BBBB, 14), UNIX * NS)
        ((track, data),) = made.reports((UNIX + 2) * NS)
        assert track == "m"
        # RR of one block: 2 of 5 lost (102/256), highest 14, jitter 0, LSR, DLSR of 2 s; then SDES with CNAME "onframe"
        assert data.hex() == (
            "81c90007" "0000cafe" "55667788" "66000002" "0000000e" "00000000" "11112222" "00020000"
            "81ca0004" "0000cafe" "01076f6e6672616d65" "000000"
        )  # fmt: skip
        assert made.reports((UNIX + 6) * NS) == []
        assert len(made.reports((UNIX + 7) * NS)) == 1

    def test_audio_is_reported_on_and_gives_nothing(self):
        made = receiver(video=False)
        made.add_other("a", clock_rate=8000)
        assert made.packet("a", rtp(1, b"\xff" * 160, payload_type=0), at(0)) == []
        assert [track for track, _ in made.reports(at(0))] == ["a"]

    def test_a_good_bye_is_told(self):
        made = receiver(video=False)
        assert made.rtcp("m", sender_report(NTP, 0), at(0)) is False
        assert made.rtcp("m", bytes.fromhex("80c900010000000181cb000155667788"), at(0)) is True

    @pytest.mark.fault("F47")
    def test_rtcp_good_bye_of_another_source_does_not_end_the_track(self):
        made = receiver(video=False)
        bye = bytes.fromhex("81cb0001")
        made.packet("m", rtp(1, xml()), at(0))  # from 55667788
        made.rtcp("m", sender_report(NTP, 0, ssrc=0x14B37590), at(0))  # devices report under another one
        assert made.rtcp("m", bye + b"\0\0\0\x01", at(1)) is False
        assert made.rtcp("m", bye + b"\x14\xb3\x75\x90", at(1)) is True
        assert made.rtcp("m", bye + b"\x55\x66\x77\x88", at(1)) is True
        assert made.rtcp("m", bytes.fromhex("80cb0000"), at(1)) is True, "one that names nobody is of who sends here"

    @pytest.mark.fault("F47")
    def test_an_rtcp_sender_report_without_a_time_changes_no_clock(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 5)
        made.rtcp("v", sender_report(0, VIDEO + 90_000, ssrc=7), at(5))
        made.rtcp("m", sender_report(0, 77_777), at(5))
        (record,) = made.packet("m", rtp(1, xml(), timestamp=12_600), at(5))
        assert (record.video.timestamp, record.video.exact, record.clock) == (VIDEO + 3600, True, "sender_report")
        assert record.captured_at == START + timedelta(seconds=0.04)
        assert made.counters["clock_steps"] == 0

    @pytest.mark.fault("F47")
    def test_rtcp_sender_reports_that_jump_are_counted_and_bind_again_once_both_tracks_have_jumped(self):
        made = receiver()
        made.rtcp("v", sender_report(NTP, VIDEO, ssrc=7), at(0))
        made.rtcp("m", sender_report(NTP, 9000), at(0))
        push_frames(made, 0, 25)
        later = NTP + (3601 << 32)  # an hour more than the second that passed
        made.rtcp("v", sender_report(later, VIDEO + 90_000, ssrc=7), at(25))
        assert made.counters["clock_steps"] == 1
        (between,) = made.packet("m", rtp(1, xml(), timestamp=9000 + 3600 * 24), at(25))
        assert between.video.timestamp == VIDEO + 3600 * 24, "the document lies on its picture all the time"
        made.rtcp("m", sender_report(later, 99_000), at(25))
        push_frames(made, 25, 27)
        (record,) = made.packet("m", rtp(2, xml(), timestamp=99_000), at(27))
        assert (record.video.timestamp, record.video.exact) == (VIDEO + 90_000, True)
        assert record.captured_at == START + timedelta(seconds=3601)
        assert made.counters["clock_steps"] == 1

    @pytest.mark.fault("F47")
    def test_of_an_rtcp_compound_that_is_cut_off_nothing_is_used(self):
        made = receiver(video=False)
        cut = sender_report(NTP, 0) + b"\x81\xca\x00\x04" + b"\xca\xfe"
        assert made.rtcp("m", cut, at(0)) is False
        assert made.rtcp("m", bytes.fromhex("81cb000155667788") + b"\x80", at(0)) is False
        (record,) = made.packet("m", rtp(1, xml(), timestamp=3600), at(5))
        assert (record.clock, made.counters["malformed_rtcp"]) == ("document", 2)

    @pytest.mark.fault("F47")
    def test_rtcp_packets_of_unknown_types_are_passed_over(self):
        made = receiver(video=False)
        unknown = b"\x80\xcf\x00\x01" + b"\0\0\0\1" + b"\x85\xff\x00\x00"
        assert made.rtcp("m", unknown + sender_report(NTP, 0) + unknown, at(0)) is False
        (record,) = made.packet("m", rtp(1, xml(), timestamp=3600), at(5))
        assert (record.clock, made.counters["malformed_rtcp"]) == ("sender_report", 0)

    @pytest.mark.fault("F47")
    @pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\xc8\x00\x06abc", b"\x40\xc8\x00\x00"])
    def test_broken_rtcp_is_counted(self, data):
        made = receiver(video=False)
        assert made.rtcp("m", data, at(0)) is False
        assert made.rtcp("other", data, at(0)) is False
        assert made.counters["malformed_rtcp"] == 1


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("mvx"), st.integers(0, 6), st.binary(max_size=60)), max_size=25))
def test_no_bytes_of_a_peer_raise(packets):
    made = receiver(max_size=500)
    for n, (track, sequence, data) in enumerate(packets):
        made.packet(track, data, at(n))
        made.packet(track, rtp(sequence, data, timestamp=sequence, payload_type=107 if track == "m" else 96), at(n))
        made.rtcp(track, data, at(n))
        made.rtcp(track, b"\x80\xc8\x00\x06" + data, at(n))
        made.reports(at(n * 200))
