"""Every slip of the guide and of devices that Onframe reads past: name, source, repair.

Nothing lenient stands elsewhere in this package: the readers call the functions of this file, and the
names of those that were applied come back with the document (``Document.repairs``). Values are kept as
sent wherever there is a place for them; a repair changes only what is read from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from onframe.isapi.vocabulary import KNOWN

if TYPE_CHECKING:
    from onframe.isapi.metadata import Metadata


class Leniency(NamedTuple):
    """One slip: its ``name``, the ``source`` that has it, and what the ``repair`` is."""

    name: str
    source: str
    repair: str


LENIENCIES: dict[str, Leniency] = {
    entry.name: entry
    for entry in (
        Leniency(
            "byte_order_mark",
            "devices of other makers; not seen on this track",
            "the mark is removed",
        ),
        Leniency(
            "leading_blanks",
            "not seen on this track",
            "blanks and NULs before the document are removed",
        ),
        Leniency(
            "trailing_nuls",
            "two programs that read such cameras guard against it",
            "NULs behind the document are removed",
        ),
        Leniency(
            "encoding_declared_wrongly",
            "a declaration that names no encoding these bytes can have",
            "read as UTF-8",
        ),
        Leniency(
            "undeclared_prefix",
            "not seen on this track",
            "the element has no namespace; it is read by its local name",
        ),
        Leniency(
            "stray_gt_before_a_value",
            "B.11, B.14: <value>>true</value>",
            'a ">" and blanks before a value are removed',
        ),
        Leniency(
            "text_between_elements",
            "B.10, B.13, B.15: //comments between elements",
            "text beside elements is ignored",
        ),
        Leniency(
            "several_pairs_in_a_property",
            "B.13: waitTime and alarmTime in one Property",
            "each description opens a pair, the next value closes it",
        ),
        Leniency(
            "region_list_outside_target",
            "B.12, B.13: RegionList beside TargetList",
            "kept in the frame, and the sole Target's where it has none",
        ),
        Leniency(
            "property_list_outside_target",
            "B.13, B.14, B.17: PropertyList beside TargetList or under Metadata",
            "kept in the frame, and the sole Target's where it has none",
        ),
        Leniency(
            "fieldddetection",
            "B.11 spells fieldddetection, B.14 fielddetection",
            "read as fielddetection",
        ),
        Leniency(
            "righttopleft",
            "B.11 spells righttopleft, B.14 righttoleft",
            "read as righttoleft",
        ),
        Leniency(
            "noerth_south",
            "B.10 spells noerthSouth",
            "read as northSouth",
        ),
        Leniency(
            "names_in_another_case",
            "event types and directions are printed in mixed case",
            "known values are compared without case",
        ),
        Leniency(
            "boolean_in_another_form",
            "devices and guide mix true, True, 1, yes",
            "read as a boolean",
        ),
        Leniency(
            "radar_target_under_rule_type",
            "B.14 prints type ruleTargetRadar over an ActivityTargetList, B.17 activityTargetRadar",
            "the block decides: it is a target",
        ),
        Leniency(
            "time_offset_without_colon",
            "the guide's capture: +0800",
            "read as +08:00",
        ),
        Leniency(
            "root_in_another_case",
            "B.4 spells MetaData",
            "the root is compared without case",
        ),
        Leniency(
            "pciture_list",
            "B.1, B.2 spell PcitureList",
            "read as PictureList, which is read as well",
        ),
        Leniency(
            "object_in_place_of_a_list",
            "B.1 prints objects where B.2 prints arrays",
            "the object is read as a list of one",
        ),
        Leniency(
            "number_as_text",
            "B.1-B.4 print numbers in quotes",
            "read as the number",
        ),
        Leniency(
            "text_as_number",
            "devices send identifiers without quotes",
            "read as the text",
        ),
        Leniency(
            "situation_beside_metadata",
            "B.1, B.2 by their braces",
            "read as if it stood inside; the inside one wins",
        ),
        Leniency(
            "susp_list_inside_camera_point",
            "B.4 by its meaning",
            "read, and its owner is the objId",
        ),
        Leniency(
            "susp_list_beside_metadata",
            "B.4 by its braces",
            "read as if it stood inside",
        ),
        Leniency(
            "data_type_as_object",
            'B.1, B.2 print "dataType":{ }',
            "read as absent",
        ),
        Leniency(
            "bare_ip_in_json",
            "B.2-B.4 print the address without quotes",
            "quoted, only where the caller asks for it (lenient_ip=True)",
        ),
        Leniency(
            "status_code_as_text",
            "devices quote statusCode",
            "read as the number",
        ),
        Leniency(
            "error_code_as_text",
            "devices send errorCode quoted or as 0x…",
            "read as the number",
        ),
        Leniency(
            "nine_digit_error_code",
            "fourteen codes of Appendix C have a digit too many",
            "the superfluous zero is removed",
        ),
        Leniency(
            "presence_is_support",
            "chapter 3 tests for the presence of isSupport…",
            "present, and neither false nor 0, is supported",
        ),
    )
}

BLANKS = " \t\r\n"
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})
_SPELLINGS = {
    "fieldddetection": ("fielddetection", "fieldddetection"),
    "righttopleft": ("righttoleft", "righttopleft"),
    "noerthsouth": ("northSouth", "noerth_south"),
}
_BARE_IP = re.compile(rb"(:\s*)(\d{1,3}(?:\.\d{1,3}){3})(?=\s*[,}\]])")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_OFFSET = re.compile(r"[T ].*[+-]\d{4}$")


class Notes:
    """What was repaired and what is doubtful in one document, in the order seen, each once."""

    __slots__ = ("repairs", "warnings")

    def __init__(self) -> None:
        self.repairs: list[str] = []
        self.warnings: list[str] = []

    def repair(self, name: str) -> None:
        """Note that the leniency ``name`` was applied."""
        if name not in self.repairs:
            self.repairs.append(LENIENCIES[name].name)

    def warn(self, text: str) -> None:
        """Note something doubtful that was kept as sent; the first hundred are kept."""
        if text not in self.warnings and len(self.warnings) < 100:
            self.warnings.append(text)

    def marks(self) -> tuple[int, int]:
        """Where the notes stand now, for ``reset``."""
        return len(self.repairs), len(self.warnings)

    def reset(self, marks: tuple[int, int]) -> None:
        """Forget what was noted since ``marks``: another reader starts over."""
        del self.repairs[marks[0] :]
        del self.warnings[marks[1] :]


def value_text(name: str, text: str, notes: Notes) -> str:
    """A property's value without a stray ``>`` before it; misprints are noted and kept as sent."""
    if text.startswith(">"):
        notes.repair("stray_gt_before_a_value")
        text = text.lstrip(">" + BLANKS)
    if text.lower() in _SPELLINGS:
        notes.repair(_SPELLINGS[text.lower()][1])
    elif known_value(name.lower(), text) != text:
        notes.repair("names_in_another_case")
    return text


