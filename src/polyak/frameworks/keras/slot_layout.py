"""Where the slots of a Keras optimizer stand among its variables: some by turns, array by array, then some in blocks.

For the arrays a and b an Adam with amsgrad keeps (momentum of a, velocity of a, momentum of b, velocity of b) and then
(velocity_hat of a, velocity_hat of b). Which of the optional slots there are, no variable says: the shapes tell, and
the names where there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

from numpy.typing import NDArray

from polyak.frameworks.state_families import Family
from polyak.ground.errors import PolyakError

TURNS = {  # our slots and what Keras calls them, array by array
    "momentum": {"velocity": "momentum"},
    "Adam": {"mean": "momentum", "squares": "velocity"},
    "NAdam": {"mean": "momentum", "squares": "velocity"},
    "RMSprop": {"squares": "velocity"},
    "Adagrad": {"squares": "accumulator"},
    "Lion": {"mean": "momentum"},
    "Adadelta": {"squares": "accumulated_grad", "step_squares": "accumulated_delta_var"},
}
BLOCKS = {  # those that come after them, one slot of all arrays after the other
    "Adam": {"largest": "velocity_hat"},
    "RMSprop": {"velocity": "momentum", "mean": "average_gradient"},
}


class Layout(NamedTuple):
    """Which slots there are, and of how many arrays."""

    turns: tuple[str, ...]
    blocks: tuple[str, ...]
    arrays: int

    @property
    def slots(self) -> tuple[str, ...]:
        """Every kind."""
        return (*self.turns, *self.blocks)

    def places(self, name: str) -> list[int]:
        """Where the slots of a kind stand."""
        each = len(self.turns)
        if name in self.turns:
            return [k * each + self.turns.index(name) for k in range(self.arrays)]
        begin = (each + self.blocks.index(name)) * self.arrays
        return list(range(begin, begin + self.arrays))


def laid_out(arrays: list[NDArray[Any]], family: Family) -> list[NDArray[Any]]:
    """One array for each of its slots, in the order in which Keras keeps them."""
    turns = [x for x in arrays for name in _turns(family) if name in family.slots]
    blocks = [x for name in _blocks(family) if name in family.slots for x in arrays]
    return [*turns, *blocks]


def layouts(slots: list[NDArray[Any]], names: tuple[str, ...], family: Family) -> list[Layout]:
    """Those that fit; at least one, or a PolyakError."""
    found = fitting_layouts(slots, names, family)
    if found:
        return found
    ends = tuple(f"_{word}" for word in _words(family).values())
    strange = [name for name in names if not name.endswith(ends)]
    if strange:
        raise PolyakError(
            f"keras: the variable {strange[0]} has no place in another's state, expected"
            f" {' or '.join(_turns(family).values())}"
        )
    raise PolyakError(
        f"keras: {len(slots)} arrays of an {family.name}, expected"
        f" {' and '.join(family.slots)} by turns: those of moving averages and of gradients summed have no place in"
        " another's state"
    )


def fitting_layouts(slots: list[NDArray[Any]], names: tuple[str, ...], family: Family) -> list[Layout]:
    """Every layout whose slots of one array have one shape, and one name; of no slots the one with the fewest kinds."""
    turns = tuple(_turns(family))
    fit = []
    for blocks in _choices(family):
        arrays, rest = divmod(len(slots), len(turns) + len(blocks))
        layout = Layout(turns, blocks, arrays)
        if not rest and _one_shape(slots, layout) and (not names or array_names(names, layout, family)):
            fit.append(layout)
    return fit if slots else fit[:1]


def array_names(names: tuple[str, ...], layout: Layout, family: Family) -> tuple[str, ...]:
    """What the arrays are called: `dense_kernel` of `dense_kernel_velocity`; nothing where that does not fit."""
    words, found = _words(family), []
    for slot in layout.slots:
        end, own = f"_{words[slot]}", [names[k] for k in layout.places(slot)]
        if not all(name.endswith(end) for name in own):
            return ()
        found.append(tuple(name.removesuffix(end) for name in own))
    return found[0] if len({*found}) == 1 else ()


def _choices(family: Family) -> Iterator[tuple[str, ...]]:
    """The blocks that there may be: those that the family always keeps, and any of those that are not settled."""
    optional = tuple(name for name in _blocks(family) if name in family.all)
    needed = {*optional} & {*family.slots}
    most = len(optional) if family.optional else len(needed)
    for size in range(len(needed), most + 1):
        yield from (blocks for blocks in combinations(optional, size) if needed <= {*blocks})


def _one_shape(slots: list[NDArray[Any]], layout: Layout) -> bool:
    kinds = [[slots[k].shape for k in layout.places(name)] for name in layout.slots]
    return all(shapes == kinds[0] for shapes in kinds)


def _words(family: Family) -> dict[str, str]:
    """What Keras calls each slot of the family."""
    return {**_turns(family), **_blocks(family)}


def _turns(family: Family) -> dict[str, str]:
    if family.name not in TURNS:
        raise PolyakError(f"keras: there are no states of the {family.name} family")
    return TURNS[family.name]


def _blocks(family: Family) -> dict[str, str]:
    return BLOCKS.get(family.name, {})
