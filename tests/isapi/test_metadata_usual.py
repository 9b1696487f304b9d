"""The fast way for XML and the general one give the same Metadata and repairs; what is broken is left to expat."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import OnframeError
from onframe.isapi import bounds, metadata_usual, metadata_xml, xml
from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import DevInfo, PTZInfo, Radar, RadarDetectionRegion, Target, VideoDetectionRegion

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
  <type>activityTarget</type>
  <subType>behaviorAnalysis</subType>
  <time>2017-01-01T00:00:00+08:00</time>
  <DevInfo>
    <ipAddress>192.168.0.64</ipAddress>
    <portNo>554</portNo>
    <macAddress>28:57:BE:EE:D1:5A</macAddress>
    <channel>1</channel>
    <domainName></domainName>
  </DevInfo>
"""
TARGETS = (
    HEAD
    + """  <TargetDetection>
    <TargetList>
      <Target>
        <targetID>7</targetID>
        <recognition>human</recognition>
        <ruleID>x7</ruleID>
        <RegionList>
          <Region>
            <Point>
              <x>100</x>
              <y>0.5</y>
            </Point>
            <Point>
              <x>-3</x>
              <y>1e2</y>
            </Point>
          </Region>
          <Region>
            <Point>
              <x>1</x>
              <y>2</y>
            </Point>
          </Region>
        </RegionList>
        <PropertyList>
          <Property>
            <description>eventType</description>
            <value>linedetection</value>
          </Property>
          <Property>
            <description>note</description>
            <value>two  words</value>
          </Property>
        </PropertyList>
      </Target>
      <Target>
        <ruleID>2</ruleID>
        <PolarCoordinatesList>
          <Coordinate>
            <angle>-7.5</angle>
            <distance>20</distance>
          </Coordinate>
        </PolarCoordinatesList>
      </Target>
    </TargetList>
  </TargetDetection>
</Metadata>
"""
)
RADAR = (
    HEAD
    + """  <RadarDetectionRegion>
    <angle>150.25</angle>
    <distance>100</distance>
    <towards>12.5</towards>
    <VertexPoint><x>0.125</x><y>0.5</y></VertexPoint>
    <VertexPoint><x>1</x><y>0</y></VertexPoint>
  </RadarDetectionRegion>
  <VideoDetectionRegion><angle>10</angle><fieldView>90.5</fieldView></VideoDetectionRegion>
  <ActivityTargetList>
    <Target><speed>30</speed><angle>-7.5</angle><distance>20</distance></Target>
  </ActivityTargetList>
</Metadata>"""
)
PTZ = HEAD + "<PTZInfo><elevation>-1.5</elevation><azimuth>90</azimuth><zoom>4</zoom></PTZInfo></Metadata>"
EMPTY = HEAD + "<TargetDetection>\n<TargetList></TargetList>\n</TargetDetection>\n</Metadata>"
DOCUMENTS = [TARGETS, RADAR, PTZ, EMPTY]


def fast(text):
    notes = Notes()
    return metadata_usual.read(text if isinstance(text, bytes) else text.encode(), notes), notes


@pytest.mark.requirement("B.11", "B.14", "R-094")
def test_targets_of_the_usual_shape_are_read():
    metadata, notes = fast(TARGETS)
    assert (metadata.type, metadata.sub_type, metadata.version) == ("activityTarget", "behaviorAnalysis", "2.0")
    assert metadata.namespace == "http://www.isapi.org/ver20/XMLSchema"
    assert metadata.time.epoch_ms == 1483200000000
    assert metadata.device == DevInfo("192.168.0.64", None, 554, "28:57:be:ee:d1:5a", 1, None, "")
    assert metadata.targets == [
        Target(
            7,
            "x7",
            "human",
            [[(100, 0.5), (-3, 100)], [(1, 2)]],
            [("eventType", "linedetection"), ("note", "two  words")],
        ),
        Target(rule_id=2, polar=[(-7.5, 20)]),
    ]
    assert (notes.repairs, notes.warnings) == ([], [])


@pytest.mark.requirement("B.17", "R-100")
def test_radar_documents_of_the_usual_shape_are_read():
    metadata, _ = fast(RADAR)
    region = RadarDetectionRegion(150.25, 100, 12.5, [(0.125, 0.5), (1, 0)])
    assert metadata.radar == Radar(region, VideoDetectionRegion(10, 90.5))
    assert metadata.targets == [Target(speed=30, angle=-7.5, distance=20)]


@pytest.mark.requirement("B.20", "R-044")
def test_where_a_dome_looks_and_an_empty_list_are_read():
    assert fast(PTZ)[0].ptz == PTZInfo(-1.5, 90, 4)
    metadata, _ = fast(EMPTY)
    assert metadata.targets == []
    assert metadata.ptz is None