def is_misspelt(name: str, text: str) -> bool:
    """Whether a property needs a repair of ``pairs``."""
    return text[:1] == ">" or (text.lower() in _SPELLINGS) or known_value(name.lower(), text) != text


def known_value(name: str, text: str) -> str:
    """The guide's value of the property ``name`` (in lower case) that ``text`` means, else ``text`` itself."""
    lowered = text.lower()
    corrected = _SPELLINGS.get(lowered)
    return corrected[0] if corrected else KNOWN.get(name, {}).get(lowered, text)


def boolean(value: object, notes: Notes | None = None) -> bool | None:
    """true, false, and what devices send instead of them; None for anything else."""
    if isinstance(value, bool):
        return value
    text = str(value).strip(BLANKS)
    if notes is not None and text not in ("true", "false") and text.lower() in _TRUE | _FALSE:
        notes.repair("boolean_in_another_form")
    lowered = text.lower()
    return True if lowered in _TRUE else False if lowered in _FALSE else None


def flag(value: object, notes: Notes, *, as_number: bool) -> bool | None:
    """A JSON flag that the guide has as 1 and 0 (``as_number``) or as true and false; both are read."""
    read = boolean(value)
    if read is not None and (type(value) is not (int if as_number else bool)):
        notes.repair("boolean_in_another_form")
    return read


