"""Capability, configuration and subscription (B.6, B.7, B.8, B.16, B.19)."""

import pytest

from onframe.errors import DecodeError
from onframe.isapi.config import (
    METADATA_TYPES,
    MetadataCap,
    MetadataCfg,
    MetadataType,
    RTSPMetadataURI,
    SingleMetadataCfg,
    SubscribeType,
    config_element,
    config_object,
    configuration_type,
    read_metadata_cfg,
    read_rtsp_uri,
    read_single_metadata_cfg,
    read_subscribe_type,
    sub_types_of,
)
from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import CameraPoint, Metadata, PTZInfo, Radar, Situation
from onframe.isapi.xml import parse_tree, write

CAPABILITY = b"""<?xml version="1.0" encoding="UTF-8"?>
<MetadataCfg version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
  <MetadataList size="9">
    <Metadata>
      <type opt="thermometry, fireDetection, shipsDetection, behaviorAnalysis, ANPR, personQueue, faceSnap,
radarDetection, personalTrack"></type>
      <enable></enable>
    </Metadata>
  </MetadataList>
  <uploadDataFormat opt="xml,json"></uploadDataFormat>
  <isSupportSubscribeType>true</isSupportSubscribeType>
</MetadataCfg>"""

CONFIGURATION = b"""<MetadataCfg version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><MetadataList>
<Metadata><type>ANPR</type><enable>true</enable></Metadata>
<Metadata><type> faceSnap </type><enable>false</enable></Metadata>
</MetadataList><uploadDataFormat>xml</uploadDataFormat></MetadataCfg>"""


def cfg(payload):
    return read_metadata_cfg(parse_tree(payload), Notes())


@pytest.mark.requirement("R-091", "R-052", "B.8")
def test_the_capability_lists_types_over_blanks_and_line_breaks():
    cap = cfg(CAPABILITY)
    assert cap == MetadataCap(list(METADATA_TYPES), 9, ["xml", "json"], True)


@pytest.mark.requirement("R-091", "B.8")
def test_without_upload_data_format_only_xml_is_supported():
    cap = cfg(CAPABILITY.replace(b'<uploadDataFormat opt="xml,json"></uploadDataFormat>', b""))
    assert cap.formats == ["xml"]


@pytest.mark.requirement("R-053", "B.8")
@pytest.mark.parametrize(
    ("element", "supported"),
    [
        (b"<isSupportSubscribeType>true</isSupportSubscribeType>", True),
        (b"<isSupportSubscribeType>1</isSupportSubscribeType>", True),
        (b"<isSupportSubscribeType/>", True),
        (b"<isSupportSubscribeType> false </isSupportSubscribeType>", False),
        (b"<isSupportSubscribeType>0</isSupportSubscribeType>", False),
        (b"", False),
    ],
)
def test_subscription_is_supported_where_the_element_is_there_and_not_false(element, supported):
    cap = cfg(CAPABILITY.replace(b"<isSupportSubscribeType>true</isSupportSubscribeType>", element))
    assert cap.supports_subscribe_type is supported


@pytest.mark.requirement("R-091", "B.8")
def test_one_entry_per_type_is_a_capability_as_well():
    cap = cfg(
        b'<MetadataCfg><MetadataList size="x"><Metadata><type opt="ANPR"/></Metadata><Metadata><type>faceSnap</type>'
        b"</Metadata><Metadata><type opt='ANPR'/></Metadata></MetadataList>"
        b"<isSupportSubscribeType>false</isSupportSubscribeType></MetadataCfg>"
    )
    assert (cap.types, cap.size, cap.formats) == (["ANPR", "faceSnap"], None, ["xml"])


@pytest.mark.requirement("R-099", "R-054", "B.16")
def test_the_configuration_says_which_types_are_uploaded():
    assert cfg(CONFIGURATION) == MetadataCfg([MetadataType("ANPR", True), MetadataType("faceSnap", False)], "xml")


@pytest.mark.requirement("R-099", "B.16")
def test_the_namespace_does_not_matter():
    other = CONFIGURATION.replace(b"www.isapi.org", b"www.hikvision.com")
    prefixed = b"<a:MetadataCfg xmlns:a='urn:x'><a:MetadataList/></a:MetadataCfg>"
    assert cfg(other) == cfg(CONFIGURATION)
    assert cfg(prefixed) == MetadataCfg()


