"""XML documents as a bounded tree of elements, and back.

Read by the standard library's expat after transcoding to UTF-8. Elements are named by their local name;
namespaces are kept aside. Document type declarations are refused in the parser's own handler, so no entity
of a document is ever expanded; size, depth, elements, attributes and markup per tag are bounded while reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pyexpat import ErrorString, ExpatError, ParserCreate, XMLParserType
from typing import Any

from onframe.errors import DecodeError
from onframe.isapi import bounds
from onframe.isapi.encodings import to_utf8
from onframe.isapi.leniency import Notes, namespace_of

_CHUNK = 16 * 1024
_BLANKS = " \t\r\n"
_MISCELLANEOUS = re.compile(rb"(?:[ \t\r\n]*(?:<!--(?:(?!--).)*-->|<\?(?!xml\s)(?:(?!\?>).)*\?>))*", re.DOTALL)
"""Comments and processing instructions behind the root; they belong to its document."""


@dataclass(slots=True)
class Element:
    """One element: its local ``name``, its ``text`` without blanks around, and the elements inside it.

    ``text`` is the character data directly inside; ``attributes`` are without namespace declarations.
    """

    name: str
    namespace: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, local: str) -> Element | None:
        """The first child of this name, or None."""
        for child in self.children:
            if child.name == local:
                return child
        return None

    def findall(self, local: str) -> list[Element]:
        """All children of this name, in document order."""
        return [child for child in self.children if child.name == local]

    def findtext(self, local: str) -> str | None:
        """The text of the first child of this name, or None where there is none."""
        child = self.find(local)
        return None if child is None else child.text


def parse_tree(payload: bytes, notes: Notes | None = None) -> Element:
    """The root element of the one document in ``payload``.

    Raises DecodeError (not well-formed, a DTD, anything behind the document) or LimitExceeded.
    """
    bounds.check_size(len(payload))
    notes = notes or Notes()
    text = to_utf8(payload, notes)
    root, end = parse_document(text, 0, notes)
    if text[end:].strip(b" \t\r\n\0"):
        raise bounds.unreadable("something follows the document", text, end)
    return root


def parse_document(text: bytes, start: int = 0, notes: Notes | None = None) -> tuple[Element, int]:
    """The first document of UTF-8 ``text`` at ``start``, and the offset behind it.

    Raises DecodeError or LimitExceeded.
    """
    return _Builder(notes or Notes()).read(text, start)


def local_name(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


class _Stop(Exception):
    """Raised inside the parser's handlers once the root element is closed."""


class _Builder:
    """Builds Elements from expat's events, one document per instance."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.root: Element | None = None
        self.end = -1
        self.root_has_content = False
        self._stack: list[Element] = []
        self._texts: list[list[str]] = []
        self._scopes: list[dict[str, str]] = [{}]
        self._count = 0
        self._parser = new_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, text: bytes, start: int) -> tuple[Element, int]:
        view = memoryview(text)
        try:
            feed(self._parser, view, start)
        except _Stop:
            pass
        except ExpatError as error:
            raise malformed(error, text, start, self.path()) from None
        if self.root is None or self.end < 0:
            raise bounds.unreadable("the document ends early", text, len(text))
        return self.root, self._behind(text, start + self.end)

    def _behind(self, text: bytes, end: int) -> int:
        """Where the document ends: expat stands at the end tag, or behind an empty element's tag."""
        empty = not self.root_has_content and text[end - 2 : end] == b"/>"
        end = end if empty else text.index(b">", end) + 1
        found = _MISCELLANEOUS.match(text, end, end + bounds.MAX_MARKUP)
        return found.end() if found else end

    def path(self) -> str:
        return "/".join(element.name for element in self._stack[:8])

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > bounds.MAX_ELEMENTS:
            raise bounds.exceeded("elements", bounds.MAX_ELEMENTS)
        if len(self._stack) >= bounds.MAX_DEPTH:
            raise bounds.exceeded("depth", bounds.MAX_DEPTH)
        scope = self._scopes[-1]
        if attributes or len(name) > bounds.MAX_ATTRIBUTES:
            check_tag(name, attributes)
            scope, attributes = _namespaces(scope, attributes)
        prefix, _, local = name.rpartition(":")
        element = Element(local, namespace_of(prefix, scope, self._notes), attributes)
        if self._stack:
            self._stack[-1].children.append(element)
            self.root_has_content = True
        else:
            self.root = element
        self._stack.append(element)
        self._texts.append([])
        self._scopes.append(scope)

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)
        self.root_has_content = True

    def _end(self, name: str) -> None:
        element = self._stack.pop()
        element.text = "".join(self._texts.pop()).strip(_BLANKS)
        self._scopes.pop()
        if not self._stack:
            self.end = self._parser.CurrentByteIndex
            raise _Stop