def supported(text: str | None, notes: Notes | None = None) -> bool:
    """isSupport…: present, and neither false nor 0 (chapter 3 tests for presence alone)."""
    if text is None:
        return False
    if notes is not None and text.strip(BLANKS) not in ("true", "false"):
        notes.repair("presence_is_support")
    return boolean(text) is not False


def pairs(nodes: Iterable[tuple[str, str]], notes: Notes) -> Iterator[tuple[str, str]]:
    """(description, value) from the nodes of one Property, however many pairs it holds."""
    name: str | None = None
    count = 0
    for kind, text in nodes:
        if kind == "value":
            count += 1
            if count == 2:
                notes.repair("several_pairs_in_a_property")
            yield name or "", value_text(name or "", text, notes)
            name = None
        else:
            if name is not None:
                yield name, ""
            name = text
    if name is not None:
        yield name, ""


def namespace_of(prefix: str, scope: dict[str, str], notes: Notes) -> str | None:
    """The namespace that ``prefix`` stands for; an undeclared one stands for none."""
    if prefix and prefix not in scope and prefix != "xml":
        notes.repair("undeclared_prefix")
    return scope.get(prefix)


def inherit(metadata: Metadata, notes: Notes) -> None:
    """Regions and properties outside a Target belong to the sole Target that lacks its own."""
    frame, targets = metadata.frame, metadata.targets
    if frame.regions:
        notes.repair("region_list_outside_target")
        if len(targets) == 1 and not targets[0].regions:
            targets[0].regions = [list(region) for region in frame.regions]
    if frame.properties:
        notes.repair("property_list_outside_target")
        if len(targets) == 1 and not targets[0].properties:
            targets[0].properties = list(frame.properties)


def radar_type(metadata: Metadata, *, radar_targets: bool, notes: Notes) -> None:
    """Note a type that says rule over radar targets: the block decides (``Metadata.kind``)."""
    if radar_targets and (metadata.type or "").lower() == "ruletargetradar":
        notes.repair("radar_target_under_rule_type")


def as_list(value: Any, notes: Notes) -> list[Any]:
    """A JSON array; an object in its place is a list of one, null an empty one."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    notes.repair("object_in_place_of_a_list")
    return [value]


def time_form(raw: str, notes: Notes) -> None:
    """Note an offset without its colon, which the reader takes as it is."""
    if _OFFSET.search(raw):
        notes.repair("time_offset_without_colon")


def same_root(name: str, wanted: str, notes: Notes) -> bool:
    """Whether a root is the wanted one, compared without case."""
    if name == wanted:
        return True
    if name.lower() != wanted.lower():
        return False
    notes.repair("root_in_another_case")
    return True


def quote_bare_ip(payload: bytes, notes: Notes) -> bytes:
    """JSON whose bare IPv4 addresses are put in quotes; texts are left alone."""

    def outside(piece: bytes) -> bytes:
        return _BARE_IP.sub(rb'\1"\2"', piece)

    parts: list[bytes] = []
    position = 0
    for found in _STRING.finditer(payload):
        parts += (outside(payload[position : found.start()]), found[0])
        position = found.end()
    parts.append(outside(payload[position:]))
    quoted = b"".join(parts)
    if quoted != payload:
        notes.repair("bare_ip_in_json")
    return quoted
