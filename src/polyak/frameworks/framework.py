"""What a framework is to the house: what is said of it once, and the parts of its folder, imported when asked for."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, cast

from polyak.frameworks.bridge import Bridges
from polyak.frameworks.candidate import Candidates
from polyak.frameworks.live import Lives
from polyak.frameworks.reading import Readings
from polyak.frameworks.spelling import Spelling
from polyak.frameworks.state_format import Format
from polyak.ground.errors import PolyakError
from polyak.ground.extras import has, installing
from polyak.ground.registry import Catalogue


@dataclass(frozen=True, eq=False)
class Framework:
    """A framework, made in the `__init__.py` of its folder, which imports nothing of it.

    Its folder has `spelling.py` (SPELLINGS and WITHOUT_RULE), and, where it is run here, `stepper.py`, `state.py`,
    `bridge.py` and `export/`: what is missing is said where it is asked for.

    Attributes:
        folder: the package of these parts, `__name__` there; its last word is the prefix of the framework's names.
        title: what it is called.
        package: what must be there for it to be run; empty where it is not run here.
        distribution: what that is installed as; by default the package's own name.
        extra: of Polyak's, which brings it; empty for what is there anyway.
        recorded: what was run elsewhere and recorded, for our rules to be held against; empty where nothing was.
        recorded_as: what our rule stands in for then, in words.
        plain_states: whether its states can be read where it is not installed.
        settings_in_state: whether what loads a state takes its settings from it.
        schedules: whether its optimizers take a schedule for their learning rate.
        one_count: whether it counts one number of steps for all arrays, those without a gradient too.
        velocities: where its velocities are kept, in words.
        rescaled: the line that multiplies them by `{factor}`; empty where it is not known.
        decay_in_loss: how weight decay is put into the loss there; `{amount}` and `{half}` of it.
        chain: how several transformations are one, `{}` the links; empty where that cannot be.
        links: the link for what is done besides, by the kind of condition; `{}` is the amount.
        ours: whether it is this package itself.
        modules: the paths that its optimizers are called by in a pasted line, old ones too.
        aliases: other words for its prefix.
        params_first: whether the parameters are the first argument of a pasted call.
        old_arguments: what arguments were once called, and are called today.
        free_arguments: of other versions, what changes no number.
        borrowed: its names for another framework's optimizers: whose, and the arguments that these then have.
    """

    folder: str
    title: str
    package: str = ""
    distribution: str = ""
    extra: str = ""
    recorded: str = ""
    recorded_as: str = ""
    plain_states: bool = False
    settings_in_state: bool = False
    schedules: bool = False
    one_count: bool = False
    velocities: str = "the velocities"
    rescaled: str = ""
    decay_in_loss: str = ""
    chain: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    modules: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    params_first: bool = False
    old_arguments: Mapping[str, str] = field(default_factory=dict)
    free_arguments: tuple[str, ...] = ()
    borrowed: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What its names begin with: torch, keras, tf1 ..."""
        return self.folder.rpartition(".")[2]

    def has(self, part: str) -> bool:
        """Whether its folder has a part: "stepper", "state", "bridge", "export"."""
        return has(f"{self.folder}.{part}")

    def _part(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.folder}.{name}")

    @functools.cached_property
    def spellings(self) -> dict[str, Spelling]:
        """Its names for optimizers that are rules of ours."""
        return {row.name: row for row in self._part("spelling").SPELLINGS}

    @property
    def without_rule(self) -> tuple[str, ...]:
        """Its optimizers that no rule of ours is."""
        return tuple(self._part("spelling").WITHOUT_RULE)

    @property
    def run_here(self) -> bool:
        """Whether Polyak can run it, where it is installed."""
        return self.has("stepper")

    @property
    def installed(self) -> bool:
        """Whether it can be run now."""
        return self.run_here and has(self.package)

    @property
    def version(self) -> str:
        """The package that is run and its version, or what was recorded, or that it is not installed."""
        if not self.run_here:
            return self.recorded or "not run here"
        if not self.installed:
            return "not installed"
        return f"{self.installed_as} {importlib.metadata.version(self.installed_as)}"

    @property
    def installed_as(self) -> str:
        """What its package is called where it is installed from."""
        return self.distribution or self.package

    @property
    def install(self) -> str:
        """The line that installs it."""
        return installing(self.extra) if self.extra else f"pip install {self.installed_as}"

    def _need(self, what: str) -> None:
        if not self.installed:
            raise PolyakError(f"{what} needs {self.installed_as}, which is not installed: {self.install}")

    def candidates(self, label: str) -> Candidates:
        """Its `stepper.py`, for an optimizer of that name; a PolyakError where the framework is not installed."""
        self._need(label)
        return cast("Candidates", self._part("stepper"))

    def state_format(self) -> Format:
        """Its `state.py`: how it packs its states; a PolyakError where these are not read."""
        if not self.has("state"):
            readable = ", ".join(prefix for prefix, each in FRAMEWORKS.items() if each.has("state"))
            raise PolyakError(f"the states of {self.prefix} are not read, expected one of {readable}")
        if not self.plain_states:
            self._need(f"a state of {self.prefix}")
        return cast("Format", self._part("state"))

    def bridges(self, label: str) -> Bridges:
        """Its `bridge.py`, for a model of that name; a PolyakError where there is none or nothing is installed."""
        if not self.has("bridge"):
            known = ", ".join(each.title for each in FRAMEWORKS.values() if each.has("bridge"))
            raise PolyakError(f"{label}: models of {self.title} are not read, expected one of {known}")
        self._need(label)
        return cast("Bridges", self._part("bridge"))

    def readings(self) -> Readings:
        """Its `reading.py`: how it reads an optimizer in mid-training."""
        return cast("Readings", self._part("reading"))

    def lives(self) -> Lives:
        """Its `live.py`: how it knows a training that a watch is on."""
        return cast("Lives", self._part("live"))


FRAMEWORKS = Catalogue[Framework]("framework")  # by prefix, in the order of their titles


def register(framework: Framework) -> Framework:
    """Make a framework known to the house: its names, translations, proofs and the tables of `polyak conventions`."""
    FRAMEWORKS.add(framework.prefix, framework, home=framework.folder)
    for prefix in sorted(FRAMEWORKS, key=lambda prefix: FRAMEWORKS[prefix].title.lower()):
        FRAMEWORKS[prefix] = FRAMEWORKS.pop(prefix)
    return framework
