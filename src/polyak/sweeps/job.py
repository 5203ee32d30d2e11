"""A sweep cut into chunks: what each is computed from, here or on another machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np

from polyak.ground.precision import in_precision
from polyak.sweeps import chunks
from polyak.sweeps.chunks import Region
from polyak.sweeps.lanes import lane_count
from polyak.sweeps.setup import Setup

STEP_BY_STEP = 1e5  # how many times the work takes where a rule cannot be compiled


@dataclass(frozen=True, eq=False)
class Job(Setup):
    """A sweep and how it is cut.

    Attributes:
        chunk_asked: cells of a chunk, or its shape; None for what suits the work.
    """

    chunk_asked: int | tuple[int, ...] | None = None

    @cached_property
    def lanes(self) -> int:
        """How many cells run side by side; the same whatever the chunks are. One, if the rule cannot be traced."""
        if self.one_by_one:
            return 1
        rule = self.rule
        params = self.on.params(self.seeds[0] if self.seeds else None)
        with in_precision(self.on.dtype):
            params = jax.tree.map(jax.numpy.asarray, params)
            shapes = jax.eval_shape(lambda x: (x, rule.init(x)), params)
        held = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
        cells_of_a_seed = math.prod(self.shape[1:]) if self.on.seeded else self.cells
        return lane_count(held + len(self.space.axes) * np.dtype(self.on.dtype).itemsize, cells_of_a_seed)

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
            cells_of = self.on.cells(self.rule, values, seed, self.recording, self.lanes, capacity)
            of_each.append(
                {name: array.reshape(*shape, *array.shape[1:]) for name, array in cells_of.items()}
            )
        if not self.on.seeded:
            return of_each[0]
        return {name: np.stack([one[name] for one in of_each]) for name in of_each[0]}

    def _values(self, cells: Region) -> dict[str, np.ndarray]:
        """The axes' values of the cells of a region, one after the other."""
        if self.sampling != "grid":
            return {name: numbers[cells[0]] for name, numbers in self.coordinates.items()}
        parts = [numbers[part] for numbers, part in zip(self.coordinates.values(), cells, strict=True)]
        planes = np.meshgrid(*parts, indexing="ij")
        return {name: plane.ravel() for name, plane in zip(self.coordinates, planes, strict=True)}
