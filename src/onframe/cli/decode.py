"""``onframe decode``: documents in files as JSON, one line each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from onframe.cli.options import UsageError


def command(
    *files: Annotated[str, Parameter(help="Files to read; - is stdin.", allow_leading_hyphen=True)],
) -> int:
    """Print each document of the files as one line of JSON.

    A document that cannot be read prints an object of kind "error"; the next is still read, and the exit code is 1.

    Example: onframe decode capture.xml answer.json | jq .facts
    """
    from onframe.errors import OnframeError
    from onframe.isapi.document import decode_all, document_json, error_json

    if not files:
        raise UsageError("name at least one file, or - for stdin; for example: onframe decode capture.xml")
    if unknown := [file for file in files if file.startswith("-") and file != "-"]:
        raise UsageError(f"there is no option {unknown[0]}; see onframe decode --help")
    failed = False
    for file in files:
        for document in decode_all(_read(file)):
            if isinstance(document, OnframeError):
                failed = True
                line = error_json(document)
            else:
                line = document_json(document)
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    return 1 if failed else 0


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
