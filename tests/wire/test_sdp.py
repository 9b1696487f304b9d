import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onframe.errors import LimitExceeded, LocalProtocolError, OnframeError, RemoteProtocolError
from onframe.wire.sdp import MediaDescription, RtpMap, SessionDescription, control_url, other_host

URL = "rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101"

GUIDE = (
    "v=0\r\n"
    "o=- 1513571850040093 1513571850040093 IN IP4 10.10.36.212\r\n"
    "s=Media Presentation\r\n"
    "e=NONE\r\n"
    "b=AS:5100\r\n"
    "t=0 0\r\n"
    "a=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "b=AS:5000\r\n"
    "a=recvonly\r\n"
    "a=x-dimensions:1920,1080\r\n"
    "a=control:trackID=1\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 profile-level-id=420029; packetization-mode=1; "
    "sprop-parameter-sets=Z00AKp2oHgCJ+WbgICAoAAADAAgAAAMBICA=,aO48gA==\r\n"
    "m=audio 0 RTP/AVP 0\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "b=AS:50\r\n"
    "a=recvonly\r\n"
    "a=control:trackID=2\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "m=application 0 RTP/AVP 107\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "b=AS:50\r\n"
    "a=recvonly\r\n"
    "a=control:trackID=3\r\n"
    "a=rtpmap:107 isapi.metadata/90000\r\n"
    "a=Media_header:MEDIAINFO=494D4B48010200000400000110710110401F000000FA000000000000000000000000000000000000;\r\n"
    "a=appversion:1.0\r\n"
)


def minimal(*lines: str) -> SessionDescription:
    return SessionDescription.parse("\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.7", "s=x", "t=0 0", *lines]))


@pytest.mark.requirement("R-021", "R-022", "R-023")
def test_the_description_of_the_guide_is_read():
    assert len(GUIDE) == 737
    description = SessionDescription.parse(GUIDE)
    assert [media.media for media in description.media] == ["video", "audio", "application"]
    assert [media.control for media in description.media] == ["trackID=1", "trackID=2", "trackID=3"]
    assert [media.track_id for media in description.media] == [1, 2, 3]
    assert description.control == "*"
    video, audio, metadata = description.media
    assert video.rtpmap == {96: RtpMap("H264", 90000)}
    assert video.dimensions == (1920, 1080)
    assert video.fmtp[96]["packetization-mode"] == "1"
    assert [len(unit) for unit in video.sprop] == [26, 4]
    assert (audio.encoding_name, audio.clock_rate) == ("pcmu", 8000)
    assert description.metadata_media() is metadata
    assert metadata.payload_type == 107
    assert (metadata.attribute("appversion"), metadata.bandwidth) == ("1.0", ["AS:50"])
    assert not description.onvif_metadata
    assert description.warnings == []


@pytest.mark.requirement("R-021")
def test_the_description_of_the_guide_is_written_byte_for_byte():
    common = {"connection": "IN IP4 0.0.0.0"}
    fmtp = "96 profile-level-id=420029; packetization-mode=1; "
    fmtp += "sprop-parameter-sets=Z00AKp2oHgCJ+WbgICAoAAADAAgAAAMBICA=,aO48gA=="
    video = MediaDescription("video", formats=["96"], bandwidth=["AS:5000"], **common)
    video.attributes = [("recvonly", None), ("x-dimensions", "1920,1080"), ("control", "trackID=1")]
    video.attributes += [("rtpmap", "96 H264/90000"), ("fmtp", fmtp)]
    audio = MediaDescription("audio", formats=["0"], bandwidth=["AS:50"], **common)
    audio.attributes = [("recvonly", None), ("control", "trackID=2"), ("rtpmap", "0 PCMU/8000")]
    metadata = MediaDescription("application", formats=["107"], bandwidth=["AS:50"], **common)
    metadata.attributes = [("recvonly", None), ("control", "trackID=3"), ("rtpmap", "107 isapi.metadata/90000")]
    header = "MEDIAINFO=494D4B48010200000400000110710110401F000000FA000000000000000000000000000000000000;"
    metadata.attributes += [("Media_header", header), ("appversion", "1.0")]
    description = SessionDescription(
        origin="- 1513571850040093 1513571850040093 IN IP4 10.10.36.212",
        email="NONE",
        bandwidth=["AS:5100"],
        attributes=[("control", "*")],
        media=[video, audio, metadata],
    )
    assert description.serialize() == GUIDE.encode()


@pytest.mark.parametrize("bad", ["x\r\na=y", "x\x00"])
def test_line_ends_never_leave_in_a_description(bad):
    with pytest.raises(LocalProtocolError):
        SessionDescription(name=bad).serialize()


