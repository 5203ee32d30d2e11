"""`polyak`: parse the line, run the command, and turn what was wrong into one line and exit code 2."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from polyak.cli import command
from polyak.cli.outputs import INTERRUPTED
from polyak.cli.own_code import raised_by
from polyak.cli.signals import terminated_as_by_ctrl_c
from polyak.ground.errors import PolyakError, in_short, nearest
from polyak.ground.programs import PROGRAMS, begin_anew, remember_programs
from polyak.ground.version import __version__


class _Door(TyperGroup):
    """All commands, each found when it is asked for.

    Whatever a file of the user's raises in one of them is one line, `sys.exit()` included.
    """

    def list_commands(self, _: object) -> list[str]:
        """Every command's name."""
        return command.names()

    def get_command(self, _: object, cmd_name: str) -> TyperCommand | None:
        """The command of that name."""
        return command.find(cmd_name)

    def format_commands(self, _: object, formatter: Any) -> None:  # noqa: ANN401
        """Every command with its whole sentence, below the heading of its group."""
        longest = max(map(len, command.names()))
        for group, rows in command.by_group().items():
            with formatter.section(group):
                formatter.write_dl([(f"{name:{longest}}", sentence) for name, sentence in rows])

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        """Run the command that the line names."""
        _remember_programs()
        try:
            result: object = super().invoke(ctx)
            return result
        except PolyakError:
            raise
        except BaseException as error:
            if own := raised_by(error):
                raise PolyakError(own) from error
            raise


app = typer.Typer(
    cls=_Door,
    name="polyak",
    help="A workbench for momentum: see where an update rule goes, and train with it.",
    rich_markup_mode=None,
    epilog="First steps: polyak rules, then polyak trace heavy_ball --lr 0.6 --momentum 0.5 --out trace.svg",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"polyak {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    _version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say which version."
    ),
) -> None:
    """A workbench for momentum: see where an update rule goes, and train with it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit with 0, or with 2 and one line on what was wrong."""
    warnings.showwarning = _one_line  # type: ignore[assignment]
    # The words as typed go along, for the study to say what made it.
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with terminated_as_by_ctrl_c():
            code = app(args=words, obj=words, standalone_mode=False)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except tuple(REFUSED) as error:
        _fail(next(say(error) for kind, say in REFUSED.items() if isinstance(error, kind)), words)
    else:
        if code == INTERRUPTED:
            typer.echo("polyak: interrupted", err=True)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, typed: list[str]) -> None:
    words = [" ".join(word.split()) for word in typed]
    typer.echo(f"polyak: {in_short(' '.join(message.split()), words)}", err=True)
    sys.exit(2)


def _usage(error: TyperException) -> str:
    """What the parser has to say, in one line, with the nearest command."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if message.startswith("Missing argument 'rule'"):
        return "which rule? it comes first, such as heavy_ball (polyak rules lists them)"
    if message.startswith("No such command"):
        wanted = message.split("'")[1]
        suggestion = nearest(wanted, command.names())
        hint = f", did you mean '{suggestion}'?" if suggestion else ""
        return f"unknown command '{wanted}'{hint} (there are: {', '.join(command.names())})"
    return message


def _remember_programs() -> None:
    """What a command compiles is kept in the user's cache, where every install can say where that is."""
    own = os.environ.get("POLYAK_CACHE")
    if own is None:
        try:
            from platformdirs import user_cache_dir
        except ImportError:  # it comes with the extras that keep something
            return
        own = user_cache_dir("polyak")
    remember_programs(Path(own) / PROGRAMS)


def _one_line(message: Warning | str, *_: object) -> None:
    if begin_anew(str(message)):
        return
    typer.echo(f"polyak: note: {in_short(' '.join(str(message).split()))}", err=True)


def _half(error: UnicodeEncodeError) -> str:
    """Half a character, where a file's name or what is written belongs."""
    half = ascii(error.object[error.start : error.end])
    return f"{half} is half a character, which no file's name or text may hold"


# What ends a command in one line, and that line.
REFUSED: dict[type[Exception], Callable[[Any], str]] = {
    PolyakError: str,
    TyperException: _usage,
    MemoryError: lambda error: (
        f"this needs more memory than there is ({str(error) or 'no more could be had'})"
    ),
    UnicodeEncodeError: _half,
    OSError: lambda error: f"{error.filename or 'the output'} cannot be written or read: {error.strerror}",
}
