"""A command of the terminal: a function that says `@command(...)`, in a file of `cli/commands/` that has its name.

What a public function takes is said once, there: the command's `**options` become the options that its arguments
spell, with their types, defaults and help. A command says only what a terminal needs beside them, and what is parsed.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand
from typer.models import ParameterInfo

from polyak.cli import commands
from polyak.cli.bundles import is_bundle, own_parameters, takes_options
from polyak.cli.parameters import Parameter, parameters_of

WITH_SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
# What commands are about, in the order of `polyak --help`.
GROUPS = A_RULE, TRAININGS, OWN_MODEL, FRAMEWORKS, DOCUMENTS, WHAT_THERE_IS, OTHERS = (
    "Where a rule goes, and why",
    "Trainings, many settings, many rules",
    "A training of your own",
    "The same rule in other frameworks",
    "Documents that run",
    "What there is",
    "Others",
)
RULE_HELP = "The rule's settings follow its name: --lr 0.6 --momentum 0.5 ..."


@dataclass(frozen=True)
class Entry:
    """A command as it was written: its function, and whose arguments it takes."""

    function: Callable[..., None]
    verb: str | None
    without: Sequence[str]
    context_settings: Mapping[str, object]
    epilog: str | None
    group: str = OTHERS

    @property
    def sentence(self) -> str:
        """What it does: the first paragraph of its docstring."""
        said = inspect.cleandoc(self.function.__doc__ or "").partition("\n\n")[0]
        return " ".join(said.split())

    def built(self) -> TyperCommand:
        """The command, for the parser."""
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = dict(self.context_settings)
        app.command(self.function.__name__, epilog=self.epilog, context_settings=settings)(self._spelled())
        built = typer.main.get_command(app)
        assert isinstance(built, TyperCommand)
        return built

    def _spelled(self) -> Callable[..., None]:
        """The function as the parser sees it: with each option by its name, and none of `**options`."""
        signature = inspect.signature(self.function, eval_str=True)
        offered = parameters_of(self.verb) if self.verb else {}
        bundles = {
            name: parameter.annotation
            for name, parameter in signature.parameters.items()
            if is_bundle(parameter.annotation)
        }

        def spelled(**given: Any) -> None:
            for name, bundle in bundles.items():
                given[name] = bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
            self.function(**given)

        options = list(_options(signature, offered, self.without))
        spelled.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        spelled.__annotations__ = {option.name: option.annotation for option in options}
        spelled.__name__, spelled.__doc__ = self.function.__name__, self.function.__doc__
        return spelled


COMMANDS: dict[str, Entry] = {}


def command(
    verb: str | None = None,
    *,
    without: Sequence[str] = (),
    settings: bool = False,
    words: bool = False,
    epilog: str | None = None,
    group: str = OTHERS,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command.

    Args:
        verb: the public function whose arguments the command's `**options` are, such as "train" or "book.separate".
        without: arguments of it that are not offered.
        settings: whether a rule's settings may follow, as options that the parser does not know.
        words: whether other words may follow.
        epilog: below the help; by default how settings follow, where they may.
        group: the heading in `polyak --help`, one of `GROUPS`.
    """
    extra = WITH_SETTINGS if settings else {"allow_extra_args": True} if words else {}

    def registered(function: Callable[..., None]) -> Callable[..., None]:
        COMMANDS[function.__name__] = Entry(
            function, verb, without, extra, epilog or (RULE_HELP if settings else None), group
        )
        return function

    return registered


def names() -> list[str]:
    """Every command there is: the files of `cli/commands/`, none of which this imports."""
    return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def find(name: str) -> TyperCommand | None:
    """The command of that name, built; None where there is none."""
    if name not in names():
        return None
    importlib.import_module(f"{commands.__name__}.{name}")
    return COMMANDS[name].built()


