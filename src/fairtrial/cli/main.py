"""The `fairtrial` command: its verbs, its exit codes, and how errors look."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from fairtrial import __version__
from fairtrial.cli.details import mask_secrets, write_details
from fairtrial.cli.interrupts import orderly_interrupts
from fairtrial.cli.output import accept_any_encoding
from fairtrial.cli.spellings import rename_options
from fairtrial.cli.verbs import DeferredVerbs
from fairtrial.errors import FairtrialError, SpecError
from fairtrial.machine import is_disk_full
from fairtrial.pages.showing import make_visible
from fairtrial.plugins import plugin_behind
from fairtrial.spec.wording import describe_error

EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 a file, name or option is wrong; 3 a model or an optional dependency is missing; "
    "4 an engine failed or cannot do what a task asks; 5 the ledger cannot be used; 6 a budget forbids it; "
    "7 a check does not hold; "
    "130 interrupted (answers are kept)."
)

_AFTER_FULL = "Free some room, and run the same command again; what was finished is kept."
_PRINTERS = ("rich.", "typer.", "click.", "fairtrial.cli.")
"""Modules that write to standard output."""

app = typer.Typer(
    name="fairtrial",
    cls=DeferredVerbs,
    help="Give every AI model a fair trial: paired, defensible verdicts on your own machine.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def show_version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        typer.echo(f"fairtrial {__version__}")
        raise typer.Exit


@app.callback()
def set_options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Give every AI model a fair trial: paired, defensible verdicts on your own machine."""


def load_parser() -> Any:
    """Return the whole parser, every verb imported, for whoever lists them all."""
    parser: Any = typer.main.get_command(app)
    parser.commands = {name: verb.load() for name, verb in parser.commands.items()}
    return parser


def main() -> None:
    """Run the command line; whatever goes wrong ends in a line or two, without a traceback, and an exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 (open until the end)
    accept_any_encoding()
    console = Console(stderr=True)
    code = 1
    try:
        with orderly_interrupts():
            ended = app(
                rename_options(sys.argv[1:], lambda line: console.print(Text(line), soft_wrap=True)),
                standalone_mode=False,
            )
        code = ended if isinstance(ended, int) else 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except FairtrialError as error:
        print_error(console, error)
        code = error.exit_code
    except ValidationError as error:
        print_error(console, SpecError(describe_error(error)))
        code = SpecError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        console.print("Interrupted. Every finished answer is in the ledger; the same command continues from there.")
        code = 130
    except BrokenPipeError:
        _leave_output()
    except OSError as error:
        print_error(console, _explain_system(error))
    except Exception as error:
        wrong = _wrong_usage(error)
        if wrong is None or wrong.message:  # without any, the help was printed instead
            print_error(console, wrong or explain_unexpected(error))
        code = wrong.exit_code if wrong else code
    sys.exit(_flush_output(console, code))


def _wrong_usage(error: Exception) -> FairtrialError | None:
    """Return what is wrong with a command line, as the parser of options found it; None for any other error."""
    tell = getattr(error, "format_message", None)
    if tell is None:
        return None
    said = " ".join(str(tell()).split()).rstrip(".")
    called = getattr(getattr(error, "ctx", None), "command_path", "") or "fairtrial"
    return SpecError(f"{said[:1].lower()}{said[1:]}." if said else "", fix=f"`{called} --help` lists what there is.")


def explain_unexpected(error: Exception) -> FairtrialError:
    """Return what to say of an error that nobody foresaw, with its details in a file."""
    if is_disk_full(error):
        return FairtrialError("the disk is full.", fix=_AFTER_FULL)
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        name = f": {error.filename}" if error.filename else ""
        said = f"{error.strerror}{name}"
    elif isinstance(error, MemoryError):
        said = "there is not enough memory"
    said = " ".join(mask_secrets(said).split())
    shown = said if len(said) <= 300 else said[:300] + " ..."
    kept = write_details(error)
    fix = f"Details are in {kept}; please report them." if kept else "Its details could not be written to a file."
    plugin = plugin_behind(error)
    whose = f" in the plugin {plugin.origin}" if plugin else ""
    return FairtrialError(f"an unexpected error{whose} ended this: {shown}.", fix=f"What was answered is kept. {fix}")


def _flush_output(console: Console, code: int) -> int:
    """Flush standard output, and return the exit code: 1 where what was printed could not be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_output()
        return code or 1
    except OSError as error:
        print_error(console, _explain_unwritable(error))
        return code or 1
    return code


def _of_a_file(error: OSError) -> FairtrialError | None:
    """Return what to say of a file or folder that cannot be used; None for an error that names none."""
    if not error.filename or not error.strerror:
        return None
    name = mask_secrets(str(error.filename))
    shown = name if len(name) <= 160 else f"{name[:80]}...{name[-60:]}"
    return FairtrialError(f"{shown}: {error.strerror}.")


def _explain_system(error: OSError) -> FairtrialError:
    """Return what to say of what the system refused."""
    return _explain_unwritable(error) if _is_of_output(error) else _of_a_file(error) or explain_unexpected(error)


def _is_of_output(error: OSError) -> bool:
    """Return whether an error came from writing to standard output: from who prints, or it still cannot be flushed."""
    unwritable = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT)
    if error.filename is not None or error.errno not in unwritable:
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames and str(frames[-1].f_globals.get("__name__")).startswith(_PRINTERS):
        return True
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


def _explain_unwritable(error: OSError) -> FairtrialError:
    """Return what to say where standard output cannot be written, which is then left alone."""
    _leave_output()
    return FairtrialError(f"the output cannot be written: {error.strerror}.")


def _leave_output() -> None:
    """Let the interpreter's own last flush go nowhere, so that it has nothing to complain about."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


def print_error(console: Console, error: FairtrialError) -> None:
    """Print what is wrong, where, and what to do; model and file text is never read as markup."""
    text = Text("Error: ", style="bold red")
    text.append(f"{make_visible(error.where)}: " if error.where else "", style="bold")
    text.append(make_visible(error.message), style="none")
    console.print(text, soft_wrap=True, highlight=False)
    if error.fix:
        console.print(Text(make_visible(error.fix)), soft_wrap=True, highlight=False)