@pytest.mark.requirement("R-022")
def test_lines_broken_by_print_are_joined():
    printed = GUIDE.replace("\r\n", "\n").replace("1; sprop", "1;\nsprop").replace("FA0000", "FA00\n00")
    description = SessionDescription.parse(printed)
    assert [len(unit) for unit in description.media[0].sprop] == [26, 4]
    header = description.media[2].attribute("Media_header")
    assert header is not None and len(header) == len("MEDIAINFO=;") + 80
    assert len(description.warnings) == 2


@pytest.mark.fault("F25")
@pytest.mark.requirement("R-023")
@pytest.mark.parametrize("name", ["isapi.metadata", "ISAPI.METADATA", "Isapi.Metadata"])
@pytest.mark.parametrize("payload_type", [96, 107, 127])
def test_metadata_is_chosen_by_its_encoding_name(name, payload_type):
    description = minimal(f"m=application 0 RTP/AVP {payload_type}", f"a=rtpmap:{payload_type} {name}/90000")
    media = description.metadata_media()
    assert media is not None
    assert media.payload_type_of("isapi.metadata") == payload_type


@pytest.mark.fault("F25")
@pytest.mark.requirement("R-023")
@pytest.mark.parametrize(
    ("rtpmap", "onvif"),
    [
        ("a=rtpmap:107 vnd.onvif.metadata/90000", True),
        ("a=rtpmap:107 VND.ONVIF.METADATA/90000/500", True),
        ("a=rtpmap:107 isapi.metadata2/90000", False),
        ("a=rtpmap:107", False),
        ("a=x:y", False),
    ],
)
def test_payload_type_107_with_another_name_is_not_metadata(rtpmap, onvif):
    description = minimal("m=application 0 RTP/AVP 107", rtpmap, "a=control:trackID=3")
    assert description.metadata_media() is None
    assert description.onvif_metadata is onvif


@pytest.mark.requirement("R-023")
def test_a_stream_without_application_section_has_no_metadata():
    assert minimal("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000").metadata_media() is None


@pytest.mark.parametrize("lines", [("a=control:trackID=3", "a=rtpmap:107 isapi.metadata/90000")])
def test_control_may_stand_before_or_after_rtpmap(lines):
    for order in (lines, lines[::-1]):
        media = minimal("m=application 0 RTP/AVP 107", *order).metadata_media()
        assert media is not None and media.control == "trackID=3"


@pytest.mark.fault("F26")
@pytest.mark.requirement("R-024")
@pytest.mark.parametrize(
    ("base", "location", "control", "expected"),
    [
        (None, None, "trackID=3", f"{URL}/trackID=3"),
        (None, None, "*", URL),
        (None, None, None, URL),
        (f"{URL}/", None, "trackID=3", f"{URL}/trackID=3"),
        (f"{URL}/", None, "*", f"{URL}/"),
        (None, f"{URL}/av_stream", "trackID=3", f"{URL}/av_stream/trackID=3"),
        (f"{URL}/a", f"{URL}/b", "trackID=3", f"{URL}/a/trackID=3"),
        ("rtsp://h/c/", None, "rtsp://192.0.2.9:554/x/trackID=3", "rtsp://192.0.2.9:554/x/trackID=3"),
        (f"{URL}?a=1&b=2", None, "trackID=3", f"{URL}/trackID=3?a=1&b=2"),
        (f"{URL}/?a=1", None, "trackID=3", f"{URL}/trackID=3?a=1"),
        (f"{URL}/?a=1", None, "trackID=3?c=2", f"{URL}/trackID=3?c=2"),
        (f"{URL}?a=1", None, "?ctype=video", f"{URL}?ctype=video"),
        (None, None, "/other/track", "rtsp://192.0.2.7:554/other/track"),
        ("192.0.2.8:1935/live/", None, "t1", "rtsp://192.0.2.8:1935/live/t1"),
        ("//192.0.2.8/live/", None, "t1", "rtsp://192.0.2.8/live/t1"),
        ("rtsp://rtsp://cam.lan:554/s/", None, "t1", "rtsp://cam.lan:554/s/t1"),
        ("rtsp://::ffff:192.0.2.8/p/", None, "t1", "rtsp://[::ffff:192.0.2.8]/p/t1"),
        ("/live/one/", None, "t1", "rtsp://192.0.2.7:554/live/one/t1"),
        ("   ", None, "t1", f"{URL}/t1"),
    ],
)
def test_a_control_url_is_formed(base, location, control, expected):
    assert control_url(URL, base, location, control) == expected


