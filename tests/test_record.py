"""The JSON of Records against its published schema, which must say neither more nor less."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from jsonschema import Draft202012Validator

from onframe import Camera, Gap, Record, SimulatedCamera, StateChange
from onframe.isapi.metadata import Metadata
from onframe.record import to_dict, to_json

SCHEMA = json.loads((Path(__file__).resolve().parent.parent / "docs" / "record.schema.json").read_text())
AT = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


async def test_every_kind_of_record_fits_the_schema() -> None:
    validator = Draft202012Validator(SCHEMA)
    seen = set()
    async with SimulatedCamera("all") as simulated, Camera.from_url(simulated.url) as camera:
        async with aclosing(camera.watch()) as records:
            async for record in records:
                assert not list(validator.iter_errors(json.loads(to_json(record))))
                seen.add((record.metadata.type, record.metadata.sub_type))
                if len(seen) >= 18:
                    break


def test_a_records_keys_are_those_of_the_schema() -> None:
    record = Record(camera="c", channel=1, stream=1, epoch=1, n=0, received_at=AT, metadata=Metadata())
    plain = to_dict(record)
    assert set(plain) == set(SCHEMA["required"])
    assert set(to_dict(record, raw=True)) == set(SCHEMA["properties"])
    assert set(plain["metadata"]) == set(SCHEMA["$defs"]["metadata"]["required"])


def test_instants_have_milliseconds_and_an_offset() -> None:
    gap = Gap("c", 1, 1, 1, AT, "loss", packets=3)
    record = Record(camera="c", channel=1, stream=1, epoch=1, n=0, received_at=AT, metadata=Metadata(), gap_before=gap)
    plain = json.loads(to_json(record))
    assert plain["received_at"] == "2026-03-01T12:00:00.005+00:00"
    assert plain["gap_before"]["packets"] == 3
    assert plain["gap_before"]["kind"] == "gap"
    state = to_dict(StateChange("c", 1, 1, 2, "stale", "nothing heard for 22 s", since=AT, previous="live"))
    assert (state["kind"], state["since"]) == ("state", "2026-03-01T12:00:00.005+00:00")
