from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi.xml import Element, build, escape, parse_document, parse_tree, write


def test_elements_are_found_by_local_name() -> None:
    root = parse_tree(b'<p:a xmlns:p="urn:p" xmlns="urn:d" v="1"><b>x</b><p:b/><c p:d="2"> y </c></p:a>')
    assert (root.name, root.namespace, root.attributes) == ("a", "urn:p", {"v": "1"})
    assert [(child.name, child.namespace) for child in root.findall("b")] == [("b", "urn:d"), ("b", "urn:p")]
    assert root.findtext("b") == "x"
    assert root.find("c") == Element("c", "urn:d", {"d": "2"}, "y")
    assert root.find("x") is None and root.findtext("x") is None


@pytest.mark.fault("F52")
def test_a_namespace_is_not_needed() -> None:
    assert parse_tree(b"<a><b>1</b></a>").findtext("b") == "1"


def test_long_text_of_many_lines_arrives_whole() -> None:
    text = "line\n" * 20_000
    assert parse_tree(f"<a>{text}</a>".encode()).text == text.strip()


def test_long_text_beside_cdata_and_references_arrives_whole() -> None:
    payload = b"<a>" + b"1&lt;2 " * 9_000 + b"<![CDATA[<b>]]>" + b"</a>"
    assert parse_tree(payload).text == "1<2 " * 9_000 + "<b>"


def test_comments_and_instructions_are_no_text() -> None:
    assert parse_tree(b"<?x y?><a><!-- c -->b<?p q?>c</a><!-- d -->").text == "bc"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"  ",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>\0</a>",
        b"<a>\x01</a>",
        b"<a>&b;</a>",
        b"<a b=1/>",
        b"<a b='' b=''/>",
    ],
)
def test_what_is_not_well_formed_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_tree(payload)


@pytest.mark.fault("F49")
@pytest.mark.requirement("R-109")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_type_declaration_is_refused(encoding: str) -> None:
    with pytest.raises(DecodeError, match="document type"):
        parse_tree('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding))


@pytest.mark.fault("F50")
@pytest.mark.parametrize(
    ("payload", "limit"),
    [
        (b"<a>" * 65 + b"</a>" * 65, "depth"),
        (b"<a>" + b"<b/>" * 50_000 + b"</a>", "elements"),
        (b'<a b="' + b"x" * 66_000 + b'"/>', "markup"),
        (b"<a " + b" ".join(b'b%d=""' % n for n in range(1_001)) + b"/>", "attributes"),
        (b"<a>" + b"x" * (4 * 1024 * 1024) + b"</a>", "size"),
    ],
)
def test_what_is_too_large_names_its_limit(payload: bytes, limit: str) -> None:
    with pytest.raises(LimitExceeded) as refused:
        parse_tree(payload)
    assert refused.value.limit == limit


def test_what_just_fits_is_read() -> None:
    assert parse_tree(b"<a>" * 64 + b"</a>" * 64).name == "a"
    assert len(parse_tree(b"<a>" + b"<b/>" * 49_999 + b"</a>").children) == 49_999
    assert len(parse_tree(b'<a b="' + b"x" * 60_000 + b'"/>').attributes["b"]) == 60_000


@pytest.mark.parametrize(
    "document", [b"<a/>", b"<a></a>", b"<a>/></a>", b"<a><b/></a>", b'<a b="/>"></a>', b'<a b=">"/>']
)
def test_the_end_of_a_document_is_known(document: bytes) -> None:
    assert parse_document(b"..." + document + b"<z/></z>", 3)[1] == 3 + len(document)


def test_a_tree_is_written_as_it_is() -> None:
    root = build("a", build("b", '1 < 2 & "3"'), build("c"), build("d", 5), namespace="urn:x", version="2.0")
    assert write(root) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<a version="2.0" xmlns="urn:x"><b>1 &lt; 2 &amp; &quot;3&quot;</b><c></c><d>5</d></a>'
    )
    assert write(build("a"), declaration=False) == b"<a></a>"


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    assert escape("a\x00b\x1fc\ud800\ufffe") == "a\ufffdb\ufffdc\ufffd\ufffd"


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)


@settings(max_examples=100)
@given(texts, texts)
def test_what_is_written_is_read_back(text: str, value: str) -> None:
    read = parse_tree(write(build("a", build("b", text), c=value)))
    assert read.findtext("b") == text.strip(" \t\r\n")
    assert read.attributes["c"] == value


def test_a_document_of_one_endless_text_ends_at_the_size() -> None:
    with pytest.raises(LimitExceeded) as caught:
        parse_document(b"<a>" + b"x" * (5 * 1024 * 1024) + b"</a>")
    assert (caught.value.limit, caught.value.maximum) == ("size", 4 * 1024 * 1024)


def test_prefixes_beyond_the_bound_stand_for_nothing() -> None:
    declared = " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(100))
    root, _ = parse_document(f"<a><b {declared}/><c xmlns:q='urn:q'><q:d/></c></a>".encode())
    assert root.children[1].children[0].namespace == "urn:q"
    deep = "".join(f'<a xmlns:p{number}="urn:{number}">' for number in range(60))
    root, _ = parse_document((deep + "<p59:b/>" + "</a>" * 60).encode())
    for _ in range(60):
        root = root.children[0]
    assert root.namespace == "urn:59"


def test_where_a_document_begins_does_not_count_for_the_length_of_its_tags() -> None:
    before = b"<a>" + b"x" * 3_000_000 + b"</a>"
    root, end = parse_document(before + b"<b><c>text</c></b>", len(before))
    assert (root.name, root.children[0].text, end) == ("b", "text", len(before) + 18)


def test_a_tag_just_under_the_bound_is_read() -> None:
    root, _ = parse_document(b'<a b="' + b"x" * 65_000 + b'"/>')
    assert len(root.attributes["b"]) == 65_000
