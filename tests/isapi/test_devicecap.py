"""DeviceCap (B.9): the table, and trees of any shape."""

import pytest

from onframe.errors import DecodeError
from onframe.isapi.devicecap import (
    DeviceCap,
    count_nodes,
    device_cap_element,
    device_cap_table,
    missing,
    read_device_cap,
    tree_of,
)
from onframe.isapi.leniency import Notes
from onframe.isapi.xml import parse_tree, write

SENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<DeviceCap version="1.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<SysCap>
<isSupportDst>true</isSupportDst>
<NetworkCap version="2.0"><isSupportNtp>true</isSupportNtp><SnmpCap><isSupport>false</isSupport></SnmpCap></NetworkCap>
<isSupportExternalDevice>1</isSupportExternalDevice>
<isSupportMetadata>true</isSupportMetadata>
<supportSmartOverlapChannles opt="1"/>
</SysCap>
<voicetalkNums> 2 </voicetalkNums>
<isSupportExternalDevice>yes</isSupportExternalDevice>
<isSupportAutoSwitch> true</isSupportAutoSwitch>
<VCAResourceChannelsCap><ChannelsList><channelsID>1</channelsID><channelsID>2</channelsID></ChannelsList></VCAResourceChannelsCap>
<maximumSuperPositionTime opt="5,10">ten</maximumSuperPositionTime>
<brandNewCap><inner a="b">text</inner></brandNewCap>
</DeviceCap>"""


def read(payload, notes=None):
    return read_device_cap(parse_tree(payload), notes or Notes())


@pytest.mark.requirement("R-092", "B.9")
def test_the_table_has_every_element_of_the_guide():
    table = device_cap_table()
    assert len(table) == 192
    assert table[""].type == "container"
    assert table["SysCap/isSupportMetadata"].type == "boolean"
    assert [path for path, row in table.items() if row.requirement == "required"] == [
        "ResourceSwitch/workMode",
        "VCAResourceChannelsCap/ChannelsList/channelsID",
        "IOTCap/supportChannelNum",
    ]
    assert table["ResourceSwitch/workMode"].values == ("4KPreview", "educationRecord")
    assert {"SysCap/isSupportExternalDevice", "isSupportExternalDevice"} < set(table)


@pytest.mark.requirement("R-092", "B.9")
def test_everything_is_passed_through_as_it_is_nested():
    cap = read(SENT)
    assert cap.tree == {
        "SysCap": {
            "isSupportDst": "true",
            "NetworkCap": {"@version": "2.0", "isSupportNtp": "true", "SnmpCap": {"isSupport": "false"}},
            "isSupportExternalDevice": "1",
            "isSupportMetadata": "true",
            "supportSmartOverlapChannles": {"@opt": "1"},
        },
        "voicetalkNums": "2",
        "isSupportExternalDevice": "yes",
        "isSupportAutoSwitch": "true",
        "VCAResourceChannelsCap": {"ChannelsList": {"channelsID": ["1", "2"]}},
        "maximumSuperPositionTime": {"@opt": "5,10", "#text": "ten"},
        "brandNewCap": {"inner": {"@a": "b", "#text": "text"}},
    }
    assert cap.elements == 19
    assert (cap.version, cap.namespace) == ("1.0", "http://www.hikvision.com/ver20/XMLSchema")


@pytest.mark.requirement("R-092", "B.9")
def test_the_table_says_what_a_text_means():
    cap = read(SENT)
    assert cap.value("SysCap/isSupportDst") is True
    assert cap.value("SysCap/isSupportExternalDevice") is True
    assert cap.value("isSupportExternalDevice") is False
    assert cap.value("isSupportAutoSwitch") is True
    assert cap.value("voicetalkNums") == 2
    assert cap.value("maximumSuperPositionTime") is None
    assert cap.value("VCAResourceChannelsCap/ChannelsList/channelsID") == 1
    assert cap.value("brandNewCap/inner") == "text"
    assert cap.value("brandNewCap/inner/deeper") is None
    assert cap.value("SysCap/nothing") is None


@pytest.mark.requirement("R-004", "R-005", "B.9")
@pytest.mark.parametrize(
    ("inside", "supported"),
    [
        (b"<SysCap><isSupportMetadata>true</isSupportMetadata></SysCap>", True),
        (b"<SysCap><isSupportMetadata/></SysCap>", True),
        (b"<SysCap><isSupportMetadata> false </isSupportMetadata></SysCap>", False),
        (b"<SysCap><isSupportMetadata>0</isSupportMetadata></SysCap>", False),
        (b"<SysCap></SysCap>", False),
        (b"", False),
        (b"<isSupportMetadata>true</isSupportMetadata>", True),
        (b"<A><B/><B><isSupportMetadata>true</isSupportMetadata></B></A>", True),
        (
            b"<isSupportMetadata>true</isSupportMetadata><SysCap><isSupportMetadata>false</isSupportMetadata></SysCap>",
            False,
        ),
    ],
)
def test_metadata_is_supported_where_the_node_is_there_and_not_false(inside, supported):
    assert read(b"<DeviceCap>" + inside + b"</DeviceCap>").supports_metadata is supported


@pytest.mark.requirement("R-092", "B.9")
def test_what_is_required_in_a_block_and_absent_is_a_warning():
    notes = Notes()
    read(b"<DeviceCap><IOTCap><startChannelNo>1</startChannelNo></IOTCap></DeviceCap>", notes)
    assert notes.warnings == ["IOTCap/supportChannelNum is required and absent"]
    assert missing(DeviceCap()) == []


@pytest.mark.requirement("R-092", "B.9")
def test_another_root_is_a_decode_error():
    with pytest.raises(DecodeError):
        read(b"<ResponseStatus/>")


@pytest.mark.requirement("R-092", "R-003", "B.9")
def test_a_written_tree_is_the_document():
    tree = tree_of({"SysCap/isSupportDst": "true", "SysCap/isSupportMetadata": "true", "voicetalkNums": "1"})
    tree["supportSmartOverlapChannles"] = {"@opt": "1,2", "#text": ""}
    tree["list"] = ["a", "b"]
    assert count_nodes(tree) == 7
    assert write(device_cap_element(DeviceCap(tree))) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<DeviceCap version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><SysCap><isSupportDst>true</isSupportDst>'
        b"<isSupportMetadata>true</isSupportMetadata></SysCap><voicetalkNums>1</voicetalkNums>"
        b'<supportSmartOverlapChannles opt="1,2"></supportSmartOverlapChannles><list>a</list><list>b</list></DeviceCap>'
    )


def test_an_element_that_comes_several_times_is_a_list_and_its_value_is_that_of_the_first():
    inside = b"".join(b"<isSupportReboot>%s</isSupportReboot>" % text for text in (b"true", b"false", b"false"))
    cap = read(b"<DeviceCap><SysCap>" + inside + b"</SysCap></DeviceCap>")
    assert cap.tree["SysCap"]["isSupportReboot"] == ["true", "false", "false"]
    assert (cap.value("SysCap/isSupportReboot"), cap.elements) == ("true", 4)


def test_of_several_answers_to_whether_metadata_is_supported_the_first_counts():
    several = b"<isSupportMetadata> false </isSupportMetadata><isSupportMetadata>true</isSupportMetadata>"
    assert not read(b"<DeviceCap><SysCap>" + several + b"</SysCap></DeviceCap>").supports_metadata
