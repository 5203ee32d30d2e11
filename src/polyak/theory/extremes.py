"""The top and the bottom of a spectrum to the error asked for, in a bounded basis (lanczos.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyak.ground.progress import Progress, silent
from polyak.theory.basis import Vector
from polyak.theory.lanczos import Krylov, Operator, Ritz
from polyak.theory.unseen import highest_unseen, none_hides

ROOM = 2**30  # bytes of the basis at most: 26 vectors of ten million numbers in float32
FEWEST = 12  # vectors of the basis, however large they are
MOST = 128  # however small: what is done to them must not cost more than the products
MOST_PRODUCTS = 1000
NEAR = 0.03  # relative: that nothing hides any nearer is not looked into
LOOKS = 6  # products of a new random vector, to see a value that the first one could not
BESIDE = 4  # Ritz vectors kept at a restart beside those that are wanted, at each end


@dataclass(frozen=True)
class Extremes:
    """What was found of a matrix of `size` rows.

    Attributes:
        krylov: the basis, to be gone on with.
        ritz: what it knows.
        top: which of its values are the largest, falling; bottom: which are the smallest, rising. Indices of `ritz`.
        highest: 99 times of 100 no eigenvalue lies above it; lowest: nor below it. nan where it was not to be had:
            from starts that were given, and where the basis was full before anything was known.
        met: whether all errors are as small as was asked, or as rounding lets them be.
    """

    krylov: Krylov
    ritz: Ritz
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]
    highest: float
    lowest: float
    met: bool

    def outside(self, count: int) -> NDArray[np.int64]:
        """So many of the Ritz values, from the ends of the spectrum inwards by their size."""
        return np.sort(np.argsort(-np.abs(self.ritz.values), kind="stable")[:count])

    def vector(self, index: int) -> Vector:
        """A Ritz vector, of norm 1."""
        c = np.zeros(len(self.krylov.basis))
        c[self.krylov.done] = self.ritz.vectors[:, index]
        return self.krylov.basis.combination(c)


def extremes(
    A: Operator,
    *,
    top: int = 1,
    bottom: int = 0,
    accuracy: float = 1e-3,
    starts: tuple[Vector, ...] = (),
    seed: int = 0,
    most_products: int = MOST_PRODUCTS,
    room: int = ROOM,
    progress: Progress = silent,
) -> Extremes:
    """The `top` largest and the `bottom` smallest eigenvalues of a symmetric matrix.

    Args:
        A: known by its products.
        top, bottom: how many; all where there are fewer.
        accuracy: of the top, relative to each; of the bottom, relative to the largest in size, which is what its
            place in the spectrum is known by.
        starts: vectors to start from, none of them 0; one at random by default.
        seed: of what is random.
        most_products: after which it ends, whatever the errors are then.
        room: bytes that the basis may take.
        progress: called after each product.

    >>> class Diagonal:
    ...     size = 3
    ...     def __matmul__(self, v):
    ...         return np.array([-38.8, 1.0, 21.6]) * v
    ...     def random(self, generator):
    ...         return generator.normal(size=3)
    >>> found = extremes(Diagonal())
    >>> round(float(found.ritz.values[found.top[0]]), 9)
    21.6
    """
    search = _Search(A, top, bottom, accuracy, starts, np.random.default_rng(seed), room)
    while search.krylov.products < most_products and not search.over:
        search.step()
        progress(search.krylov.products, most_products)
    return search.found()


class _Search:
    """Lanczos' method until the wanted values are known, and a look from elsewhere brought no other."""

    def __init__(
        self,
        A: Operator,
        top: int,
        bottom: int,
        accuracy: float,
        starts: tuple[Vector, ...],
        generator: np.random.Generator,
        room: int,
    ) -> None:
        self.top, self.bottom = min(top, A.size), min(bottom, A.size)
        self.accuracy, self.generator = accuracy, generator
        self._by_chance = not starts
        starts = starts or (A.random(generator),)
        self.krylov = Krylov(A, _columns(starts[0], self.top + self.bottom + len(starts), room))
        for vector in starts:
            self.krylov.start(vector)
        self.over, self.met = False, False
        self._looks_left = 0
        self._seen: Ritz | None = None
        self._now: tuple[int, Ritz] | None = None
        self._first: tuple[float, float] | None = None

    def step(self) -> None:
        """One product, and what follows from it."""
        krylov = self.krylov
        if krylov.full:
            self._turn()
        if not krylov.waiting:  # all that the starts can reach
            krylov.start(krylov.A.random(self.generator))
        krylov.step(first=self._looks_left > 0)
        self._looks_left = max(self._looks_left - 1, 0)
        few = len(krylov.done) <= self.top + self.bottom  # too few to tell anything
        if krylov.whole:
            self.met = self.over = True
        elif not (self._looks_left or few):
            self._judge(self._ritz())

    def _judge(self, ritz: Ritz) -> None:
        """Whether all is known; and where several values are asked for, a look from elsewhere before it is believed."""
        self.met = self._known(ritz) and self._none_hides(ritz)
        self.over = self.met and (max(self.top, self.bottom) <= 1 or self._nothing_new(ritz))
        if self.met and not self.over:
            self._seen, self._looks_left = ritz, LOOKS
            self._look_from_elsewhere()

    def found(self) -> Extremes:
        """What is known now."""
        ritz = self._ritz()
        falling = np.arange(len(ritz.values))[::-1]
        top, bottom = falling[: self.top], falling[::-1][: self.bottom]
        return Extremes(self.krylov, ritz, top, bottom, *self._remember(), self.met)

    def _ritz(self) -> Ritz:
        """What is known after the last product, worked out once."""
        if self._now is None or self._now[0] != self.krylov.products:
            self._now = self.krylov.products, self.krylov.ritz()
        return self._now[1]

    def _remember(self) -> tuple[float, float]:
        """What the first start told, before others had a part in it: highest and lowest."""
        if self._first is None:
            ritz, size, seen = self._ritz(), self.krylov.A.size, (np.nan, np.nan)
            if self._by_chance and (self.met or not self.krylov.full):
                couplings = self.krylov.couplings()
                highest = highest_unseen(ritz.values, couplings, size)
                seen = highest, -highest_unseen(-ritz.values[::-1], couplings, size)
            self._first = seen
        return self._first

    def _turn(self) -> None:
        """Make room: keep the Ritz vectors nearest to the ends that are wanted, and some beside them."""
        self._remember()
        count = len(self.krylov.done)
        low = self.bottom + BESIDE * (self.bottom > 0)
        high = self.top + BESIDE * (self.top > 0)
        self.krylov.restart(np.unique(np.r_[: min(low, count), max(count - high, 0) : count]))
        self._now = None

    def _look_from_elsewhere(self) -> None:
        """Let in a new random vector, to be multiplied next."""
        self._remember()
        if self.krylov.full:
            self._turn()
        self.krylov.start(self.krylov.A.random(self.generator), first=True)

    def _known(self, ritz: Ritz) -> bool:
        """Whether the errors of the wanted values are as small as was asked, or as rounding lets them be."""
        if len(ritz.values) < self.top + self.bottom:
            return False
        size, least = np.abs(ritz.values), 2 * ritz.rounding
        top, bottom = ritz.errors[len(size) - self.top :], ritz.errors[: self.bottom]
        allowed = np.maximum(self.accuracy * size[len(size) - self.top :], least)
        return bool((top <= allowed).all() and (bottom <= max(self.accuracy * size.max(), least)).all())

    def _none_hides(self, ritz: Ritz) -> bool:
        """Whether nothing far beyond them can hide: by the root of the accuracy, as errors are squares of distances,
        but no nearer than is worth the products.
        """
        if self._first is not None or not self._by_chance:
            return True
        couplings, values, size = self.krylov.couplings(), ritz.values, self.krylov.A.size
        share = max(np.sqrt(self.accuracy), NEAR)
        scale = np.abs(values).max() + ritz.rounding
        above = np.maximum(share * np.abs(values[len(values) - self.top :]), self.accuracy * scale)
        below = np.full(self.bottom, share * scale)
        return none_hides(values, couplings, size, self.top, above) and (
            not self.bottom or none_hides(-values[::-1], couplings, size, self.bottom, below)
        )

    def _nothing_new(self, ritz: Ritz) -> bool:
        """Whether the wanted values are those that were seen before the last look."""
        if self._seen is None:
            return False
        return all(
            bool(
                (
                    np.abs(ritz.values[end] - self._seen.values[end])
                    <= ritz.errors[end] + self._seen.errors[end]
                ).all()
            )
            for end, asked in ((slice(-self.top, None), self.top), (slice(0, self.bottom), self.bottom))
            if asked
        )


def _columns(vector: Vector, wanted: int, room: int) -> int:
    """How many vectors the basis may have: as many as there is room for, and as the method needs to get anywhere."""
    size = vector.shape[0]
    fit = room // (size * vector.dtype.itemsize)
    return int(min(size + 1, max(min(fit, MOST), FEWEST, 2 * (wanted + 2 * BESIDE))))