@pytest.mark.requirement("R-099", "B.16")
@pytest.mark.parametrize(
    ("enable", "expected"),
    [
        (b"<enable>1</enable>", True),
        (b"<enable>True</enable>", True),
        (b"<enable>0</enable>", False),
        (b"<enable>maybe</enable>", None),
        (b"", None),
    ],
)
def test_enable_in_other_forms_is_read_and_no_boolean_is_a_warning(enable, expected):
    notes = Notes()
    root = parse_tree(
        b"<MetadataCfg><MetadataList><Metadata><type>ANPR</type>%s</Metadata></MetadataList></MetadataCfg>" % enable
    )
    assert read_metadata_cfg(root, notes).types == [MetadataType("ANPR", expected)]
    assert bool(notes.warnings) is (expected is None)


@pytest.mark.requirement("R-099", "R-091", "B.8", "B.16")
@pytest.mark.parametrize("payload", [b"<DeviceCap/>", b"<MetadataCfg/>", b"<metadatacfg><MetadataList/></metadatacfg>"])
def test_another_root_or_no_list_is_a_decode_error(payload):
    with pytest.raises(DecodeError) as caught:
        cfg(payload)
    assert caught.value.path


@pytest.mark.requirement("R-102", "B.19")
def test_a_single_configuration():
    root = parse_tree(
        b"<SingleMetadataCfg><Metadata><type>ANPR</type><enable>false</enable></Metadata></SingleMetadataCfg>"
    )
    assert read_single_metadata_cfg(root, Notes()) == SingleMetadataCfg("ANPR", False)


@pytest.mark.requirement("R-102", "B.19")
@pytest.mark.parametrize("payload", [b"<SingleMetadataCfg/>", b"<MetadataCfg><Metadata/></MetadataCfg>"])
def test_a_broken_single_configuration_is_a_decode_error(payload):
    with pytest.raises(DecodeError):
        read_single_metadata_cfg(parse_tree(payload), Notes())


@pytest.mark.requirement("R-051", "R-090", "B.7")
def test_a_subscription_names_several_types_or_none():
    assert read_subscribe_type({"type": ["ANPR", "faceSnap"]}, Notes()) == SubscribeType(["ANPR", "faceSnap"])
    assert read_subscribe_type({}, Notes()).type is None
    assert read_subscribe_type({"type": []}, Notes()).type == []


@pytest.mark.requirement("R-090", "B.7")
@pytest.mark.parametrize("types", ["ANPR", {"a": 1}, [1], [None], 5])
def test_types_that_are_no_array_of_texts_are_a_decode_error(types):
    with pytest.raises(DecodeError):
        read_subscribe_type({"type": types}, Notes())


@pytest.mark.requirement("R-089", "B.6")
def test_the_uri_is_opaque_and_a_long_one_is_a_warning():
    notes = Notes()
    assert read_rtsp_uri({"rtspURI": "rtsp://10.0.0.1/x?y=1"}, notes) == RTSPMetadataURI("rtsp://10.0.0.1/x?y=1")
    assert not notes.warnings
    assert len(read_rtsp_uri({"rtspURI": "rtsp://h/" + "x" * 120}, notes).rtsp_uri) == 129
    assert notes.warnings == ["rtspURI is longer than 128 characters"]


@pytest.mark.requirement("R-089", "B.6")
@pytest.mark.parametrize("source", [{}, {"rtspURI": None}, {"rtspURI": " "}, {"rtspURI": ["rtsp://h"]}, {"rtspuri": 5}])
def test_an_answer_without_a_uri_is_a_decode_error(source):
    with pytest.raises(DecodeError):
        read_rtsp_uri(source, Notes())


@pytest.mark.requirement("R-091", "B.8")
def test_a_written_capability_has_the_guides_elements():
    assert write(
        config_element(MetadataCap(["ANPR", "faceSnap"], formats=["xml", "json"], supports_subscribe_type=True))
    ) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<MetadataCfg version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><MetadataList size="2"><Metadata>'
        b'<type opt="ANPR,faceSnap"></type><enable>true</enable></Metadata></MetadataList>'
        b'<uploadDataFormat opt="xml,json"></uploadDataFormat><isSupportSubscribeType>true</isSupportSubscribeType>'
        b"</MetadataCfg>"
    )


