from __future__ import annotations

import pytest

from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi.json import loads, parse_document


def test_one_document_is_read() -> None:
    assert loads(b' {"a": [1, 2.5, "x", null, true]}\n') == {"a": [1, 2.5, "x", None, True]}


def test_the_end_of_a_document_is_known_whatever_its_texts_hold() -> None:
    assert parse_document(b'{"a":"}{"}{"b":1}') == ({"a": "}{"}, 10)
    assert parse_document(b'{"a":"}{"}{"b":1}', 10) == ({"b": 1}, 17)
    assert parse_document(b'{"a":"\\"}"} {}') == ({"a": '"}'}, 11)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"a":}',
        b'{"a":1,}',
        b"{} {}",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"{/**/}",
    ],
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        loads(payload)


def test_an_error_says_where() -> None:
    with pytest.raises(DecodeError) as refused:
        loads(b'{"a": x}')
    assert refused.value.offset == 6
    assert refused.value.excerpt == '{"a": x}'


@pytest.mark.fault("F50")
@pytest.mark.requirement("R-109")
@pytest.mark.parametrize(
    ("payload", "limit"),
    [
        (b'{"a":' * 65 + b"1" + b"}" * 65, "depth"),
        (b'{"a":' * 100_000, "depth"),
        (b'{"a":[' + b"1," * 50_000 + b"1]}", "elements"),
        (b'{"' + b"k" * 70_000 + b'":1}', "markup"),
        (b'{"a":"' + b"x" * (4 * 1024 * 1024) + b'"}', "size"),
    ],
)
def test_what_is_too_large_names_its_limit(payload: bytes, limit: str) -> None:
    with pytest.raises(LimitExceeded) as refused:
        loads(payload)
    assert refused.value.limit == limit


def test_what_just_fits_is_read() -> None:
    assert loads(b'{"a":' * 64 + b"1" + b"}" * 64)
    assert len(loads(b'{"a":[' + b"1," * 49_000 + b"1]}")["a"]) == 49_001
    assert len(loads(b'{"a":"' + b"x" * 3_000_000 + b'"}')["a"]) == 3_000_000
    assert len(loads(b'{"a":"' + b"[{" * 1_000 + b'"}')["a"]) == 2_000


@pytest.mark.parametrize(("size", "error"), [(60_000, DecodeError), (5_000_000, LimitExceeded)])
def test_a_long_document_that_does_not_end_ends_early_or_at_the_size(size: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="ends early" if error is DecodeError else "size"):
        parse_document(b'{"a":1' + b" " * size)