@pytest.mark.fault("F26")
@pytest.mark.requirement("R-024")
def test_the_request_urls_query_goes_behind_the_track():
    url = control_url("rtsp://h/Streaming/Channels/101?transportmode=unicast", None, None, "trackID=3")
    assert url == "rtsp://h/Streaming/Channels/101/trackID=3?transportmode=unicast"


@pytest.mark.fault("F26")
@pytest.mark.requirement("R-024")
def test_the_sessions_absolute_control_is_the_base_where_no_header_is():
    description = minimal(f"a=control:{URL}/av_stream/", "m=video 0 RTP/AVP 96", "a=control:trackID=1")
    assert description.media_url(description.media[0], URL) == f"{URL}/av_stream/trackID=1"
    assert description.media_url(description.media[0], URL, f"{URL}/") == f"{URL}/trackID=1"
    assert description.aggregate_url(URL) == f"{URL}/av_stream/"


def test_ipv6_brackets_stay():
    assert control_url("rtsp://[2001:db8::7]:554/c/101", None, None, "trackID=3") == (
        "rtsp://[2001:db8::7]:554/c/101/trackID=3"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\n \r\n"])
def test_line_ends_and_empty_lines_do_not_matter(end):
    description = SessionDescription.parse(GUIDE.replace("\r\n", end))
    assert [media.track_id for media in description.media] == [1, 2, 3]


@pytest.mark.fault("F25")
def test_a_description_that_begins_with_its_media_is_read():
    description = SessionDescription.parse("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:trackID=0\n")
    assert description.media[0].control == "trackID=0"


@pytest.mark.fault("F25")
@pytest.mark.parametrize(
    ("line", "media", "formats"),
    [
        ("m=", "", []),
        ("m=video", "video", []),
        ("m=video 0 RTP/AVP", "video", []),
        ("m=audio 0 RTP/AVP 8\t ", "audio", ["8"]),
        ("m=audio 5000/2 RTP/AVP 0 97", "audio", ["0", "97"]),
        ("m=application/X 0 RTP/AVP smart/1/90000", "application/X", ["smart/1/90000"]),
        ("m=video x RTP/AVP 999999999999", "video", ["999999999999"]),
    ],
)
def test_odd_media_lines_do_not_end_the_reading(line, media, formats):
    description = minimal(line)
    assert (description.media[0].media, description.media[0].formats) == (media, formats)
    assert description.metadata_media() is None


def test_static_payload_types_need_no_rtpmap():
    media = minimal("m=audio 0 RTP/AVP 8").media[0]
    assert (media.payload_type, media.encoding_name, media.clock_rate) == (8, "pcma", 8000)


@pytest.mark.fault("F25")
def test_an_unknown_payload_type_has_no_encoding():
    media = minimal("m=video 0 RTP/AVP 98").media[0]
    assert (media.payload_type, media.encoding, media.encoding_name, media.clock_rate) == (98, None, "", 90000)
    assert minimal("m=video 0 RTP/AVP").media[0].payload_type is None


def test_an_fmtp_under_the_wrong_section_is_given_back():
    description = minimal(
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "m=audio 0 RTP/AVP 8", "a=fmtp:96 packetization-mode=1"
    )
    assert description.media[0].fmtp == {96: {"packetization-mode": "1"}}
    assert description.media[1].fmtp == {}


@pytest.mark.parametrize("text", ["96;a=1;B=2", "96 a=1; B=2;", " 96  a=1 ;B = 2"])
def test_fmtp_in_its_odd_spellings_is_read(text):
    media = minimal("m=video 0 RTP/AVP 96", f"a=fmtp:{text}").media[0]
    assert media.fmtp == {96: {"a": "1", "b": "2"}}


def test_broken_parameter_sets_are_left_out():
    media = minimal("m=video 0 RTP/AVP 96", "a=fmtp:96 sprop-parameter-sets=aO44gA,!!!,,aA").media[0]
    assert media.sprop == [b"\x68\xee\x38\x80", b"\x68"]


def test_what_is_sent_to_the_device_is_no_track():
    description = minimal("m=audio 0 RTP/AVP 0", "a=sendonly", "m=audio 0 RTP/AVP 8", "a=control:x")
    assert description.media[0].backchannel
    found = description.first("AUDIO")
    assert found is not None and found.control == "x"
    assert description.first("video") is None
    assert not minimal("m=video 0 RTP/AVP 96", "a=sendonly").media[0].backchannel


def test_a_doubled_track_in_an_absolute_control_is_taken_verbatim():
    media = minimal("m=video 0 RTP/AVP 96", "a=control:rtsp://h/102/trackID=1/trackID=1").media[0]
    assert media.track_id == 1
    assert control_url(URL, None, None, media.control) == "rtsp://h/102/trackID=1/trackID=1"


@pytest.mark.fault("F26")
@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("rtsp://192.0.2.7/x", None),
        ("rtsp://192.0.2.7:554/x", None),
        ("rtsp://192.0.2.7:8554/x", "192.0.2.7:8554"),
        ("rtsp://user:pw@192.0.2.7/x", None),
        ("rtsp://[fe80::1]:554", "[fe80::1]:554"),
        ("trackID=1", None),
    ],
)
def test_another_host_than_the_one_asked_is_named(url, other):
    assert other_host(url, "rtsp://192.0.2.7:554/y") == other


