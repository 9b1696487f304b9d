"""What may leave in a support bundle: shapes and numbers, and of texts only those that are known to be harmless.

Whatever is not on a list of what may stay is replaced, so that a name nobody thought of does no harm. Credentials
have no list: nothing puts them back.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final, Literal, TypeAlias, get_args

from onframe.isapi.xml import Element

Secret: TypeAlias = Literal["addresses", "identity", "plates", "pictures"]
"""What can be let through when asked: IP addresses and host names; MAC, serial number and device names; plates
and other texts of documents; pictures of faces and plates."""
SECRETS: Final[tuple[Secret, ...]] = get_args(Secret)

_MAC = re.compile(r"(?<![0-9A-Fa-f:.-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=(?:[0-9A-Fa-f]*:){2})[0-9A-Fa-f:]{3,45}(?:\.\d{1,3}){0,3}(?:%[\w.-]+)?(?![\w:])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_USER_INFO = re.compile(r"(\b[a-z]{3,6}://)[^/\s]*@", re.IGNORECASE)
_LONG = re.compile(r"[A-Za-z0-9+=_]{40,}")
_DIGITS = re.compile(r"(?<![\d.])\d{7,}(?![\d.])")
_NUMBER = re.compile(r"[+-]?\d{1,6}(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{5,16}(?:Z|[+-]\d\d:?\d\d)?")
_WORDS = frozenset({"", "true", "false", "xml", "json"})

IDENTITY: Final = frozenset(
    {
        *("macaddress", "serialnumber", "subserialnumber", "deviceid", "devicename", "devicelocation", "deviceuuid"),
        *("domainname", "systemcontact", "telecontrolid", "hardwareversion", "bsperserialnumber"),
    }
)
ADDRESSES: Final = frozenset({"ipaddress", "ipv6address", "hostname", "portno"})
PICTURES: Final = frozenset({"picdata", "picture", "data", "url", "pictureurl", "picurl", "binarydata", "raw"})
_WORDED: Final = frozenset(
    {
        *("type", "subtype", "recognition", "description", "uploaddataformat", "enable", "eventtype", "statusstring"),
        *("substatuscode", "datatype", "space", "origin", "devicetype"),
    }
)
"""Elements whose texts are the guide's own words: without digits they may stay."""
_NAMED: Final = frozenset({"version", "dynversion", "model", "firmwareversion", "firmwarereleaseddate"})
"""Elements whose texts say what sort of thing it is, not which one."""
_SAFE_PROPERTIES: Final = frozenset(
    {
        *("triggerevent", "eventtype", "crossdirection", "directionindex", "tempunit", "speed", "waittime"),
        *("alarmtime", "temperature", "queuetime", "personcount", "sensitivity", "duration"),
    }
)
"""Properties (description, value) whose value may stay where it is a number or a known word."""
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_SORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()/_.-]{0,47}")


