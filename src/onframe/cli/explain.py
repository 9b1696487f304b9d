"""``onframe explain``: what a response code of Appendix C means."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from onframe.errors import DecodeError


def command(
    code: Annotated[str, Parameter(help="A code in hexadecimal or decimal, or its name.")],
    *,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a line.")] = False,
) -> int:
    """Explain a response code of the guide's Appendix C.

    Example: onframe explain 0x4000a016
    """
    from onframe.isapi.status import STATUS_STRINGS, explain

    found = explain(code)
    if not found:
        raise DecodeError(
            f"{code!r} is no response code of the guide",
            hint="give a name (subscribeTypeErr), a hexadecimal code (0x4000a016) or a decimal one (1073782806)",
        )
    for entry in found:
        if json:
            print(msgspec.json.encode(entry).decode())
            continue
        number = "no code" if entry.error_code is None else f"0x{entry.error_code:08x}, {entry.error_code}"
        status = STATUS_STRINGS.get(entry.status_code, "unknown")
        print(f"{entry.sub_status_code} ({number}): {entry.meaning}. Status {entry.status_code}, {status}.")
    return 0
