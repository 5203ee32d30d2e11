"""Which slots the optimizers of a kind keep, whatever they are called: the families whose states go across."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError
from polyak.rules import Adadelta, Adagrad, Adam, LinearRule, Lion, NAdam, RMSProp, Rule

SLOTS = ("velocity", "mean", "squares", "largest", "step_squares")
"""A momentum buffer; averages of g and of g squared; the largest of the latter so far; that of the squared steps."""
IN_WORDS = {
    "velocity": "velocity",
    "mean": "averaged gradient",
    "squares": "squares",
    "largest": "largest squares, amsgrad's",
    "step_squares": "squared steps",
}


@dataclass(frozen=True)
class Family:
    """What a kind of optimizer keeps for each array.

    Attributes:
        name: in words.
        slots: those that it always keeps.
        optional: those that it keeps under some settings.
        counted: whether its steps go by their number, as bias corrections do.
        product: whether it keeps the product of its momenta so far, as NAdam does.
    """

    name: str
    slots: tuple[str, ...]
    optional: tuple[str, ...] = ()
    counted: bool = False
    product: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """Every slot that it may keep."""
        return (*self.slots, *self.optional)

    def of(self, held: tuple[str, ...]) -> Family:
        """The same with the optional slots settled."""
        return replace(self, slots=tuple(name for name in self.all if name in held), optional=())


MOMENTUM = Family("momentum", ("velocity",))
ADAM = Family("Adam", ("mean", "squares"), ("largest",), counted=True)
RMSPROP = Family("RMSprop", ("squares",), ("velocity", "mean"))
ADAGRAD = Family("Adagrad", ("squares",))
ADADELTA = Family("Adadelta", ("squares", "step_squares"))
LION = Family("Lion", ("mean",))
NADAM = Family("NAdam", ("mean", "squares"), counted=True, product=True)
CONSTANT_NADAM = Family("NAdam (of a constant momentum)", ("mean", "squares"), counted=True)
OF_RULE: dict[type[Rule], Family] = {
    Adam: ADAM,
    RMSProp: RMSPROP,
    Adagrad: ADAGRAD,
    Adadelta: ADADELTA,
    Lion: LION,
    NAdam: NADAM,
}
BY_NAME = {"optax:nadam": CONSTANT_NADAM}


def family_of(spelling: Spelling, rule: Rule | None = None) -> Family:
    """The family of an optimizer by its name, or of one of our rules with its settings.

    >>> from polyak.frameworks.catalogue import find
    >>> family_of(find("torch:AdamW")).name, family_of(find("optax:rmsprop")).optional
    ('Adam', ('velocity', 'mean'))
    """
    if spelling.name in BY_NAME:
        return BY_NAME[spelling.name]
    kinds = [form.rule for form in spelling.forms]
    if all(issubclass(kind, LinearRule) for kind in kinds):
        return MOMENTUM
    family = next((OF_RULE[kind] for kind in kinds if kind in OF_RULE), None)
    if family is None:
        known = ", ".join(dict.fromkeys(each.name for each in (MOMENTUM, *OF_RULE.values())))
        raise PolyakError(f"{spelling.name}: its states are not converted, expected one of {known}")
    return family if rule is None else _under_settings(family, rule)


def _under_settings(family: Family, rule: Rule) -> Family:
    """The family as a rule has it whose settings decide on what it keeps."""
    if isinstance(rule, NAdam) and rule.momentum_schedule == "constant":
        return CONSTANT_NADAM
    if isinstance(rule, RMSProp):
        switched = {"squares": True, "velocity": bool(rule.momentum), "mean": rule.centered}
        return family.of(tuple(name for name, on in switched.items() if on))
    return family