class Redactor:
    """Replaces what may not leave; the same thing gets the same name within one bundle.

    ``names`` are texts known to be private, as the host and the user are. ``include`` lists what stays.
    """

    def __init__(self, names: dict[str, str], include: Collection[Secret] = ()) -> None:
        self._include = frozenset(include)
        self._names = {text: name for text, name in names.items() if text}
        self._known: dict[str, str] = {}

    def allows(self, what: Secret) -> bool:
        """Whether this was asked for."""
        return what in self._include

    # -- texts ---------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """A sentence or a header of ours or the device's, without addresses, identities and long codes."""
        text = _USER_INFO.sub(r"\1", text)
        for private, name in sorted(self._names.items(), key=lambda item: -len(item[0])):
            if not (name == "CAMERA" and self.allows("addresses")):
                text = re.sub(rf"(?<![\w.]){re.escape(private)}(?![\w])", name, text)
        if not self.allows("identity"):
            text = self._each(_MAC, "MAC", text)
            text = self._each(_DIGITS, "NUMBER", text)
        if not self.allows("addresses"):
            text = self._each(_IPV4, "ADDRESS", text)
            text = _IPV6.sub(lambda found: found[0] if _is_time(found[0]) else self._name("ADDRESS", found[0]), text)
        return text if self.allows("pictures") else _LONG.sub(lambda found: f"[{len(found[0])} characters]", text)

    def _each(self, pattern: re.Pattern[str], kind: str, text: str) -> str:
        return pattern.sub(lambda found: self._name(kind, found[0]), text)

    def _name(self, kind: str, value: str) -> str:
        key = f"{kind} {value.lower()}"
        if key not in self._known:
            number = sum(known.startswith(f"{kind} ") for known in self._known) + 1
            self._known[key] = f"{kind}-{number}"
        return self._known[key]

    def value(self, name: str, text: str, property_name: str | None = None) -> str:
        """The text of an element or member called ``name``; of a Property, its description is ``property_name``."""
        bare, name = text.strip(), name.lower()
        if name in IDENTITY:
            return bare if self.allows("identity") or not bare else f"[{name}]"
        if name in ADDRESSES:
            return bare if self.allows("addresses") or not bare else f"[{name}]"
        if name in PICTURES:
            return bare if self.allows("pictures") or not bare else f"[{len(bare)} characters of a picture]"
        if name == "value" and (property_name or "").lower() not in _SAFE_PROPERTIES:
            return bare if self.allows("plates") or bare.lower() in _WORDS else f"[{len(bare)} characters]"
        if bare.lower() in _WORDS or _NUMBER.fullmatch(bare) or _INSTANT.fullmatch(bare):
            return bare
        if (name in _WORDED or name == "value") and _WORD.fullmatch(bare):
            return bare
        if name in _NAMED and _SORT.fullmatch(bare) and self.text(bare) == bare:
            return bare
        return self.text(bare) if self.allows("plates") else f"[{len(bare)} characters]"

    # -- documents -----------------------------------------------------------------------------

    def xml(self, root: Element, depth: int = 0, property_name: str | None = None) -> str:
        """An element and what is in it, indented, with its harmless values."""
        indent = "  " * depth
        attributes = "".join(f' {name}="{self._attribute(name, value)}"' for name, value in root.attributes.items())
        text = _escaped(self.value(root.name, root.text, property_name)) if root.text else ""
        head = f"{indent}<{_name(root.name)}{attributes}"
        if not root.children:
            return f"{head}/>\n" if not text else f"{head}>{text}</{_name(root.name)}>\n"
        described: str | None = None
        inner = ""
        for child in root.children:
            described = child.text if child.name == "description" else described
            inner += self.xml(child, depth + 1, described)
        return f"{head}>{text}\n{inner}{indent}</{_name(root.name)}>\n"

    def _attribute(self, name: str, value: str) -> str:
        if name in ("opt", "min", "max", "size", "def", "version"):
            kept = (word for word in re.split(r"[,\s]+", value) if _WORD.fullmatch(word) or _NUMBER.fullmatch(word))
            return _escaped(",".join(kept)[:2000])
        return f"[{len(value)} characters]"

    def json(self, value: Any, name: str = "", property_name: str | None = None) -> Any:
        """The same shape with its harmless values."""
        if isinstance(value, dict):
            described = next((text for key, text in value.items() if key.lower() == "description"), None)
            described = described if isinstance(described, str) else None
            return {_name(key): self.json(inner, key, described) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(inner, name, property_name) for inner in value]
        if isinstance(value, str):
            return self.value(name, value, property_name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, name, property_name)
        return value

    def _number(self, value: int | float, name: str, property_name: str | None) -> Any:
        kept = self.value(name, str(value), property_name)
        return value if kept == str(value) else kept


def _is_time(text: str) -> bool:
    return _CLOCK.fullmatch(text) is not None


def _name(text: str) -> str:
    """A name that a device gave to an element: names are the guide's, anything odd is not repeated."""
    return text if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}", text) else "odd-name"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