@pytest.mark.parametrize("text", ["", "<html>no</html>", "\x00\x01", "a=b\n"])
def test_what_is_no_description_is_an_error(text):
    with pytest.raises(RemoteProtocolError, match="no session description"):
        SessionDescription.parse(text)


@pytest.mark.fault("F25")
def test_the_bounds_are_named():
    with pytest.raises(LimitExceeded) as caught:
        minimal(*["m=video 0 RTP/AVP 96"] * 65)
    assert caught.value.limit == "sdp media"
    with pytest.raises(LimitExceeded) as caught:
        SessionDescription.parse(b"v=0\n" + b"a" * 65536)
    assert caught.value.limit == "sdp size"


_LINES = st.sampled_from(
    ["v=0", "m=", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 x", "a=control:", "c=", "b=AS", "i=x"]
)


@given(st.lists(_LINES | st.text(max_size=20), max_size=12).map("\r\n".join))
@example("v=0\nm=\na=control")
@settings(max_examples=150)
def test_any_text_is_read_or_refused_by_our_own_error(text):
    try:
        description = SessionDescription.parse(text)
    except OnframeError:
        return
    for media in description.media:
        assert media.rtpmap is not None and media.fmtp is not None and media.sprop is not None
        assert description.media_url(media, URL)
    assert (description.metadata_media(), description.onvif_metadata) == (None, False)


@pytest.mark.fault("F26")
@pytest.mark.parametrize("base", ["rtsp://[192.0.2.7/x", "rtsp://[::x]/y", "rtsp://]/"])
def test_a_base_whose_brackets_are_wrong_is_taken_verbatim(base):
    assert control_url(URL, base, None, "/track") == base.rpartition("/")[0] + "/track"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_control_url_is_formed_without_an_exception(base, control):
    assert isinstance(control_url(URL, base, None, control), str)


def test_an_fmtp_without_parameters_says_nothing():
    assert minimal("m=video 0 RTP/AVP 96", "a=fmtp:96", "a=fmtp:x y", "a=fmtp:96 b=1").media[0].fmtp == {96: {"b": "1"}}


def test_what_the_session_says_of_itself_stands_before_its_media():
    text = GUIDE.replace("a=appversion:1.0\r\n", "o=late\r\ns=late\r\nt=9 9\r\ni=of the track\r\n")
    description = SessionDescription.parse(text)
    assert description.origin == "- 1513571850040093 1513571850040093 IN IP4 10.10.36.212"
    assert (description.name, description.email, description.timing) == ("Media Presentation", "NONE", "0 0")
    assert (description.bandwidth, description.information) == (["AS:5100"], None)
    assert description.media[2].information == "of the track"
    assert description.media[2].others == [("o", "late"), ("s", "late"), ("t", "9 9")]


@pytest.mark.fault("F25")
def test_a_description_full_of_stray_parameters_is_read_in_linear_time():
    stray = "a=fmtp:1 x\n" * 2900
    formats = " ".join(str(2 + number % 120) for number in range(150))
    text = "v=0\nm=video 0 RTP/AVP 96\n" + stray + f"m=audio 0 RTP/AVP {formats}\n" * 62
    started = time.process_time()
    description = SessionDescription.parse(text)
    assert time.process_time() - started < 2  # a fiftieth of that on an idle machine
    assert len(description.media[0].attributes) == 2900
    text = "v=0\nm=video 0 RTP/AVP 96\n" + stray + "m=audio 0 RTP/AVP 1\n" + "a=x\n" * 8000
    started = time.process_time()
    description = SessionDescription.parse(text)
    assert time.process_time() - started < 2
    assert [len(media.attributes) for media in description.media] == [2899, 8001]


@pytest.mark.fault("F25")
def test_the_first_hundred_warnings_are_kept():
    assert len(SessionDescription.parse("v=0\n" + "odd\n" * 10_000).warnings) == 100
