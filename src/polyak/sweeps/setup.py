"""What decides the numbers of a sweep, and what a result and a store say of it, in words and hashes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import numpy as np

from polyak.ground.hashing import bytecode_hash, hashed, numbers_hash, without_addresses
from polyak.ground.precision import in_precision
from polyak.ground.version import __version__
from polyak.rules import Optimizer, PageRule, Tabulated, tabulated, unwrapped
from polyak.rules.pages.captured import functions_around
from polyak.run.checkpoint import step_hash
from polyak.run.loop import compiles
from polyak.sweeps.on_landscape import OnLandscape
from polyak.sweeps.on_problem import OnProblem
from polyak.sweeps.one_by_one import REASON, WORDS
from polyak.sweeps.recording import Recording
from polyak.sweeps.sampling import sampled
from polyak.sweeps.search_space import SearchSpace

COMPUTED_BY = ("jax", "jaxlib", "numpy")  # another version may round, or draw, otherwise

RunOn = OnLandscape | OnProblem


class Variable(NamedTuple):
    """A variable of a result: its dimensions, shape and type."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    meaning: str


@dataclass(frozen=True, eq=False)
class Setup:
    """A rule on its axes, what it is run on, seeds, and what is recorded.

    Attributes:
        space: the rule and its axes.
        on: what is descended or trained.
        seeds: of the runs; empty on a landscape, which has none.
        recording: what is kept of each cell.
        sampling: grid, random or latin_hypercube.
        drawn: how many cells are drawn, unless it is a grid.
        seed: of that draw.
    """

    space: SearchSpace
    on: RunOn
    seeds: tuple[int, ...]
    recording: Recording
    sampling: str
    drawn: int
    seed: int

    @cached_property
    def coordinates(self) -> dict[str, np.ndarray]:
        """The values of the axes: of a grid each along its own dimension, of a draw all along `cell`."""
        if self.sampling == "grid":
            return {name: axis.values(name) for name, axis in self.space.axes.items()}
        return sampled(self.space.axes, self.sampling, self.drawn, self.seed)

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of the plane, the seeds' first."""
        cells = tuple(self.space.axes) if self.sampling == "grid" else ("cell",)
        return (*(["seed"] if self.on.seeded else []), *cells)

    @property
    def shape(self) -> tuple[int, ...]:
        """The plane's shape, along `dims`."""
        grid = self.sampling == "grid"
        cells = tuple(axis.length(name) for name, axis in self.space.axes.items()) if grid else (self.drawn,)
        return (*([len(self.seeds)] if self.on.seeded else []), *cells)

    @property
    def cells(self) -> int:
        """How many cells there are, each seed's counted."""
        return math.prod(self.shape)

    def variables(self) -> dict[str, Variable]:
        """What the result holds, by name."""
        sizes = self.on.sizes()
        reason = Variable(self.dims, self.shape, WORDS, "what ended the run, empty where nothing did")
        found = {
            name: Variable(
                dims=(*self.dims, *record.dims),
                shape=(*self.shape, *(sizes[dim] for dim in record.dims)),
                dtype="int32" if record.whole else str(self.on.dtype),
                meaning=self.recording.meaning(name),
            )
            for name, (record, _) in self.recording.kept.items()
        }
        return {**found, REASON: reason} if self.one_by_one or self.on.reasons else found

    @cached_property
    def one_by_one(self) -> bool:
        """Whether cells are run one after the other: the rule cannot be traced, or the model not be compiled."""
        if not self.on.compiled:
            return True
        with in_precision(self.on.dtype):
            params = jax.tree.map(jax.numpy.asarray, self.on.params(self.seeds[0] if self.seeds else None))
            return not compiles(self.rule, params)

    @property
    def recorded_bytes(self) -> int:
        """What a cell takes in a result."""
        return sum(
            math.prod(about.shape[len(self.shape) :]) * np.dtype(about.dtype).itemsize
            for about in self.variables().values()
        )

    @cached_property
    def rule(self) -> Optimizer:
        """The rule with its schedules tabulated, in the precision of the run."""
        with in_precision(self.on.dtype):
            rule: Optimizer = tabulated(self.space.rule, self.on.steps)
            return rule

    @cached_property
    def identity(self) -> dict[str, str]:
        """What tells this sweep from another, the same in another process: of two that differ, one store is not."""
        params = self.on.params(0)
        with in_precision(self.on.dtype):
            step, numbers = step_hash(self.rule, params), numbers_hash(self.rule)
        drawn = "" if self.sampling == "grid" else f", {self.drawn}, seed {self.seed}"
        return {
            "rule": self.space.name,
            "settings": ", ".join(f"{name}={value}" for name, value in self.settings().items()) or "none",
            "step": step or _bytecode_of(self.rule),
            "numbers": numbers,
            **self.on.identity(),
            "axes": ", ".join(f"{name}={axis.spelled()}" for name, axis in self.space.axes.items()),
            "values": hashed(np.asarray(numbers).tobytes() for numbers in self.coordinates.values()),
            "sampling": f"{self.sampling}{drawn}",
            "seeds": ", ".join(map(str, self.seeds)) or "none",
            "record": ", ".join((*self.recording.names, *self.recording.beside)),
            "target": str(self.recording.target),
            "polyak": __version__,
            **{name: version(name) for name in COMPUTED_BY},
            "processor": jax.default_backend(),
        }

    def attrs(self) -> dict[str, Any]:
        """What a result says of itself: enough to run it again."""
        schedules = self.tables()
        return {
            "rule": self.space.name,
            "settings": json.dumps(self.settings()),
            **({"schedules": json.dumps(schedules)} if schedules else {}),
            "axes": json.dumps({name: axis.spelled() for name, axis in self.space.axes.items()}),
            "sampling": self.sampling,
            **({} if self.sampling == "grid" else {"sampling_seed": self.seed}),
            **self.on.attrs(),
            **({} if self.recording.target is None else {"target": self.recording.target}),
            "seeds": list(self.seeds),
            "version": __version__,
        }

    def tables(self) -> dict[str, list[float]]:
        """The value of each schedule at every step, by the setting's name: code is not in a store, numbers are."""
        schedules = self.rule.schedules()
        return {
            name: np.asarray(table.values, np.float64).tolist()
            for name, table in schedules.items()
            if isinstance(table, Tabulated)
        }

    def settings(self) -> dict[str, str]:
        """The settings that are the same in every cell, spelled."""
        scheduled = self.rule.schedules()
        return {
            name: "a schedule" if name in scheduled else without_addresses(str(value))
            for name, value in self.space.fixed().items()
        }


def _bytecode_of(rule: Optimizer) -> str:
    """What a page's function that cannot be traced computes."""
    page = unwrapped(rule)
    assert isinstance(page, PageRule)
    return bytecode_hash([page.function, *functions_around(page.function).values()])
