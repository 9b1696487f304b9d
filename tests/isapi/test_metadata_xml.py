"""The general reader of metadata in XML: what has no place of its own is kept under its path."""

from __future__ import annotations

import pytest

from onframe import decode
from onframe.isapi.document import Document


def read(inside: str) -> Document:
    time = "<time>2023-11-14T22:13:20Z</time>"
    return decode(f"<Metadata><type>activityTarget</type>{time}{inside}</Metadata>".encode())


def target(inside: str) -> Document:
    return read(f"<TargetDetection><TargetList><Target>{inside}</Target></TargetList></TargetDetection>")


PLACE = "TargetDetection.TargetList.Target[0]."


@pytest.mark.parametrize(
    ("inside", "extras"),
    [
        ("<targetID>1</targetID><targetID>2</targetID>", {PLACE + "targetID": "2"}),
        ("<hat>red</hat><hat>blue</hat>", {PLACE + "hat": "red", PLACE + "hat[1]": "blue"}),
        ("<targetID unit='m'>1</targetID>", {PLACE + "targetID.@unit": "m"}),
        ("<targetID>1<old>7</old></targetID>", {PLACE + "targetID.old": "7"}),
        ("<RegionList kind='k'><Region/><hole/></RegionList>", {
            PLACE + "RegionList.@kind": "k", PLACE + "RegionList.hole": "",
        }),
        ("<RegionList><Region><Point><x>1</x></Point></Region></RegionList>", {
            PLACE + "RegionList.Region[0].Point[0].x": "1",
        }),
        ("<PropertyList><Property><note>n</note><value>1</value></Property></PropertyList>", {
            PLACE + "PropertyList.Property[0].note": "n",
        }),
        ("<PropertyList><Property><value lang='x'>1<b>2</b></value></Property></PropertyList>", {
            PLACE + "PropertyList.Property[0].value.@lang": "x", PLACE + "PropertyList.Property[0].value.b": "2",
        }),
        ("<wings><w>1</w><w>2</w><w>3</w></wings>", {PLACE + "wings": {"w": ["1", "2", "3"]}}),
        ("<wings n='1'/>", {PLACE + "wings": {"@n": "1"}}),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_kept_under_its_path(inside: str, extras: dict[str, object]) -> None:
    document = target(inside)
    assert document.value.extras == extras
    assert len(document.value.targets) == 1


def test_a_block_without_its_list_is_an_empty_one() -> None:
    assert read("<TargetDetection/>").value.targets == []
    document = read("<TargetDetection><PropertyList/></TargetDetection>")
    assert (document.value.targets, document.value.extras, document.repairs) == ([], {}, [])


def test_an_integer_that_is_none_is_absent_said_and_kept() -> None:
    document = read("<DevInfo><portNo>8000.5</portNo><channel>1</channel></DevInfo>")
    assert (document.value.device.port_no, document.value.device.channel) == (None, 1)
    assert document.warnings == ["DevInfo.portNo: '8000.5' is not an integer"]
    assert document.value.extras == {"DevInfo.portNo": "8000.5"}


def test_a_description_without_a_value_is_an_empty_property() -> None:
    property_list = (
        "<PropertyList><Property><description>a</description><description>b</description><value>1</value>"
        "<description>c</description></Property><Property><value>2</value></Property></PropertyList>"
    )
    document = target(property_list)
    assert document.value.targets[0].properties == [("a", ""), ("b", "1"), ("c", ""), ("", "2")]


def test_text_beside_elements_is_passed_over() -> None:
    document = read("<TargetDetection>// targets<TargetList/></TargetDetection>")
    assert document.repairs == ["text_between_elements"]
