"""Which slots an optimizer keeps that its family keeps under some settings alone, such as amsgrad's largest squares."""

from __future__ import annotations

from typing import Any

from polyak.frameworks import FRAMEWORKS
from polyak.frameworks.spelling import Spelling
from polyak.frameworks.state_families import IN_WORDS, Family
from polyak.frameworks.state_format import Format
from polyak.ground.errors import PolyakError
from polyak.ground.types import Pytree
from polyak.rules import Rule

SWITCHES = {  # settings, and the slots they bring
    "momentum": "velocity",
    "centered": "mean",
    "amsgrad": "largest",
}


def settled_family(
    state: Pytree,
    frm: str | Rule,
    source: Spelling,
    family: Family,
    other: Family,
    like: Pytree,
    packing: Format,
    arguments: dict[str, Any],
) -> Family:
    """The family with its optional slots settled: by a rule, by the state, by the other side's, by its arguments."""
    for each in (family, other):
        if not each.optional:
            return each
    held = FRAMEWORKS[source.framework].state_format().held(state, family)
    if held is None and like is not None:
        held = packing.held(like, family)
    if held is None:
        held = _switched_on(arguments, family)
    if held is None:
        return family
    _refuse_untold_velocity(frm, source, family)
    return family.of((*family.slots, *held))


def _switched_on(arguments: dict[str, Any], family: Family) -> tuple[str, ...] | None:
    """The optional slots that the other side's arguments bring; None where they say nothing of any."""
    if not {*SWITCHES} & {*arguments}:
        return None
    brought = {slot for name, slot in SWITCHES.items() if arguments.get(name)}
    return tuple(slot for slot in family.optional if slot in brought)


def _refuse_untold_velocity(frm: str | Rule, source: Spelling, family: Family) -> None:
    """Refuse a state of ours by the rule's name alone where its velocity may be that of a momentum of 0."""
    if source.framework == "polyak" and not isinstance(frm, Rule) and "velocity" in family.optional:
        raise PolyakError(
            f"{source.name} keeps a velocity with a momentum and without: give the rule itself as frm="
        )


def same_slots(packing: Format, like: Pytree, family: Family, target: Spelling) -> None:
    """Refuse settings of a new state with which it has other slots than the state that is to fill it."""
    held = packing.held(like, family)
    if held is None or {*held} == {*family.all} or not FRAMEWORKS[target.framework].settings_in_state:
        return
    apart = [IN_WORDS[name] for name in family.all if name not in held]
    wrong = [name for name, slot in switches(target).items() if (slot in family.all) != (slot in held)]
    raise PolyakError(
        f"{target.name} with these settings keeps {'no ' if apart else 'other slots than '}"
        f"{' and no '.join(apart) or 'the state'}: expected another {' and '.join(wrong)}"
    )


def switches(target: Spelling) -> dict[str, str]:
    """The settings of an optimizer that bring slots."""
    return {name: slot for name, slot in SWITCHES.items() if name in target.defaults}
