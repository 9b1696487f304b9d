"""The command line: one command per file, and what they have in common at the edge.

Exit codes:

    0    done; simulate, demo and view end so by Ctrl-C
    1    a document could not be read, a check of the doctor failed, or a port of this machine is taken
    2    the command line is wrong
    3    refused with these credentials
    4    the device's answer is no
    5    the device has no metadata, no subscription or no such type
    6    the device is not reached, or was lost
    7    the device broke a protocol's rules, or a bound was hit
    8    the device did not prove over TLS who it is
    130  interrupted by Ctrl-C (SIGINT)
    143  ended by SIGTERM
    141  the program that read the output has ended, as in "| head"

By either signal a session is ended with TEARDOWN and the process within two seconds, whatever it waits for.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import onframe
from onframe import errors
from onframe.cli import annotate, config, decode, demo, doctor, explain, process, simulate, view, watch
from onframe.cli.options import UsageError

EXIT_CODES: dict[type[errors.OnframeError], int] = {
    errors.DecodeError: 1,
    errors.AuthenticationError: 3,
    errors.CertificateError: 8,
    errors.StatusError: 4,
    errors.UnsupportedError: 5,
    errors.ConnectionLost: 6,
    errors.ProtocolError: 7,
    errors.LimitExceeded: 7,
}
EXTRAS = {"av", "numpy", "PIL", "starlette", "uvicorn", "websockets"}
"""What the commands import beyond the extra ``cli``."""
USAGE = 2

app = App(
    name="onframe",
    version=onframe.__version__,
    help="The metadata of ISAPI cameras, frame for frame. Start with: onframe demo",
    help_format="markdown",
    result_action="return_value",
    exit_on_error=False,
    print_error=True,
)
for _name, _command in (
    ("demo", demo.command),
    ("simulate", simulate.command),
    ("watch", watch.command),
    ("view", view.command),
    ("annotate", annotate.command),
    ("doctor", doctor.command),
    ("decode", decode.command),
    ("explain", explain.command),
):
    app.command(_command, name=_name)
app.command(config.command)


def exit_code(error: errors.OnframeError) -> int:
    """The documented exit code of an error."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def report(error: errors.OnframeError) -> None:
    """One sentence and, where it is known, a hint; never a traceback."""
    print(f"onframe: {error}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        command, bound, _ = app.parse_args(list(arguments) if arguments is not None else None)
        result = process.run(command, bound)
        sys.stdout.flush()
    except CycloptsError:
        return USAGE  # the parser has said what is wrong
    except UsageError as error:
        print(f"onframe: {error}", file=sys.stderr)
        return USAGE
    except errors.OnframeError as error:
        report(error)
        return exit_code(error)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing in EXTRAS:
            print(f"onframe: this command needs {missing}\nhint: pip install 'onframe[demo]'", file=sys.stderr)
            return 1
        raise
    except process.Interrupted as interrupted:
        return interrupted.code
    except BrokenPipeError:
        # `| head` has what it wanted; Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return result if isinstance(result, int) else 0
