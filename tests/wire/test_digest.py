"""Digest for RTSP and HTTP: the printed vectors of the guide and the RFCs, the quirks of devices, and both roles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.errors import LimitExceeded, LocalProtocolError, ProtocolError, RemoteProtocolError
from onframe.wire.digest import Challenge, ChallengeKind, DigestClient, DigestServer, Verdict, parse_challenges

GUIDE_NONCE = "9fe43f1322976c0aa218b0f23f554b44"
GUIDE_CHALLENGE = f'Digest realm="IP Camera(51289)", nonce="{GUIDE_NONCE}",\r\n stale="FALSE"'
CHANNEL = "rtsp://10.10.36.212:554/ISAPI/Streaming/channels/101"
RFC7616 = (
    'realm="http-auth@example.org", qop="auth, auth-int", '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def parameters(authorization):
    """The parameters of a header we wrote, by a reader of its own."""
    assert authorization.startswith("Digest ")
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^",]+))', authorization)}


def client(**options):
    return DigestClient("admin", "abcd1234", **options)


def guide_server(**options):
    server = DigestServer("IP Camera(51289)", {"admin": "abcd1234"}.get, **options)
    server.challenges(GUIDE_NONCE)
    return server


def guide_authorization(uri, response, scheme="Digest "):
    """As printed, with its folded lines."""
    return (
        f'{scheme}username="admin", realm="IP Camera(51289)",\r\nnonce="{GUIDE_NONCE}",\r\n'
        f'uri="{uri}", response="{response}"'
    )


# --- printed vectors


@pytest.mark.requirement("R-015", "R-016", "R-036")
@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("DESCRIBE", "99b683462210bd819c8d6bafb39dd262"),
        ("SETUP", "46b39a563fd9977eff83067adc4e587b"),
        ("PLAY", "611cc58b1b42b8df909b57b737a7ad3a"),
        ("TEARDOWN", "2822238cec4028c34749cf3a48ce7519"),
    ],
)
def test_the_responses_printed_in_the_guide_are_reproduced_and_verified(method, response):
    signing = client()
    signing.receive_challenge([GUIDE_CHALLENGE])
    assert signing.authorize(method, CHANNEL, cnonce="unused") == (
        f'Digest username="admin", realm="IP Camera(51289)", nonce="{GUIDE_NONCE}", uri="{CHANNEL}", '
        f'response="{response}"'
    )
    assert guide_server().verify(method, CHANNEL, guide_authorization(CHANNEL, response)) is Verdict.ACCEPTED


@pytest.mark.requirement("R-036", "R-017")
def test_the_printed_play_does_not_verify_for_the_address_printed_beside_it():
    other = "rtsp://10.10.36.160:554/ISAPI/Streaming/channels/102"
    header = guide_authorization(other, "611cc58b1b42b8df909b57b737a7ad3a")
    assert guide_server().verify("PLAY", other, header) is Verdict.REFUSED


@pytest.mark.requirement("R-017")
def test_the_printed_setup_signs_the_channel_while_the_request_line_names_the_track():
    header = guide_authorization(CHANNEL, "46b39a563fd9977eff83067adc4e587b")
    assert guide_server().verify("SETUP", CHANNEL + "/trackID=3", header) is Verdict.ACCEPTED


def test_rfc_2617_example():
    signing = DigestClient("Mufasa", "Circle Of Life")
    signing.receive_challenge(
        [
            'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
            'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ]
    )
    sent = parameters(signing.authorize("GET", "/dir/index.html", cnonce="0a4f113b"))
    assert sent["response"] == "6629fae49393a05397450978507c4ef1"
    assert (sent["qop"], sent["nc"], sent["cnonce"]) == ("auth", "00000001", "0a4f113b")
    assert sent["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"
    assert "algorithm" not in sent


def test_rfc_2069_example_with_its_erratum():
    signing = DigestClient("Mufasa", "CircleOfLife")
    signing.receive_challenge(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])
    sent = parameters(signing.authorize("GET", "/dir/index.html", cnonce="x"))
    assert sent["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not {"qop", "nc", "cnonce"} & set(sent)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_examples(algorithm, response):
    signing = DigestClient("Mufasa", "Circle of Life")
    signing.receive_challenge([f"Digest {RFC7616}, algorithm={algorithm}"])
    header = signing.authorize("GET", "/dir/index.html", cnonce=RFC7616_CNONCE)
    assert parameters(header)["response"] == response
    assert f"algorithm={algorithm}" in header


def test_rfc_7616_example_with_a_hashed_user_name_and_its_erratum():
    signing = DigestClient("J\u00e4s\u00f8n Doe", "Secret, or not?")
    signing.receive_challenge(
        [
            'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
            'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
            'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
        ]
    )
    sent = parameters(signing.authorize("GET", "/doe.json", cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"))
    assert sent["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert sent["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert sent["userhash"] == "true"


# --- challenges


@pytest.mark.fault("F9")
@pytest.mark.requirement("R-013", "R-020")
@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="IP Camera(1)", nonce="ab", stale="FALSE"',
        'digest realm="IP Camera(1)",nonce=ab,stale=FALSE',
        'Digest realm="IP Camera(1)" nonce="ab" stale="False"',
        'Digest realm="IP Camera(1)",\r\n\tnonce="ab",\r\n  stale="FALSE",',
        'Digest realm="IP Camera(1)", , nonce = "ab" ,, stale="FALSE" , ',
        "DIGEST realm=IP Camera(1), nonce=ab",
        'Digest REALM="IP Camera(1)", Nonce="ab", nonce="second"',
        'Digest realm="IP \\Camera(1)", nonce="ab", domain="::", charset="UTF-8"',
        'Digest realm="IP\r\n Camera(1)", nonce="ab"',
        'Digest "", realm="IP Camera(1)", = nonce="ab"',
    ],
)
def test_a_challenge_is_read_however_it_is_spelled(value):
    assert parse_challenges([value]) == [Challenge("digest", realm="IP Camera(1)", nonce="ab")]


@pytest.mark.parametrize(
    ("text", "stale"), [('"FALSE"', False), ('"TRUE"', True), ("true", True), ('" true "', True), ('"maybe"', False)]
)
@pytest.mark.requirement("R-019", "R-020")
def test_stale_may_be_quoted_and_of_any_case(text, stale):
    assert parse_challenges([f'Digest realm="r", nonce="n", stale={text}'])[0].stale is stale


@pytest.mark.fault("F9")
def test_several_challenges_stand_in_one_header_or_in_many():
    digest, basic = 'Digest qop="auth", realm="C", nonce="n", stale="FALSE"', 'Basic realm="C"'
    one_line = parse_challenges([f"{digest}, {basic}"])
    assert one_line == parse_challenges([digest, basic])
    assert [(one.scheme, one.realm) for one in one_line] == [("digest", "C"), ("basic", "C")]
    assert one_line[0].qop == ("auth",)
    assert [one.scheme for one in parse_challenges([f"{basic}, {digest}"])] == ["basic", "digest"]


def test_quoted_commas_escapes_and_equals_signs_belong_to_the_value():
    challenge = parse_challenges([r'Digest realm="a, b=\"c\" \\d", nonce="x==", opaque=""'])[0]
    assert challenge.realm == r'a, b="c" \d'
    assert challenge.nonce == "x=="
    assert challenge.opaque == ""


def test_an_escaped_quote_is_hashed_bare_and_sent_escaped():
    signing = DigestClient("u", "p")
    signing.receive_challenge([r'Digest realm="say \"hi\"", nonce="n"'])
    # printf '%s' 'u:say "hi":p' | md5sum, and so on through RFC 2069
    assert r'realm="say \"hi\""' in signing.authorize("GET", "/", cnonce="c")
    server = DigestServer('say "hi"', {"u": "p"}.get)
    server.challenges("n")
    assert server.verify("GET", "/", signing.authorize("GET", "/", cnonce="c")) is Verdict.ACCEPTED


@pytest.mark.parametrize("qop", ['"auth-int,auth"', '"auth, auth-int"', "auth,auth-int", '"auth-conf,AUTH"'])
def test_auth_is_taken_where_it_is_among_those_offered(qop):
    signing = client()
    signing.receive_challenge([f'Digest realm="r", qop={qop}, nonce="n"'])
    assert parameters(signing.authorize("GET", "/", cnonce="c"))["qop"] == "auth"


def test_auth_int_is_used_where_nothing_else_is_offered():
    signing = client()
    signing.receive_challenge(['Digest realm="r", qop="auth-int", nonce="n"'])
    server = DigestServer("r", {"admin": "abcd1234"}.get, qop=("auth-int",))
    server.challenges("n")
    header = signing.authorize("PUT", "/x", cnonce="c", body=b"<a/>")
    assert parameters(header)["qop"] == "auth-int"
    assert server.verify("PUT", "/x", header, body=b"<b/>") is Verdict.REFUSED
    assert server.verify("PUT", "/x", header, body=b"<a/>") is Verdict.ACCEPTED


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="r", nonce=""',
        'Digest realm="r"',
        'Digest nonce="n"',
        "Digest",
        'Digest realm="unterminated, nonce="n"',
        'Digest realm="a\rInjected: yes", nonce="n"',
        'Digest realm="r", nonce="n\x00"',
        'Digest realm="r", qop="auth-conf", nonce="n"',
        'Digest realm="r", nonce="n", algorithm=TIGER',
        "Negotiate",
        "NTLM TlRMTVNTUAACAAA==",
        "",
        ",,,",
    ],
)
def test_challenges_that_cannot_be_answered_are_protocol_errors(value):
    signing = client()
    with pytest.raises(ProtocolError):
        signing.receive_challenge([value])
    assert not signing.has_challenge
    assert signing.authorize("GET", "/", cnonce="c") is None


def test_an_answer_without_any_challenge_is_a_protocol_error():
    with pytest.raises(RemoteProtocolError, match="nothing"):
        client().receive_challenge([])


@pytest.mark.parametrize("name", ["realm", "nonce", "opaque"])
def test_endless_parameters_are_refused(name):
    values = {"realm": "r", "nonce": "n", name: "x" * 1025}
    with pytest.raises(LimitExceeded, match=name):
        parse_challenges(["Digest " + ", ".join(f'{key}="{value}"' for key, value in values.items())])
    values[name] = "x" * 1024
    assert parse_challenges(["Digest " + ", ".join(f'{key}="{value}"' for key, value in values.items())])


@pytest.mark.fault("F9")
def test_a_megabyte_of_realm_and_a_hundred_challenges_are_refused():
    with pytest.raises(LimitExceeded):
        parse_challenges([f'Digest realm="{"x" * 1_000_000}", nonce="n"'])
    with pytest.raises(LimitExceeded):
        parse_challenges(['Digest realm="r", nonce="n"'] * 100)


@pytest.mark.fault("F9")
def test_a_realm_beyond_ascii_is_hashed_and_returned_byte_for_byte():
    realm = b"Kamera \xc4\xe3".decode("utf-8", "surrogateescape")  # GB2312 on the wire
    signing = DigestClient("admin", "p\u00e4ss")
    signing.receive_challenge([f'Digest realm="{realm}", nonce="n"'])
    header = signing.authorize("GET", "/", cnonce="c")
    assert b'realm="Kamera \xc4\xe3"' in header.encode("utf-8", "surrogateescape")
    server = DigestServer(realm, {"admin": "p\u00e4ss"}.get)
    server.challenges("n")
    assert server.verify("GET", "/", header) is Verdict.ACCEPTED


@pytest.mark.fault("F9")
@given(st.lists(st.text(alphabet='Digest Basic,="\\realmnonce\r\n\tx'), max_size=3))
def test_any_text_is_read_or_refused_as_one_of_ours(values):
    try:
        parse_challenges(values)
    except (ProtocolError, LimitExceeded):
        pass


@given(st.text())
def test_no_authorization_whatever_makes_the_server_raise(text):
    assert guide_server(basic=True).verify("GET", "/", text) in (Verdict.REFUSED, Verdict.MISSING)
    assert guide_server().verify("GET", "/", "Digest " + text) in (Verdict.REFUSED, Verdict.MISSING)


# --- the client's choices


def strongest(values, **options):
    signing = client(**options)
    signing.receive_challenge(values)
    return parameters(signing.authorize("GET", "/", cnonce="c")).get("algorithm")


@pytest.mark.fault("F9")
def test_the_strongest_known_algorithm_is_taken_wherever_it_stands():
    md5, sha = 'Digest realm="r", nonce="n", algorithm=MD5', 'Digest realm="r", nonce="n", algorithm=SHA-256'
    best = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
    unknown = 'Digest realm="r", nonce="n", algorithm=SHA-3'
    assert strongest([md5, sha]) == "SHA-256"
    assert strongest([f"{sha}, {md5}"]) == "SHA-256"
    assert strongest([unknown, md5, best, sha]) == "SHA-512-256"
    assert strongest([unknown, md5]) == "MD5"
    assert strongest([sha, md5], algorithms=("MD5",)) == "MD5"
    assert strongest(['Digest realm="r", nonce="n"']) is None


def test_the_algorithm_is_echoed_as_it_came_quoted_or_not():
    signing = client()
    signing.receive_challenge(['Digest realm="r", nonce="n", algorithm="SHA-256", stale="FALSE"'])
    header = signing.authorize("DESCRIBE", "rtsp://h/", cnonce="c")
    assert 'algorithm="SHA-256"' in header
    assert "qop" not in header


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"])
@pytest.mark.parametrize("qop", [False, ("auth",), ("auth-int",)])
def test_client_and_server_agree_on_every_algorithm(algorithm, qop):
    server = DigestServer("r", {"admin": "abcd1234"}.get, algorithms=(algorithm,), qop=qop, strict_nc=True)
    signing = client()
    signing.receive_challenge(server.challenges("n"))
    for cnonce in ("first", "second"):
        header = signing.authorize("GET", "/a?b=c", cnonce=cnonce, body=b"x")
        assert server.verify("GET", "/a?b=c", header, body=b"x") is Verdict.ACCEPTED
    assert server.verify("PUT", "/a?b=c", header, body=b"x") is Verdict.REFUSED


def test_md5_sess_as_in_rfc_2617_keeps_one_session_key_per_nonce():
    signing = client()
    signing.receive_challenge(['Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess'])
    first, second = (parameters(signing.authorize("GET", "/", cnonce=c)) for c in ("one", "two"))
    assert first["cnonce"] == second["cnonce"] == "one"
    assert (first["nc"], second["nc"]) == ("00000001", "00000002")


def test_basic_is_sent_only_when_allowed():
    with pytest.raises(RemoteProtocolError, match="Basic alone") as refused:
        client().receive_challenge(['Basic realm="r"'])
    assert "allow_basic" in refused.value.hint
    signing = DigestClient("Aladdin", "open sesame", allow_basic=True)
    assert signing.receive_challenge(['Basic realm="r"']) is ChallengeKind.FRESH
    assert signing.authorize("GET", "/", cnonce="c") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert signing.receive_challenge(['Basic realm="r"']) is ChallengeKind.REPEATED


def test_digest_is_preferred_to_basic_even_when_basic_is_allowed():
    signing = client(allow_basic=True)
    signing.receive_challenge(['Basic realm="r", Digest realm="r", nonce="n"'])
    assert signing.authorize("GET", "/", cnonce="c").startswith("Digest ")


@pytest.mark.fault("F10")
def test_basic_after_a_digest_is_a_downgrade_and_the_digest_stays_in_force():
    signing = client(allow_basic=True)
    signing.receive_challenge(['Digest realm="r", nonce="n"'])
    with pytest.raises(RemoteProtocolError, match="not sent"):
        signing.receive_challenge(['Basic realm="r"'])
    assert signing.authorize("GET", "/", cnonce="c").startswith("Digest ")


@pytest.mark.fault("F10")
def test_a_digest_that_cannot_be_answered_does_not_open_the_way_for_basic():
    signing = client(allow_basic=True)
    with pytest.raises(RemoteProtocolError):
        signing.receive_challenge(['Digest realm="r", nonce="n", algorithm=TIGER', 'Basic realm="r"'])
    with pytest.raises(RemoteProtocolError, match="not sent"):
        signing.receive_challenge(['Basic realm="r"'])
    assert not signing.has_challenge


def test_what_would_break_the_header_is_refused_here():
    with pytest.raises(LocalProtocolError):
        DigestClient("ad\r\nmin", "p")
    signing = client()
    signing.receive_challenge(['Digest realm="r", nonce="n"'])
    with pytest.raises(LocalProtocolError):
        signing.authorize("GET", "/\r\nX: y", cnonce="c")
    plain = DigestClient("a:b", "p", allow_basic=True)
    plain.receive_challenge(['Basic realm="r"'])
    with pytest.raises(LocalProtocolError):
        plain.authorize("GET", "/", cnonce="c")


def test_a_password_is_not_shown():
    assert "abcd1234" not in repr(client())


# --- nonces


@pytest.mark.requirement("R-018", "R-019")
def test_a_challenge_is_fresh_stale_or_repeated():
    signing = client()
    assert signing.receive_challenge(['Digest realm="r", nonce="1"']) is ChallengeKind.FRESH
    assert signing.receive_challenge(['Digest realm="r", nonce="1"']) is ChallengeKind.REPEATED
    assert signing.receive_challenge(['Digest realm="r", nonce="2", stale="TRUE"']) is ChallengeKind.STALE
    assert signing.receive_challenge(['Digest realm="r", nonce="3"']) is ChallengeKind.FRESH
    assert signing.receive_challenge(['Digest realm="r", nonce="2"']) is ChallengeKind.REPEATED


def test_the_count_rises_with_each_call_and_per_nonce():
    signing = client()
    one, two = 'Digest realm="r", qop="auth", nonce="1"', 'Digest realm="r", qop="auth", nonce="2"'

    def counts(number):
        return [parameters(signing.authorize("GET", "/", cnonce="c"))["nc"] for _ in range(number)]

    signing.receive_challenge([one])
    assert counts(3) == ["00000001", "00000002", "00000003"]
    signing.receive_challenge([two])
    assert counts(1) == ["00000001"]
    signing.receive_challenge([one])  # a late answer brings the old nonce back: its count goes on
    assert counts(1) == ["00000004"]


def test_a_thousand_nonces_are_not_remembered():
    signing = client()
    for number in range(1000):
        signing.receive_challenge([f'Digest realm="r", nonce="{number}"'])
    assert signing.receive_challenge(['Digest realm="r", nonce="0"']) is ChallengeKind.FRESH
    assert signing.authorize("GET", "/", cnonce="c")


@pytest.mark.fault("F8")
@pytest.mark.requirement("R-019")
def test_forty_requests_against_a_server_that_renews_its_nonce_cost_one_trip_for_each():
    server = DigestServer("r", {"admin": "abcd1234"}.get, qop=("auth",), nonce_uses=5, strict_nc=True)
    signing, issued, trips = client(), 0, 0

    def request():
        nonlocal issued, trips
        trips += 1
        verdict = server.verify("GET", "/", signing.authorize("GET", "/", cnonce="c"))
        if verdict is not Verdict.ACCEPTED:
            issued += 1
            kind = signing.receive_challenge(server.challenges(f"n{issued}", stale=verdict is Verdict.STALE))
            assert kind is (ChallengeKind.FRESH if issued == 1 else ChallengeKind.STALE)
        return verdict

    for _ in range(40):
        if request() is not Verdict.ACCEPTED:
            assert request() is Verdict.ACCEPTED
    assert (issued, trips) == (8, 48)


# --- the server's verdicts


@pytest.mark.requirement("R-013")
def test_the_server_challenges_as_the_camera_of_the_guide_does():
    server = DigestServer("IP Camera(51289)", {}.get)
    assert server.challenges(GUIDE_NONCE) == [
        f'Digest realm="IP Camera(51289)", nonce="{GUIDE_NONCE}", stale="FALSE"',
    ]


def test_the_server_challenges_in_the_other_ways_of_devices():
    http = DigestServer("IP Camera(C2183)", {}.get, qop=("auth",))
    assert http.challenges("4e54") == ['Digest qop="auth", realm="IP Camera(C2183)", nonce="4e54", stale="FALSE"']
    both = DigestServer("C", {}.get, algorithms=("SHA-256", "MD5"), opaque="", basic=True)
    assert both.challenges("n", stale=True) == [
        'Digest realm="C", nonce="n", opaque="", algorithm="SHA-256", stale="TRUE"',
        'Digest realm="C", nonce="n", opaque="", algorithm="MD5", stale="TRUE"',
        'Basic realm="C"',
    ]
    with pytest.raises(LocalProtocolError):
        DigestServer("C", {}.get, algorithms=("TIGER",))


@pytest.mark.requirement("R-014")
@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_authorization_counts_as_none(value):
    assert guide_server().verify("DESCRIBE", CHANNEL, value) is Verdict.MISSING


@pytest.mark.requirement("R-013", "R-017")
@pytest.mark.parametrize(
    "header",
    [
        guide_authorization(CHANNEL, "0" * 32),
        guide_authorization(CHANNEL, ""),
        guide_authorization(CHANNEL, "\u00e9"),
        guide_authorization(CHANNEL, "99b683462210bd819c8d6bafb39dd262").replace("admin", "guest"),
        guide_authorization(CHANNEL, "99b683462210bd819c8d6bafb39dd262").replace("51289", "51280"),
        guide_authorization(CHANNEL, "99b683462210bd819c8d6bafb39dd262") + ", algorithm=SHA-256",
        guide_authorization(CHANNEL, "99b683462210bd819c8d6bafb39dd262") + ", qop=auth, nc=00000001, cnonce=c",
        guide_authorization(CHANNEL, "99b683462210bd819c8d6bafb39dd262", scheme="Basic "),
        "Basic YWRtaW46YWJjZDEyMzQ=",
        "Digest",
        'Digest username="admin',
        "Digest " + "x" * 100_000,
    ],
)
def test_wrong_or_broken_credentials_are_refused(header):
    assert guide_server().verify("DESCRIBE", CHANNEL, header) is Verdict.REFUSED


def test_basic_is_accepted_only_where_the_server_offers_it():
    server = guide_server(basic=True)
    assert server.verify("GET", "/", "Basic YWRtaW46YWJjZDEyMzQ=") is Verdict.ACCEPTED
    for wrong in ("Basic YWRtaW46eA==", "Basic", "Basic !!", "Basic Z3Vlc3Q6", "Basic YWRtaW46YWJjZDEyMzQ= x"):
        assert server.verify("GET", "/", wrong) is Verdict.REFUSED


def signed(method, uri):
    signing = client()
    signing.receive_challenge([GUIDE_CHALLENGE])
    return signing.authorize(method, uri, cnonce="c")


@pytest.mark.requirement("R-017")
@pytest.mark.parametrize(
    ("uri", "request_uri", "accepted"),
    [
        (CHANNEL, CHANNEL, True),
        (CHANNEL, CHANNEL + "/", True),
        (CHANNEL + "/", CHANNEL + "/trackID=3", True),
        (CHANNEL, CHANNEL + "/av_stream/trackID=3?transportmode=unicast", True),
        (CHANNEL + "?token=7", CHANNEL + "/trackID=3?token=7", True),
        (CHANNEL, CHANNEL + "?token=7", True),
        (CHANNEL + "/trackID=3", CHANNEL, False),
        (CHANNEL + "?token=7", CHANNEL + "/trackID=3?token=8", False),
        (CHANNEL[:-1], CHANNEL + "/trackID=3", False),
        (CHANNEL, CHANNEL + "2/trackID=3", False),
        ("rtsp://10.10.36.212:554/ISAPI/Streaming/channels", CHANNEL, False),
        ("rtsp://10.10.36.212:554/", CHANNEL, False),
        ("", CHANNEL, False),
        ("rtsp://10.10.36.160:554/ISAPI/Streaming/channels/101", CHANNEL, False),
        ("/ISAPI/Streaming/channels/1", "/ISAPI/Streaming/channels/1/metadata", False),
        ("/ISAPI/Streaming/channels/1/metadata", "/ISAPI/Streaming/channels/1/metadata", True),
    ],
)
def test_credentials_hold_for_the_uri_they_are_signed_for_or_its_channel(uri, request_uri, accepted):
    verdict = guide_server().verify("SETUP", request_uri, signed("SETUP", uri))
    assert verdict is (Verdict.ACCEPTED if accepted else Verdict.REFUSED)


@pytest.mark.requirement("R-019")
def test_an_unknown_nonce_is_stale_for_who_knows_the_password_alone():
    server = DigestServer("IP Camera(51289)", {"admin": "abcd1234"}.get)
    assert server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) is Verdict.STALE
    wrong = guide_authorization(CHANNEL, "0" * 32)
    assert server.verify("PLAY", CHANNEL, wrong) is Verdict.REFUSED


@pytest.mark.requirement("R-019")
def test_one_nonce_serves_the_whole_session_unless_its_uses_are_limited():
    server = guide_server()
    assert {server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) for _ in range(50)} == {Verdict.ACCEPTED}
    limited = guide_server(nonce_uses=2)
    verdicts = [limited.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) for _ in range(3)]
    assert verdicts == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.STALE]


def test_a_replayed_or_lower_count_is_stale_where_counts_must_rise():
    server = DigestServer("r", {"admin": "abcd1234"}.get, qop=("auth",), strict_nc=True)
    signing = client()
    signing.receive_challenge(server.challenges("n"))
    first, second = (signing.authorize("GET", "/", cnonce="c") for _ in range(2))
    assert server.verify("GET", "/", second) is Verdict.ACCEPTED
    assert server.verify("GET", "/", second) is Verdict.STALE
    assert server.verify("GET", "/", first) is Verdict.STALE


@pytest.mark.parametrize("change", [("nc=00000001", "nc=1"), ("nc=00000001", "nc=zzzzzzzz"), (', cnonce="c"', "")])
def test_a_malformed_count_or_client_nonce_is_refused(change):
    server = DigestServer("r", {"admin": "abcd1234"}.get, qop=("auth",))
    signing = client()
    signing.receive_challenge(server.challenges("n"))
    header = signing.authorize("GET", "/", cnonce="c")
    assert server.verify("GET", "/", header.replace(*change)) is Verdict.REFUSED


def test_the_server_forgets_the_oldest_of_too_many_nonces():
    server = guide_server()
    for number in range(5000):
        server.challenges(str(number))
    assert server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) is Verdict.STALE


def test_the_server_names_the_domain_and_the_client_says_what_it_answers():
    server = DigestServer("C", {}.get, domain="::")
    (value,) = server.challenges("n")
    assert value == 'Digest realm="C", nonce="n", domain="::", stale="FALSE"'
    signing = client()
    assert signing.challenge is None
    signing.receive_challenge([value])
    assert (signing.challenge.realm, signing.challenge.nonce) == ("C", "n")


def test_a_server_that_forgets_its_nonces_calls_the_next_use_stale():
    server = guide_server()
    assert server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) is Verdict.ACCEPTED
    server.forget()
    assert server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) is Verdict.STALE


def test_a_session_algorithm_without_the_clients_nonce_is_refused():
    server = DigestServer("IP Camera(51289)", {"admin": "abcd1234"}.get, algorithms=("MD5-sess",))
    server.challenges(GUIDE_NONCE)
    header = guide_authorization(CHANNEL, "0" * 32) + ", algorithm=MD5-sess"
    assert server.verify("PLAY", CHANNEL, header) is Verdict.REFUSED


def test_a_server_may_want_a_nonce_of_its_own_for_each_address():
    server = DigestServer("IP Camera(51289)", {"admin": "abcd1234"}.get, nonce_per_url=True)
    server.challenges(GUIDE_NONCE, request_uri=CHANNEL)
    assert server.verify("PLAY", CHANNEL, signed("PLAY", CHANNEL)) is Verdict.ACCEPTED
    assert server.verify("SETUP", CHANNEL + "/trackID=3", signed("SETUP", CHANNEL)) is Verdict.ELSEWHERE