def new_parser() -> XMLParserType:
    """An expat parser for UTF-8 that refuses document type declarations."""
    parser = ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
    refused = DecodeError(
        "the document has a document type declaration, which is refused",
        path=name[:40],
        hint="no ISAPI document has one; it may be an attempt to exhaust this program",
    )
    refused.forbidden = True
    raise refused


def feed(parser: XMLParserType, view: memoryview, start: int) -> None:
    """Feed what stands at ``start`` in pieces, so that no tag is gathered beyond the limit."""
    position, size = start, len(view)
    while position < size:
        step = min(position + _CHUNK, size)
        parser.Parse(view[position:step], False)
        position = step
        if position - start - parser.CurrentByteIndex > bounds.MAX_MARKUP + _CHUNK:
            raise bounds.exceeded("markup", bounds.MAX_MARKUP)
        if position - start > bounds.MAX_SIZE:
            raise bounds.exceeded("size", bounds.MAX_SIZE)
    parser.Parse(b"", True)


def check_tag(name: str, attributes: Mapping[str, str]) -> None:
    """Raise LimitExceeded where one start tag has too many attributes or too much markup."""
    if len(attributes) > bounds.MAX_ATTRIBUTES:
        raise bounds.exceeded("attributes", bounds.MAX_ATTRIBUTES)
    if len(name) + sum(len(key) + len(value) + 4 for key, value in attributes.items()) > bounds.MAX_MARKUP:
        raise bounds.exceeded("markup", bounds.MAX_MARKUP)


def malformed(error: ExpatError, text: bytes, start: int, path: str = "") -> DecodeError:
    """The DecodeError for what expat refused."""
    offset = start + _offset(text, start, error)
    fault = DecodeError(f"not well-formed XML: {ErrorString(error.code)}", path=path or None, offset=offset)
    fault.excerpt = bounds.excerpt(text, offset)
    return fault


def _offset(text: bytes, start: int, error: ExpatError) -> int:
    """Where (line, column) of expat lies in bytes after ``start``."""
    position = start
    for _ in range(error.lineno - 1):
        position = text.find(b"\n", position) + 1
    return position - start + error.offset


def _namespaces(scope: dict[str, str], attributes: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    declared: dict[str, str] = {}
    kept: dict[str, str] = {}
    for name, value in attributes.items():
        if name == "xmlns":
            declared[""] = value
        elif name.startswith("xmlns:"):
            if len(scope) < bounds.MAX_DEPTH:
                declared[name[6:]] = value
        else:
            kept[local_name(name)] = value
    return ({**scope, **declared} if declared else scope), kept


# Writing

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", ord("\r"): "&#13;"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """``text`` as character data or attribute value; characters that XML cannot hold become U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def write(root: Element, *, declaration: bool = True) -> bytes:
    """The document of ``root``, without blanks between elements; the root's namespace is declared."""
    parts: list[str] = ['<?xml version="1.0" encoding="utf-8"?>\n'] if declaration else []
    parts.extend(_pieces(root, None))
    return "".join(parts).encode("utf-8")


def _pieces(element: Element, namespace: str | None) -> Iterator[str]:
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.attributes.items())
    if element.namespace is not None and element.namespace != namespace:
        attributes += f' xmlns="{escape(element.namespace)}"'
        namespace = element.namespace
    yield f"<{element.name}{attributes}>"
    if element.text:
        yield escape(element.text)
    for child in element.children:
        yield from _pieces(child, namespace)
    yield f"</{element.name}>"


def build(name: str, *content: Any, namespace: str | None = None, **attributes: str) -> Element:
    """An Element from its content: Elements, and text (anything else is turned into text; None is left out)."""
    children = [item for item in content if isinstance(item, Element)]
    text = "".join(str(item) for item in content if item is not None and not isinstance(item, Element))
    return Element(name, namespace, attributes, text, children)
