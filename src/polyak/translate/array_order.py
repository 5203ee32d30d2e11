"""Which array of a state goes where in another's: by name, else in order where no two could be exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.array_names import Shape, alone, matched, turned
from polyak.frameworks.state_format import Moments, Places
from polyak.ground.errors import PolyakError

SHOWN = 3  # names in a message


@dataclass(frozen=True)
class Party:
    """One of two sides: the optimizer's name, and what its state calls its arrays, if it does."""

    name: str
    names: tuple[str, ...]
    made: bool = False  # whether its state is still to be made

    @property
    def lack(self) -> str:
        """That it says no names, and how it would come to, for a message."""
        if self.made:
            return f"a new state of {self.name} has no names: give like=..., one that has them, or "
        way = FRAMEWORKS[self.name.partition(":")[0]].state_format().naming
        return f"the state of {self.name} has no names: {f'{way}, or ' if way else ''}"


def placed(
    moments: Moments,
    source: str,
    target: str,
    places: Places | None,
    names: Sequence[str] | None,
    *,
    frozen: bool = False,
) -> Moments:
    """The moments in the order of the other side's arrays.

    Args:
        moments: as read.
        source: the name of the optimizer that they are of.
        target: that of the other.
        places: those of the other's state; None where it is still to be made, in the order found here.
        names: what the user calls the arrays: those of the state in its order as the other side names them; where the
            other side has no names, the other side's in its order as the state names them; where neither has, one
            order that both sides have.
        frozen: whether the other side may have arrays of which there is no state here.

    Raises PolyakError where two arrays could be exchanged and no names settle it, where shapes do not fit, and where
    one name is of a layout that is turned round in the other.
    """
    there = Party(target, () if places is None else places.names, made=places is None)
    places = places or Places()
    moments = _with_places(moments, places, made=there.made)
    here, count = Party(source, moments.names), len(moments.shapes)
    if names is None and (places.starts or frozen):
        some = _some_of(moments.names, places)
        if some is not None:
            return _fits(moments.ordered(some), places, there)
    if places.shapes is not None and len(places.shapes) != count:
        raise PolyakError(
            f"the state of {source} has {count} arrays and that of {target} has {len(places.shapes)}, expected as many"
        )
    if names is not None:
        return moments.ordered(_as_told(_checked(names, count), here, there))
    return _fits(moments.ordered(_vouched_for(moments.shapes, here, there)), places, there)


def _with_places(moments: Moments, places: Places, *, made: bool) -> Moments:
    """Without the arrays that have taken no step, where the other side has those alone that take steps."""
    said = places.shapes or places.names
    fewer = bool(said) and len(said) < len(moments.shapes)
    return moments.begun() if moments.fresh and (made or fewer) else moments


def _vouched_for(shapes: Sequence[Shape | None], here: Party, there: Party) -> Sequence[int]:
    """The order that the names tell, or else the one found where no two arrays could be exchanged."""
    order = matched(here.names, there.names) if here.names and there.names else None
    if order is None:
        _no_exchange(shapes, here, there)
        return range(len(shapes))
    _no_turning(shapes, order, here, there)
    return order


def _fits(found: Moments, places: Places, there: Party) -> Moments:
    """What is ordered, once it is seen that each array is as large as its place."""
    if places.shapes is not None and any(
        a is not None and a != b for a, b in zip(found.shapes, places.shapes, strict=True)
    ):
        raise PolyakError(_misfit(found, places, there))
    return found


def _some_of(names: Sequence[str], places: Places) -> list[int | None] | None:
    """For each place its array, None for a place of none: where fewer have a state than there are, by name alone."""
    if not names or not places.names or len(places.names) == len(names):
        return None
    there = [which for name in names if (which := alone(name, places.names)) is not None]
    if len({*there}) != len(names):
        return None
    return [there.index(k) if k in there else None for k in range(len(places.names))]


def _checked(names: Sequence[str], count: int) -> list[str]:
    """The user's names: as many as there are arrays, no two the same."""
    told = [names] if isinstance(names, str) else list(names)
    if not all(isinstance(name, str) for name in told) or len({*told}) != len(told) or len(told) != count:
        raise PolyakError(f"names is {names!r}, expected {count} names, no two the same")
    return told


def _as_told(names: list[str], here: Party, there: Party) -> list[int]:
    """For each array of the other side the place of its own here."""
    if not here.names and not there.names:
        return list(range(len(names)))
    order = matched(names, there.names) if there.names else matched(here.names, names)
    if order is None:
        owner = there if there.names else here
        raise PolyakError(f"names is {_few(names)}, which are not those of {owner.name}: {_few(owner.names)}")
    return order


def _no_exchange(shapes: Sequence[Shape | None], here: Party, there: Party) -> None:
    """Refuse an order that nothing vouches for where two arrays are alike, be it that one is turned round."""
    seen: dict[Shape, int] = {}
    for index, shape in enumerate(shapes):
        if shape is None:
            continue
        alike = tuple(sorted(shape))
        if alike not in seen:
            seen[alike] = index
            continue
        other = shapes[seen[alike]]
        same = f"are both {shape}" if other == shape else f"are {other} and {shape}"
        what = f"arrays {seen[alike]} and {index} {same} and could be exchanged"
        if here.names and there.names:
            raise PolyakError(
                f"{what}: {here.name} calls its arrays {_few(here.names)}, {there.name} {_few(there.names)}, expected"
                f" the same names: give names=[...], the arrays of {here.name} in their order as {there.name} names"
                " them"
            )
        told, lacking = (here, there) if here.names else (there, here)
        words = f" as {told.name} names them" if told.names else ", which both sides have"
        raise PolyakError(f"{what}: {lacking.lack}give names=[...], its arrays in their order{words}")


def _no_turning(shapes: Sequence[Shape | None], order: Sequence[int], here: Party, there: Party) -> None:
    """Refuse a weight of torch for a kernel where its shape does not tell which way round it is kept."""
    for index, name in zip(order, there.names, strict=True):
        shape = shapes[index]
        if shape is not None and turned(here.names[index], name, shape):
            raise PolyakError(
                f"{here.names[index]} and {name}, {shape}: torch keeps a weight as (out, in), a kernel is"
                " (in, out), and this shape does not tell: turn round what must be, and give names=[...], the arrays"
                f" of {here.name} in their order as {there.name} names them"
            )


def _misfit(found: Moments, places: Places, there: Party) -> str:
    """What does not fit, by name if it has one."""
    ours, theirs = list(found.shapes), list(places.shapes or ())
    if not (found.names and places.names):
        framework = there.name.partition(":")[0]
        return f"{framework}: the slots have the shapes {ours}, expected {theirs}"
    k = next(k for k in range(len(ours)) if ours[k] is not None and ours[k] != theirs[k])
    turning = ": turn it round before, arrays keep their layout" if ours[k] == theirs[k][::-1] else ""
    return f"{found.names[k]} is {ours[k]} and {places.names[k]} of {there.name} is {theirs[k]}{turning}"


def _few(names: Sequence[str]) -> str:
    return ", ".join([*names[:SHOWN], *(["..."] if len(names) > SHOWN else [])])