def by_group() -> dict[str, list[tuple[str, str]]]:
    """Of each group its commands, each with the sentence on it; none is built for the parser, which takes longer."""
    for name in names():
        importlib.import_module(f"{commands.__name__}.{name}")
    entries = [(name, COMMANDS[name]) for name in names()]
    grouped = {
        group: [(name, entry.sentence) for name, entry in entries if entry.group == group] for group in GROUPS
    }
    return {group: rows for group, rows in grouped.items() if rows}


def options_of(command: TyperCommand) -> list[str]:
    """What may be typed as an option of a command, without the dashes."""
    typed = [word for option in command.params for word in (*option.opts, *option.secondary_opts)]
    return [word.removeprefix("--") for word in typed if word.startswith("--")]


def every_option() -> dict[str, list[str]]:
    """The options of every command."""
    return {name: _options_named(name) for name in names()}


@cache
def _options_named(name: str) -> list[str]:
    built = find(name)
    return [] if built is None else options_of(built)


def _options(
    signature: inspect.Signature, offered: Mapping[str, Parameter], without: Sequence[str]
) -> Iterator[inspect.Parameter]:
    """The function's own parameters, those of its bundles, and of the verb what is left: before what follows a `*`."""
    own = own_parameters(signature)
    last = [each for each in own if each.kind is inspect.Parameter.KEYWORD_ONLY]
    yield from (_option(each, offered) for each in own if each not in last)
    if takes_options(signature):
        yield from _left_of_verb(offered, {each.name for each in own}.union(without))
    yield from (_option(each, offered) for each in last)


def _left_of_verb(offered: Mapping[str, Parameter], named: Collection[str]) -> Iterator[inspect.Parameter]:
    """What the verb takes beside the arguments named, where a text can stand for it and it has a default."""
    left = [each for each in offered.values() if each.name not in named and each.default is not ...]
    yield from (_of_verb(each, each.default) for each in left if _kind(each))


def _option(parameter: inspect.Parameter, offered: Mapping[str, Parameter]) -> inspect.Parameter:
    """A parameter of the command's own; what it leaves open is as the verb says."""
    said = [part for part in get_args(parameter.annotation) if isinstance(part, ParameterInfo)]
    annotation, about = parameter.annotation, offered.get(parameter.name)
    if about is not None and not said:
        return _of_verb(about, parameter.default)
    if about is not None and said[0].help is None:
        info = copy(said[0])
        info.help = about.help
        annotation = Annotated[get_args(annotation)[0], info]
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation)


def _of_verb(parameter: Parameter, default: object) -> inspect.Parameter:
    """An option as a verb's own argument spells it."""
    name, kind = f"--{parameter.name.replace('_', '-')}", _kind(parameter)
    annotation: object = Annotated[str | None, typer.Option(help=parameter.help)]
    if kind == "bool":
        names = name if default is False else f"{name}/--no{name[1:]}"
        annotation = Annotated[bool, typer.Option(names, help=parameter.help)]
    elif kind in PARSED:
        parser, metavar = PARSED[kind]
        annotation = Annotated[Any, typer.Option(parser=parser, metavar=metavar, help=parameter.help)]
        default = ",".join(default) if isinstance(default, tuple) else default
    option = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(parameter.name, option, default=default, annotation=annotation)


def _kind(parameter: Parameter) -> str | None:
    """What an argument is typed as; None where no text stands for it."""
    if "Sequence[str]" in parameter.type:
        return "names"
    words = {word.strip() for word in parameter.type.split("|")}
    return next((kind for kind in ("bool", "int", "float", "str") if kind in words), None)


def number_or_word(word: str) -> float | str:
    """A number where the word is one, else the word, for the verb to refuse in its own words."""
    try:
        return float(word)
    except ValueError:
        return word


def whole_number_or_word(word: str) -> int | str:
    """A whole number where the word is one, else the word, for the verb to refuse in its own words."""
    try:
        return int(word)
    except ValueError:
        return word


def _names(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


PARSED: dict[str | None, tuple[Callable[[str], object], str]] = {
    "int": (whole_number_or_word, "INTEGER"),
    "float": (number_or_word, "NUMBER"),
    "names": (_names, "NAME,NAME"),
}