PIECES = [
    *"<x> </x> <y>1</y> </Point> <Point> <Target> </Target> <TargetList/> </type> <ruleID>1</ruleID>".split(),
    *"<?p?> ]]> &amp; & < > >type> _ - 5 1e3 .5 true Fieldddetection righttopleft <!--c--> <![CDATA[c]]>".split(),
    *"<value>v</value> <description>d</description> </Region><Region> </RegionList> /x> <x".split(),
    ' a="1"',
    ' version="1"',
    *"\n \r\n \t \x01 \x0b \x1c \xa0 \u3000 \xe9 \u2028 \ufffe ".split(" "),
    " ",
    "9" * 30,
]


def changed(generator, text):
    """``text`` with a piece put in, put in place of a tag or text, or a tag or text taken out."""
    piece = generator.choice(PIECES)
    kind = generator.randrange(3)
    if kind == 0:
        place = generator.randrange(len(text) + 1)
        return text[:place] + piece + text[place:]
    start, end = generator.choice([found.span() for found in re.finditer(r"<[^>]*>|[^<>]+", text)])
    return text[:start] + (piece if kind == 1 else "") + text[end:]


@pytest.mark.requirement("R-104", "R-105")
def test_whatever_is_changed_both_ways_agree_or_the_document_is_left_to_the_general_one():
    generator = random.Random(1)
    taken = 0
    for number in range(3000):
        text = changed(generator, DOCUMENTS[number % len(DOCUMENTS)])
        if number % 3 == 0:
            text = changed(generator, text)
        metadata, notes = fast(text)
        if metadata is None:
            assert (notes.repairs, notes.warnings) == ([], [])
            continue
        taken += 1
        expected = Notes()
        assert metadata == metadata_xml.read_metadata(xml.parse_tree(text.encode()), expected)
        assert (notes.repairs, notes.warnings) == (expected.repairs, expected.warnings)
    assert taken > 300


@pytest.mark.requirement("R-105", "R-109")
@pytest.mark.parametrize(
    "change",
    [
        ("<type>", ">type>"),
        ("<type>", "<type<"),
        ("</type>", ">/type>"),
        ("<Target>", ">Target<", 1),
        ("activityTarget", "a<b"),
        ("activityTarget", "a\x01b"),
        ("</Metadata>", "</Metadata><!DOCTYPE a>"),
        ("</Metadata>", ""),
        ("<Metadata ", '<Metadata version="1" '),
        ("<?xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><?xml"),
        ("</Point>", "</point>"),
    ],
)
def test_what_is_not_well_formed_is_never_accepted(change):
    broken = TARGETS.replace(*change)
    assert broken != TARGETS
    assert fast(broken)[0] is None
    with pytest.raises(OnframeError):
        xml.parse_tree(broken.encode())


def test_a_document_cut_off_anywhere_is_left_to_the_general_way():
    for document in DOCUMENTS:
        text = document.rstrip()
        assert not any(fast(text[:end])[0] for end in range(len(text)))


def test_bytes_that_are_not_utf_8_and_documents_too_large_are_left_to_the_general_way():
    assert fast(TARGETS.encode().replace(b"human", b"\xff\xfe"))[0] is None
    many = TARGETS.replace("<ruleID>2", "<ruleID>" + "2" * metadata_usual.MAX_SIZE)
    assert fast(many)[0] is None


DAMAGE = st.binary(max_size=3) | st.sampled_from(
    [b"<", b">", b"/", b"&", b"\x0b", b"\xc0\xaf", b"\xed\xa0\x80", b"\x85"]
)


@pytest.mark.requirement("R-104", "R-105")
@settings(max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.floats(0, 1), st.integers(0, 2), DAMAGE)
def test_a_damaged_document_is_read_alike_both_ways_or_left_to_the_general_one(document, share, taken, damage):
    whole = document.encode()
    place = int(share * len(whole))
    payload = whole[:place] + damage + whole[place + taken :]
    metadata, notes = fast(payload)
    if metadata is not None:
        expected = Notes()
        assert metadata == metadata_xml.read_metadata(xml.parse_tree(payload), expected)
        assert (notes.repairs, notes.warnings) == (expected.repairs, expected.warnings)


@pytest.mark.requirement("R-105")
def test_control_characters_and_broken_utf_8_are_accepted_nowhere():
    odd = [bytes((code,)) for code in {*range(0x20)} - {*b"\t\r\n"}] + [b"\x80", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"]
    for document in DOCUMENTS:
        whole = document.encode()
        for place in range(0, len(whole), 7):
            for piece in odd:
                assert fast(whole[:place] + piece + whole[place:])[0] is None


@pytest.mark.requirement("R-109")
def test_no_document_read_here_can_exceed_a_bound():
    smallest_element = len("<x></x>")
    assert metadata_usual.MAX_SIZE <= bounds.MAX_SIZE
    assert metadata_usual.MAX_SIZE // smallest_element <= bounds.MAX_ELEMENTS
    deep = TARGETS.replace("<Target>", "<Target>" * 70, 1).replace("</Target>", "</Target>" * 70, 1)
    wide = TARGETS.replace('version="2.0"', " ".join(f'a{number}="1"' for number in range(bounds.MAX_ATTRIBUTES + 1)))
    long = TARGETS.replace('version="2.0"', f'version="{"2" * bounds.MAX_MARKUP}"')
    for document in (deep, wide, long):
        assert fast(document)[0] is None
