"""DeviceCap (B.9): its table of 192 elements beside this file (``devicecap.csv``), and the tree a device sends.

Everything is passed through as sent; the table only says what a text means and what ought to be there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import msgspec

from onframe.errors import DecodeError
from onframe.isapi.leniency import Notes, supported
from onframe.isapi.xml import Element

NAMESPACE = "http://www.isapi.org/ver20/XMLSchema"

Node: TypeAlias = str | dict[str, Any] | list[Any]
"""Text; or children by name with attributes as ``@name`` and text as ``#text``; or several of one name."""


class DeviceCapNode(msgspec.Struct, frozen=True):
    """One row of the table: ``type`` is boolean, integer, string, container or unstated.

    ``path`` is below the root ("" is the root), ``requirement`` is optional, required, dependent or unstated.
    """

    path: str
    type: str
    requirement: str
    values: tuple[str, ...] = ()
    note: str = ""


class DeviceCap(msgspec.Struct):
    """What the device can do (B.9). ``elements`` counts the element nodes below the root."""

    tree: dict[str, Any] = {}
    elements: int = 0
    version: str | None = None
    namespace: str | None = None

    @property
    def supports_metadata(self) -> bool:
        """isSupportMetadata is there and not false (R-004); looked for in SysCap first, then anywhere."""
        found = self.get("SysCap/isSupportMetadata")
        if found is None:
            found = next(_anywhere(self.tree, "isSupportMetadata"), None)
        return supported(None if found is None else _text(found))

    def get(self, path: str) -> Node | None:
        """What stands at ``path`` ("SysCap/isSupportDst"), as sent; the first of several; None where nothing does."""
        node: Any = self.tree
        for name in path.split("/"):
            node = node[0] if isinstance(node, list) else node
            if not isinstance(node, dict) or name not in node:
                return None
            node = node[name]
        first: Node = node[0] if isinstance(node, list) else node
        return first

    def value(self, path: str) -> bool | int | str | None:
        """The typed value at ``path``: a boolean is true for ``true`` and ``1`` alone; a number that is none is None.

        Elements that the table does not know, and those without a stated type, are text.
        """
        node = self.get(path)
        if node is None:
            return None
        return _typed(_text(node), device_cap_table().get(path))


@cache
def device_cap_table() -> dict[str, DeviceCapNode]:
    """The 192 elements of B.9 by their path, in the guide's order; the root's path is empty."""
    table = (files("onframe.isapi") / "devicecap.csv").read_text(encoding="utf-8")
    rows = (_row(fields) for fields in csv.DictReader(table.splitlines()))
    return {row.path: row for row in rows}


def read_device_cap(root: Element, notes: Notes) -> DeviceCap:
    """The tree of a DeviceCap document, whatever is in it. Raises DecodeError for another root."""
    if root.name != "DeviceCap":
        raise DecodeError(f"the root is {root.name!r}, not DeviceCap", path=root.name)
    tree = {} if not root.children else _children(root)
    cap = DeviceCap(tree, _count(root), root.attributes.get("version"), root.namespace)
    for path in missing(cap):
        notes.warn(f"{path} is required and absent")
    return cap


def missing(cap: DeviceCap) -> list[str]:
    """Paths that the guide requires inside a block that is there."""
    rows = (row.path for row in device_cap_table().values() if row.requirement == "required")
    return [path for path in rows if cap.get(path) is None and isinstance(cap.get(path.rpartition("/")[0]), dict)]


def device_cap_element(cap: DeviceCap) -> Element:
    """The document of ``cap``, version 2.0 where none is said."""
    root = _element("DeviceCap", cap.tree)
    root.namespace = cap.namespace or NAMESPACE
    root.attributes = {"version": cap.version or "2.0"}
    return root


def tree_of(values: dict[str, str]) -> dict[str, Any]:
    """A tree from texts by path, in their order: ``{"SysCap/isSupportDst": "true"}``."""
    tree: dict[str, Any] = {}
    for path, text in values.items():
        *parents, name = path.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = text
    return tree


def count_nodes(tree: dict[str, Any]) -> int:
    """How many elements a tree stands for."""
    total = 0
    for name, node in tree.items():
        if not name.startswith(("@", "#")):
            for one in node if isinstance(node, list) else [node]:
                total += 1 + (count_nodes(one) if isinstance(one, dict) else 0)
    return total


def _row(fields: dict[str, str]) -> DeviceCapNode:
    values = tuple(fields["values"].split(",")) if fields["values"] else ()
    return DeviceCapNode(fields["path"], fields["type"], fields["requirement"], values, fields["note"])


def _children(element: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element.children:
        name = child.name
        node = _node(child)
        if name not in found:
            found[name] = node
        elif isinstance(found[name], list):
            found[name].append(node)
        else:
            found[name] = [found[name], node]
    return found


def _node(element: Element) -> Node:
    if not element.children and not element.attributes:
        return element.text
    node: dict[str, Any] = {f"@{name}": value for name, value in element.attributes.items()}
    node.update(_children(element))
    if element.text:
        node["#text"] = element.text
    return node


def _element(name: str, node: Node) -> Element:
    if not isinstance(node, dict):
        return Element(name, text=str(node))
    element = Element(name, text=str(node.get("#text", "")))
    for key, value in node.items():
        if key.startswith("@"):
            element.attributes[key[1:]] = str(value)
        elif key != "#text":
            element.children.extend(_element(key, one) for one in (value if isinstance(value, list) else [value]))
    return element


def _count(element: Element) -> int:
    return sum(1 + _count(child) for child in element.children)


def _anywhere(tree: Any, name: str) -> Iterator[Node]:
    for one in tree if isinstance(tree, list) else [tree]:
        if isinstance(one, dict):
            if name in one:
                yield one[name]
            for child in one.values():
                yield from _anywhere(child, name)


def _text(node: Node) -> str:
    if isinstance(node, list):
        return _text(node[0])
    return (str(node.get("#text", "")) if isinstance(node, dict) else node).strip()


def _typed(text: str, row: DeviceCapNode | None) -> bool | int | str | None:
    if row is not None and row.type == "boolean":
        return text.lower() in ("true", "1")
    if row is not None and row.type == "integer":
        return int(text) if text.isascii() and text.lstrip("+-").isdigit() and len(text) <= 20 else None
    return text