@pytest.mark.requirement("R-099", "R-102", "B.16", "B.19")
def test_written_configurations_have_the_guides_elements():
    entry = b"<Metadata><type>ANPR</type><enable>true</enable></Metadata>"
    head = b'<?xml version="1.0" encoding="utf-8"?>\n'
    attributes = b' version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"'
    assert write(config_element(MetadataCfg([MetadataType("ANPR", True)], "json"))) == (
        head + b"<MetadataCfg" + attributes + b"><MetadataList>" + entry + b"</MetadataList>"
        b"<uploadDataFormat>json</uploadDataFormat></MetadataCfg>"
    )
    assert write(config_element(SingleMetadataCfg("ANPR", True))) == (
        head + b"<SingleMetadataCfg" + attributes + b">" + entry + b"</SingleMetadataCfg>"
    )


@pytest.mark.requirement("R-089", "R-090", "B.6", "B.7")
def test_written_json_has_the_guides_keys():
    assert config_object(SubscribeType(["ANPR"])) == {"type": ["ANPR"]}
    assert config_object(SubscribeType()) == {}
    assert config_object(RTSPMetadataURI("rtsp://h/x")) == {"rtspURI": "rtsp://h/x"}


@pytest.mark.requirement("R-061")
@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (Metadata(type="activityTarget", sub_type="ANPR"), "ANPR"),
        (Metadata(type="ruleTarget", sub_type="anpr"), "ANPR"),
        (Metadata(type="activityTarget", sub_type="personQueueTime"), "personQueue"),
        (Metadata(type="activityTarget", sub_type="personQueueCounting"), "personQueue"),
        (Metadata(type="activityTarget", sub_type="personQueue"), "personQueue"),
        (Metadata(type="ruleTarget", sub_type="behaviorAnalysis"), "behaviorAnalysis"),
        (Metadata(type="ruleTargetRadar", sub_type="behaviorAnalysis"), "radarDetection"),
        (Metadata(type="activityTargetRadar"), "radarDetection"),
        (Metadata(type="ruleTarget", radar=Radar()), "radarDetection"),
        (Metadata(type="ruleTarget", sub_type="personalTrack"), "personalTrack"),
        (Metadata(type="ruleTarget", tracking=[CameraPoint()]), "personalTrack"),
        (Metadata(type="ruleTarget", sub_type="heatmap"), None),
        (Metadata(type="ruleTarget", sub_type="PeopleCounting"), None),
        (Metadata(type="ruleTarget", sub_type="framesPeopleCounting", situation=Situation(4)), None),
        (Metadata(type="ruleTarget", sub_type="crowdSituationAnalysis"), None),
        (Metadata(type="PTZ", ptz=PTZInfo()), None),
        (Metadata(sub_type="somethingNew"), None),
        (Metadata(), None),
    ],
)
def test_a_document_belongs_to_one_configuration_type_or_none(metadata, expected):
    assert configuration_type(metadata) == expected


@pytest.mark.requirement("R-061")
def test_the_sub_types_of_a_configuration_type():
    assert sub_types_of("personQueue") == ("personQueueTime", "personQueueCounting", "personQueue")
    assert sub_types_of("radarDetection") == ("behaviorAnalysis",)
    assert sub_types_of("faceSnap") == ("faceSnap",)
    assert sub_types_of("heatmap") == ()


def test_a_type_too_long_and_an_entry_without_one_are_warnings():
    notes = Notes()
    assert read_subscribe_type({"type": ["x" * 64, "y" * 65]}, notes).type == ["x" * 64, "y" * 65]
    assert notes.warnings == ["a type is longer than 64 characters"]
    notes = Notes()
    entry = "<Metadata><enable>true</enable></Metadata>"
    root = parse_tree(f"<MetadataCfg><MetadataList>{entry}</MetadataList></MetadataCfg>".encode())
    read_metadata_cfg(root, notes)
    assert notes.warnings == ["a Metadata entry has no type"]
