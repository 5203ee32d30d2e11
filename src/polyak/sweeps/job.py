"""The whole of a sweep as one object: what every chunk is computed from, here or on another machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np

from polyak.ground.precision import in_precision
from polyak.rules import tabulated
from polyak.run.loop import compiles
from polyak.sweeps import chunks, identity
from polyak.sweeps.chunks import Region
from polyak.sweeps.lanes import lane_count
from polyak.sweeps.on_landscape import OnLandscape
from polyak.sweeps.on_problem import OnProblem
from polyak.sweeps.plane import Plane, sampled
from polyak.sweeps.recording import Recording

Target = OnLandscape | OnProblem
STEP_BY_STEP = 1e5  # how many times the work takes where a rule cannot be compiled
NOT_YET = -2  # of a whole number that no chunk has written


class Variable(NamedTuple):
    """A variable of a result: its dimensions, shape and type."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    meaning: str


@dataclass(frozen=True, eq=False)
class Job:
    """A rule on its axes, a target, seeds, and what is recorded.

    Attributes:
        plane: the rule and its axes.
        on: what is descended or trained.
        seeds: of the runs; empty on a landscape, which has none.
        recording: what is kept of each cell.
        sampling: grid, random or latin_hypercube.
        drawn: how many cells are drawn, unless it is a grid.
        seed: of that draw.
        chunk_asked: cells of a chunk, or its shape; None for what suits the work.
    """

    plane: Plane
    on: Target
    seeds: tuple[int, ...]
    recording: Recording
    sampling: str
    drawn: int
    seed: int
    chunk_asked: int | tuple[int, ...] | None = None

    @cached_property
    def coordinates(self) -> dict[str, np.ndarray]:
        """The values of the axes: of a grid each along its own dimension, of a draw all along `cell`."""
        if self.sampling == "grid":
            return {name: axis.values(name) for name, axis in self.plane.axes.items()}
        return sampled(self.plane.axes, self.sampling, self.drawn, self.seed)

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of the plane, the seeds' first."""
        cells = tuple(self.plane.axes) if self.sampling == "grid" else ("cell",)
        return (*(["seed"] if self.on.seeded else []), *cells)

    @property
    def shape(self) -> tuple[int, ...]:
        """The plane's shape, along `dims`."""
        grid = self.sampling == "grid"
        cells = tuple(axis.length(name) for name, axis in self.plane.axes.items()) if grid else (self.drawn,)
        return (*([len(self.seeds)] if self.on.seeded else []), *cells)

    @property
    def cells(self) -> int:
        """How many cells there are, each seed's counted."""
        return math.prod(self.shape)

    def variables(self) -> dict[str, Variable]:
        """What the result holds, by name."""
        steps = (len(self.on.recorded_steps()),)
        floating = str(self.on.dtype)
        found = {}
        for name in self.recording.names:
            dims, shape = self.dims, self.shape
            if name in ("values", "positions"):
                dims, shape = (*dims, "step"), shape + steps
            if name == "positions":
                dims, shape = (*dims, "coordinate"), (*shape, len(self.on.params(None)))
            dtype = "int32" if name in ("diverged_at", "steps_to_target") else floating
            variable = self.recording.variable(name)
            found[variable] = Variable(dims, shape, dtype, self.recording.meaning(name))
        return found

    @property
    def recorded_bytes(self) -> int:
        """What a cell takes in a result."""
        return sum(
            math.prod(about.shape[len(self.shape) :]) * np.dtype(about.dtype).itemsize
            for about in self.variables().values()
        )

    @cached_property
    def rule(self) -> Any:
        """The rule with its schedules tabulated, in the precision of the run."""
        with in_precision(self.on.dtype):
            return tabulated(self.plane.rule, self.on.steps)

    @cached_property
    def lanes(self) -> int:
        """How many cells run side by side; the same whatever the chunks are. One, if the rule cannot be traced."""
        rule = self.rule
        params = self.on.params(self.seeds[0] if self.seeds else None)
        with in_precision(self.on.dtype):
            params = jax.tree.map(jax.numpy.asarray, params)
            if not compiles(rule, params):
                return 1
            shapes = jax.eval_shape(lambda x: (x, rule.init(x)), params)
        held = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
        cells_of_a_seed = math.prod(self.shape[1:]) if self.on.seeded else self.cells
        return lane_count(held + len(self.plane.axes) * np.dtype(self.on.dtype).itemsize, cells_of_a_seed)

    @cached_property
    def chunk(self) -> tuple[int, ...]:
        """The shape of a chunk."""
        if isinstance(self.chunk_asked, tuple):
            return self.chunk_asked
        if self.chunk_asked is not None:
            return chunks.nearest_shape(self.shape, self.chunk_asked)
        work = self.on.work(self.recording) * (STEP_BY_STEP if self.lanes == 1 else 1)
        return chunks.chunk_shape(self.shape, work, self.recorded_bytes, self.lanes)

    def regions(self) -> Iterator[Region]:
        """The chunks, in their order."""
        return chunks.regions(self.shape, self.chunk)

    def compute(self, region: Region) -> dict[str, np.ndarray]:
        """Every variable on a region of the plane."""
        cells = region[1:] if self.on.seeded else region
        values = self._values(cells)
        capacity = math.prod(self.chunk[1:] if self.on.seeded else self.chunk)
        shape = tuple(part.stop - part.start for part in cells)
        seeds: list[int | None] = list(self.seeds[region[0]]) if self.on.seeded else [None]
        of_each = []
        for seed in seeds:
            found = self.on.cells(self.rule, values, seed, self.recording, self.lanes, capacity)
            of_each.append({name: array.reshape(*shape, *array.shape[1:]) for name, array in found.items()})
        if not self.on.seeded:
            return of_each[0]
        return {name: np.stack([found[name] for found in of_each]) for name in of_each[0]}

    def _values(self, cells: Region) -> dict[str, np.ndarray]:
        """The axes' values of the cells of a region, one after the other."""
        if self.sampling != "grid":
            return {name: found[cells[0]] for name, found in self.coordinates.items()}
        parts = [found[part] for found, part in zip(self.coordinates.values(), cells, strict=True)]
        planes = np.meshgrid(*parts, indexing="ij")
        return {name: plane.ravel() for name, plane in zip(self.coordinates, planes, strict=True)}

    @cached_property
    def identity(self) -> dict[str, str]:
        """What decides the numbers of this sweep, in words and hashes that are the same in another process."""
        return identity.identity(self)

    def attrs(self) -> dict[str, Any]:
        """What a result says of itself: enough to run it again."""
        return identity.attrs(self)
