"""The clocks of a session, on hand-computed numbers. Video 90 kHz at 25 frames/s: 3600 ticks a frame."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.wire.clock import Grade, SessionClock
from onframe.wire.rtp import TimestampExtender

NS = 1_000_000_000
FRAME = 40_000_000
WRAP = 2**32
UNIX = 1_700_000_000
NTP = (UNIX + 2_208_988_800) << 32
"""2023-11-14T22:13:20Z as 64-bit NTP time."""


def ntp(milliseconds):
    """NTP time ``milliseconds`` after NTP, rounded to the nearest unit by hand: 2^32 / 1000 a millisecond."""
    return NTP + (milliseconds * WRAP + 500) // 1000


def clock_of(video=1_000_000, metadata=7_000_000, frames=0, lag=0):
    """A session of two tracks, and ``frames`` pictures and documents received, each ``lag`` ns after its instant."""
    clock = SessionClock()
    clock.add_track("video", 90_000)
    clock.add_track("metadata", 90_000)
    for n in range(frames):
        clock.extend("video", (video + 3600 * n) % WRAP, UNIX * NS + n * FRAME + lag)
        clock.extend("metadata", (metadata + 3600 * n) % WRAP, UNIX * NS + n * FRAME + lag)
    return clock


class TestExtender:
    def test_the_first_timestamp_stands_for_itself(self):
        assert TimestampExtender().extend(0xFFFFFFF0) == 0xFFFFFFF0

    @pytest.mark.fault("F43")
    def test_it_goes_on_over_the_wrap_and_back_for_late_packets(self):
        extender = TimestampExtender()
        assert [extender.extend(t) for t in (0xFFFFF000, 0x100, 0xFFFFFF00, 0x200)] == [
            0xFFFFF000,
            0x1_0000_0100,
            0xFFFFFF00,
            0x1_0000_0200,
        ]

    @settings(max_examples=80)
    @given(st.integers(0, WRAP - 1), st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=20))
    def test_any_walk_of_steps_under_half_a_wrap_is_followed(self, start, steps):
        extender = TimestampExtender()
        at = extender.extend(start)
        for step in steps:
            at += step
            assert extender.extend(at % WRAP) == at


class TestSenderReports:
    @pytest.mark.requirement("R-032")
    def test_two_tracks_meet_to_the_tick(self):
        clock = clock_of(frames=1)
        clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        clock.sender_report("metadata", ntp(500), 7_045_000, UNIX * NS)
        # 7_048_600 is 40 ms after the metadata report, so 540 ms after the video report: 48_600 ticks
        time = clock.convert("metadata", 7_048_600, "video")
        assert (time.timestamp, time.grade) == (1_048_600, Grade.SENDER_REPORT)
        assert time.uncertainty < 0.001
        assert clock.convert("video", 1_048_600, "metadata").timestamp == 7_048_600

    def test_every_frame_of_an_hour_meets_to_the_tick(self):
        clock = clock_of(video=4_000_000_000, metadata=4_294_960_000)
        for n in range(0, 90_000, 997):
            now = UNIX * NS + n * FRAME
            video = clock.extend("video", (4_000_000_000 + 3600 * n) % WRAP, now)
            metadata = clock.extend("metadata", (4_294_960_000 + 3600 * n) % WRAP, now)
            at = n * 40 + 3  # reports are sent some ms after their frame: 90 ticks a millisecond
            clock.sender_report("video", ntp(at), (4_000_000_000 + at * 90) % WRAP, now)
            clock.sender_report("metadata", ntp(at + 1), (4_294_960_000 + at * 90 + 90) % WRAP, now)
            assert clock.convert("metadata", metadata, "video").timestamp == video

    def test_tracks_of_different_rates_meet(self):
        clock = clock_of()
        clock.add_track("audio", 8000)
        clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        clock.sender_report("audio", ntp(100), 500, UNIX * NS)
        assert clock.convert("audio", 500 + 800, "video").timestamp == 1_018_000

    def test_camera_time_is_that_of_the_report(self):
        clock = clock_of()
        clock.sender_report("metadata", ntp(250), 7_000_000, UNIX * NS)
        time = clock.camera_time("metadata", 7_009_000)
        assert (time.ns, time.grade) == (UNIX * NS + 350_000_000, Grade.SENDER_REPORT)
        assert 0 < time.uncertainty < 0.001

    def test_a_report_may_come_before_any_packet(self):
        clock = clock_of()
        clock.sender_report("metadata", ntp(0), WRAP - 1800, UNIX * NS)
        timestamp = clock.extend("metadata", 1800, UNIX * NS)
        assert timestamp == WRAP + 1800
        assert clock.camera_time("metadata", timestamp).ns == UNIX * NS + FRAME

    def test_ntp_zero_says_nothing(self):
        clock = clock_of(frames=1)
        clock.sender_report("metadata", 0, 7_000_000, UNIX * NS)
        clock.sender_report("video", 0, 1_000_000, UNIX * NS)
        assert clock.camera_time("metadata", 7_000_000).grade is Grade.ARRIVAL
        assert clock.convert("metadata", 7_000_000, "video").grade is Grade.ARRIVAL

    def test_right_across_the_wrap_of_either_track(self):
        clock = clock_of(video=WRAP - 3600 * 3, metadata=WRAP - 3600 * 6)
        clock.sender_report("video", ntp(0), WRAP - 3600 * 3, UNIX * NS)
        clock.sender_report("metadata", ntp(0), WRAP - 3600 * 6, UNIX * NS)
        for n in range(10):
            now = UNIX * NS + n * FRAME
            video = clock.extend("video", (WRAP - 3600 * 3 + 3600 * n) % WRAP, now)
            metadata = clock.extend("metadata", (WRAP - 3600 * 6 + 3600 * n) % WRAP, now)
            assert clock.convert("metadata", metadata, "video").timestamp == video
            assert clock.camera_time("metadata", metadata).ns == now

    def test_a_late_packet_from_before_the_wrap(self):
        clock = clock_of()
        clock.extend("metadata", WRAP - 100, UNIX * NS)
        assert clock.extend("metadata", 100, UNIX * NS + 1) == WRAP + 100
        assert clock.extend("metadata", WRAP - 50, UNIX * NS + 2) == WRAP - 50

    @pytest.mark.fault("F43")
    def test_ten_hours_of_silence_lose_no_wrap(self):
        clock = clock_of()
        first = clock.extend("metadata", 5000, UNIX * NS)
        ticks = 36_000 * 90_000 + 1234
        later = clock.extend("metadata", (5000 + ticks) % WRAP, (UNIX + 36_000) * NS)
        assert later - first == ticks

    def test_a_clock_step_seen_by_one_track_first_moves_no_picture(self):
        clock = clock_of(frames=1)
        hour = 3_600_000
        clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        clock.sender_report("metadata", ntp(0), 7_000_000, UNIX * NS)
        clock.sender_report("video", ntp(5000 + hour), 1_450_000, UNIX * NS)
        assert clock.convert("metadata", 7_453_600, "video").timestamp == 1_453_600
        clock.sender_report("metadata", ntp(5000 + hour), 7_450_000, UNIX * NS)
        assert clock.convert("metadata", 7_453_600, "video").timestamp == 1_453_600
        assert clock.camera_time("metadata", 7_450_000).ns == (UNIX + 3605) * NS
        assert clock.steps == 1

    def test_a_drifting_oscillator_is_no_clock_step(self):
        clock = clock_of()
        for n in range(20):  # 200 ppm: 5 s are 450_090 ticks
            clock.sender_report("video", ntp(5000 * n), 1_000_000 + 450_090 * n, UNIX * NS + n * 5 * NS)
        assert clock.steps == 0
        assert clock.camera_time("video", 1_000_000 + 450_090 * 19).ns == (UNIX + 95) * NS

    def test_one_track_whose_reports_jump_for_ever_leaves_the_other_usable(self):
        clock = clock_of(frames=1)
        clock.sender_report("metadata", ntp(0), 7_000_000, UNIX * NS)
        for n in range(40):
            clock.sender_report("video", ntp(n * n * 10_000), 1_000_000, UNIX * NS)
        assert clock.convert("metadata", 7_000_000, "video") is not None

    def test_a_reboot_is_a_reset(self):
        clock = clock_of(frames=1)
        clock.sender_report("metadata", ntp(0), 7_000_000, UNIX * NS)
        clock.reset()
        assert clock.extend("metadata", 42, UNIX * NS) == 42
        assert clock.camera_time("metadata", 42).grade is Grade.ARRIVAL

    def test_one_track_may_be_reset_alone(self):
        clock = clock_of(frames=1)
        clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        clock.sender_report("metadata", ntp(0), 7_000_000, UNIX * NS)
        clock.reset("metadata")
        assert clock.camera_time("video", 1_000_000).grade is Grade.SENDER_REPORT
        assert clock.convert("metadata", 7_000_000, "video") is None


class TestRtpInfo:
    def test_both_rtptimes_are_of_one_instant(self):
        clock = clock_of(frames=3)
        clock.rtp_info("video", 1_000_000)
        clock.rtp_info("metadata", 7_000_000)
        time = clock.convert("metadata", 7_007_200, "video")
        assert (time.timestamp, time.grade) == (1_007_200, Grade.RTP_INFO)

    def test_rtptime_right_before_the_wrap(self):
        clock = clock_of(video=100, frames=3)
        clock.rtp_info("video", WRAP - 3500)
        clock.rtp_info("metadata", 6_996_400)
        assert clock.convert("metadata", 7_000_000, "video").timestamp == 100

    def test_one_rtptime_alone_relates_nothing(self):
        clock = clock_of(frames=3)
        clock.rtp_info("video", 1_000_000)
        assert clock.convert("metadata", 7_007_200, "video").grade is Grade.ARRIVAL

    @pytest.mark.requirement("R-034")
    def test_an_rtptime_that_does_not_fit_arrival_is_not_believed(self):
        clock = clock_of(frames=3)
        clock.rtp_info("video", 1_000_000)
        clock.rtp_info("metadata", 0)
        time = clock.convert("metadata", 7_007_200, "video")
        assert (time.timestamp, time.grade) == (1_007_200, Grade.ARRIVAL)

    def test_an_rtptime_does_not_move_the_timestamps(self):
        clock = clock_of()
        clock.rtp_info("metadata", 0)
        assert clock.extend("metadata", 4_000_000_000, UNIX * NS) == 4_000_000_000

    def test_camera_time_by_the_video_tracks_reports(self):
        clock = clock_of(frames=3)
        clock.rtp_info("video", 1_000_000)
        clock.rtp_info("metadata", 7_000_000)
        clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        time = clock.camera_time("metadata", 7_003_600)
        assert (time.ns, time.grade) == (UNIX * NS + FRAME, Grade.RTP_INFO)


class TestSharedBase:
    def documents(self, clock, count, *, offset=0, delay=100_000_000, start=5):
        """``count`` documents of every second picture from ``start`` on, ``delay`` ns after it."""
        for n in range(start, start + 2 * count, 2):
            for k in (n - 1, n, n + 1, n + 2):
                clock.extend("video", 1_000_000 + 3600 * k, UNIX * NS + k * FRAME)
            now = UNIX * NS + n * FRAME + delay
            timestamp = clock.extend("metadata", 1_000_000 + 3600 * n + offset, now)
            clock.document_time("metadata", timestamp, None, now)
        return clock.convert("metadata", timestamp, "video")

    def test_eight_documents_on_their_pictures_verify_it(self):
        assert self.documents(clock_of(), 7).grade is Grade.ARRIVAL
        time = self.documents(clock_of(), 8)
        assert (time.grade, time.timestamp) == (Grade.SHARED_BASE, 1_000_000 + 3600 * 19)

    def test_documents_between_pictures_do_not(self):
        assert self.documents(clock_of(), 30, offset=77).grade is Grade.ARRIVAL

    def test_documents_that_arrive_at_another_time_do_not(self):
        # on the grid, but an hour off: another base that happens to be a multiple of a frame away
        assert self.documents(clock_of(), 30, offset=3600 * 90_000).grade is Grade.ARRIVAL
        assert self.documents(clock_of(), 30, delay=5 * NS).grade is Grade.ARRIVAL

    def test_documents_may_come_before_their_picture(self):
        clock = clock_of()
        for n in range(20):
            now = UNIX * NS + n * FRAME
            clock.document_time("metadata", clock.extend("metadata", 5000 + 3600 * n, now - 1), None, now - 1)
            clock.extend("video", 5000 + 3600 * n, now)
        assert clock.convert("metadata", 5000, "video").grade is Grade.SHARED_BASE

    def test_several_documents_of_one_picture_count_once(self):
        clock = clock_of()
        clock.extend("video", 1_000_000, UNIX * NS)
        for _ in range(30):
            clock.document_time("metadata", clock.extend("metadata", 1_000_000, UNIX * NS), None, UNIX * NS)
        assert clock.convert("metadata", 1_000_000, "video").grade is Grade.ARRIVAL

    def test_it_is_revoked_when_documents_leave_the_pictures(self):
        clock = clock_of()
        assert self.documents(clock, 8).grade is Grade.SHARED_BASE
        assert self.documents(clock, 1, offset=777, start=31).grade is Grade.SHARED_BASE
        assert self.documents(clock, 8, offset=777, start=41).grade is Grade.ARRIVAL

    def test_a_lost_picture_leaves_the_grid(self):
        clock = clock_of()
        for n in range(60):
            now = UNIX * NS + n * FRAME
            if n % 24:
                clock.extend("video", 1_000_000 + 3600 * n, now)
            if n >= 43:
                clock.document_time("metadata", clock.extend("metadata", 1_000_000 + 3600 * n, now), None, now)
        assert clock.convert("metadata", 1_000_000, "video").grade is Grade.SHARED_BASE


class TestDocumentsAndArrival:
    def received(self, *, zone_ms=0, report=False, count=40, times=True):
        """Documents 0 to 160 ms late whose RTP timestamps are random; their time is the instant of their picture."""
        clock = clock_of()
        for n in range(count):
            clock.extend("video", 1_000_000 + 3600 * n, UNIX * NS + n * FRAME)
        if report:
            clock.sender_report("video", ntp(0), 1_000_000, UNIX * NS)
        for n in range(count):
            now = UNIX * NS + n * FRAME + n % 5 * FRAME
            timestamp = clock.extend("metadata", 7_000_000 + 3600 * (n + n % 5) + n, now)
            epoch = UNIX * 1000 + n * 40 + zone_ms if times else None
            clock.document_time("metadata", timestamp, epoch, now)
        return clock, clock.convert("metadata", timestamp, "video")

    def test_the_documents_time_against_arrival(self):
        _, time = self.received()
        assert (time.timestamp, time.grade) == (1_000_000 + 3600 * 39, Grade.DOCUMENT)
        assert 0.02 <= time.uncertainty < 0.3

    def test_the_documents_time_against_the_videos_reports(self):
        _, time = self.received(report=True)
        assert (time.timestamp, time.grade) == (1_000_000 + 3600 * 39, Grade.DOCUMENT)

    @pytest.mark.requirement("R-045")
    def test_a_time_of_another_zone_still_finds_the_picture_and_corrects_nothing(self):
        clock, time = self.received(zone_ms=-8 * 3_600_000, report=True)
        assert (time.timestamp, time.grade) == (1_000_000 + 3600 * 39, Grade.DOCUMENT)
        assert clock.camera_time("video", 1_000_000).ns == UNIX * NS
        assert clock.camera_time("metadata", 7_000_000).ns // NS in range(UNIX - 28_801, UNIX - 28_798)

    @pytest.mark.requirement("R-045")
    def test_the_documents_time_never_corrects_a_sender_report(self):
        clock = clock_of(frames=1)
        clock.sender_report("metadata", ntp(0), 7_000_000, UNIX * NS)
        for n in range(20):
            clock.document_time("metadata", 7_000_000 + n, (UNIX - 28_800) * 1000, UNIX * NS)
        assert clock.camera_time("metadata", 7_000_000) == clock_time(clock, UNIX * NS)

    def test_camera_time_of_a_document_is_what_it_says(self):
        clock = clock_of(frames=1)
        clock.document_time("metadata", 7_000_000, UNIX * 1000 + 120, UNIX * NS)
        assert clock.camera_time("metadata", 7_000_000)[:2] == (UNIX * NS + 120_000_000, Grade.DOCUMENT)
        assert clock.camera_time("metadata", 7_090_000).ns == (UNIX + 1) * NS + 120_000_000

    def test_arrival_is_the_last_resort_and_says_how_uncertain_it_is(self):
        _, time = self.received(times=False)
        assert time.grade is Grade.ARRIVAL
        assert time.uncertainty >= 0.02

    def test_the_first_document_is_uncertain(self):
        clock = clock_of(frames=1, lag=5_000_000)
        time = clock.convert("metadata", 7_000_000, "video")
        assert (time.timestamp, time.grade) == (1_000_000, Grade.ARRIVAL)
        assert time.uncertainty >= 0.5
        assert clock.camera_time("metadata", 7_000_000).ns == UNIX * NS + 5_000_000

    def test_the_spread_of_arrival_is_the_uncertainty(self):
        clock = clock_of()
        for n in range(40):
            clock.extend("video", 3600 * n, UNIX * NS + n * FRAME)
            clock.extend("metadata", 900 + 3600 * n, UNIX * NS + n * FRAME + n % 3 * 100_000_000)
        time = clock.convert("metadata", 900 + 3600 * 39, "video")
        assert time.timestamp == 3600 * 39
        assert time.uncertainty == pytest.approx(0.1)

    def test_half_a_frame_is_the_least_uncertainty(self):
        time = clock_of(frames=40).convert("metadata", 7_000_000, "video")
        assert time.uncertainty == pytest.approx(0.02)

    def test_a_step_of_our_own_clock_is_forgotten_at_once(self):
        clock = clock_of(frames=40)
        later = (UNIX + 3600) * NS
        for n in range(40, 60):
            clock.extend("video", 1_000_000 + 3600 * n, later + n * FRAME)
            clock.extend("metadata", 7_000_000 + 3600 * n, later + n * FRAME)
        assert clock.convert("metadata", 7_000_000 + 3600 * 59, "video").timestamp == 1_000_000 + 3600 * 59

    @pytest.mark.fault("F43")
    def test_timestamps_that_jump_back_an_hour_are_followed(self):
        clock = clock_of(video=3600 * 90_000 * 2, frames=10)
        clock.extend("video", 3600 * 90_000, (UNIX + 1) * NS)
        assert clock.camera_time("video", 3600 * 90_000).ns == (UNIX + 1) * NS

    def test_nothing_received_is_nothing_known(self):
        clock = clock_of()
        assert clock.convert("metadata", 1, "video") is None
        assert clock.camera_time("metadata", 1).uncertainty == float("inf")


def clock_time(clock, ns):
    """The time of grade sender_report at ``ns`` with the uncertainty of one tick."""
    return (ns, Grade.SENDER_REPORT, 1 / 90_000)


def test_a_track_is_itself():
    assert clock_of().convert("video", 5, "video").timestamp == 5


def test_the_frame_interval_is_what_was_seen():
    assert clock_of().frame_interval("video") is None
    assert clock_of(frames=2).frame_interval("video") == pytest.approx(0.04)


def test_exact_grades():
    assert [g.value for g in Grade if g.exact] == ["sender_report", "rtp_info", "shared_base"]


@settings(max_examples=60)
@given(
    video=st.integers(0, WRAP - 1),
    metadata=st.integers(0, WRAP - 1),
    start_ms=st.integers(0, 10**9),
    apart_ms=st.integers(-5000, 5000),
    frames=st.integers(0, 100_000),
)
def test_whatever_the_bases_reports_relate_the_tracks_to_the_tick(video, metadata, start_ms, apart_ms, frames):
    clock = SessionClock()
    clock.add_track("video", 90_000)
    clock.add_track("metadata", 90_000)
    now = UNIX * NS
    clock.sender_report("video", ntp(start_ms), video, now)
    clock.sender_report("metadata", ntp(start_ms + apart_ms), (metadata + apart_ms * 90) % WRAP, now)
    later = now + frames * FRAME
    there = clock.extend("video", (video + frames * 3600) % WRAP, later)
    here = clock.extend("metadata", (metadata + frames * 3600) % WRAP, later)
    assert clock.convert("metadata", here, "video").timestamp == there


def test_of_the_documents_times_the_last_64_are_known_exactly():
    clock = clock_of()
    for n in range(70):
        clock.extend("metadata", 7_000_000 + 3600 * n, UNIX * NS + n * FRAME)
        clock.document_time("metadata", 7_000_000 + 3600 * n, UNIX * 1000 + n * 40 + n % 7, UNIX * NS + n * FRAME)
    assert clock.camera_time("metadata", 7_000_000 + 3600 * 6).uncertainty == 0.001
    assert clock.camera_time("metadata", 7_000_000 + 3600 * 5).uncertainty > 0.001


def test_a_clock_that_is_set_for_ever_is_remembered_for_a_while_only():
    clock = clock_of(frames=1)
    tracemalloc.start()
    for n in range(5_000):  # each report an hour from what the one before says
        clock.sender_report("video", NTP + (n % 2 * 3600 + n << 32), 1_000_000 + 90_000 * n, UNIX * NS + n * NS)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert clock.steps == 4_999
    assert held < 100_000


def test_a_reset_forgets_a_shared_base_too():
    clock = clock_of()
    for n in range(40):
        now = UNIX * NS + n * FRAME
        clock.extend("video", 1_000_000 + 3600 * n, now)
        clock.document_time("metadata", clock.extend("metadata", 1_000_000 + 3600 * n, now), None, now)
    assert clock.convert("metadata", 1_000_000, "video").grade is Grade.SHARED_BASE
    clock.reset()
    assert clock.convert("metadata", 1_000_000, "video") is None


@pytest.mark.parametrize(("back", "interval"), [(9, 0.04), (11, None)])
def test_a_packet_some_seconds_back_is_late_and_one_farther_back_begins_anew(back, interval):
    clock = clock_of(frames=300)
    clock.extend("video", 1_000_000 + 3600 * 299 - 90_000 * back, UNIX * NS + 300 * FRAME)
    assert clock.frame_interval("video") == interval
