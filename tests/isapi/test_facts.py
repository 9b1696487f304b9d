"""The facts of every kind of document, as plain objects."""

from __future__ import annotations

from typing import Any

import pytest

from onframe import decode
from onframe.isapi.facts import facts

TYPES = "<MetadataList><Metadata><type>{}</type><enable>true</enable></Metadata></MetadataList>"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            b"<DeviceCap><SysCap><isSupportMetadata>true</isSupportMetadata></SysCap></DeviceCap>",
            {"supportsMetadata": True, "tree": {"SysCap": {"isSupportMetadata": "true"}}, "elements": 2},
        ),
        (
            b'<MetadataCfg><MetadataList><Metadata><type opt="ANPR,faceSnap"/></Metadata></MetadataList></MetadataCfg>',
            {"types": ["ANPR", "faceSnap"], "size": None, "formats": ["xml"], "supportsSubscribeType": False},
        ),
        (
            f"<MetadataCfg>{TYPES.format('ANPR')}<uploadDataFormat>json</uploadDataFormat></MetadataCfg>".encode(),
            {"types": [["ANPR", True]], "uploadDataFormat": "json"},
        ),
        (
            b"<SingleMetadataCfg><Metadata><type>ANPR</type><enable>false</enable></Metadata></SingleMetadataCfg>",
            {"types": [["ANPR", False]], "uploadDataFormat": None},
        ),
        (b'{"rtspURI":"rtsp://192.0.2.7/x"}', {"rtspURI": "rtsp://192.0.2.7/x"}),
        (b'{"type":["ANPR"]}', {"type": ["ANPR"]}),
    ],
)
def test_each_kind_has_its_facts(payload: bytes, expected: dict[str, Any]) -> None:
    assert facts(decode(payload).value) == expected


def test_anything_else_has_none() -> None:
    with pytest.raises(TypeError, match="int is no document"):
        facts(7)
