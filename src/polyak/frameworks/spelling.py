"""What a framework's name for an optimizer is made of: arguments, forms, and the rule that each form is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from polyak.ground.numbers import readable
from polyak.rules import CoupledDecay, DecoupledDecay, Rule

REQUIRED = Parameter.empty
OF_A_MEANING = ("weight_decay", "decay_kind", "maximize")  # settings that go with every rule


@dataclass(frozen=True)
class Argument:
    """One argument of a framework's optimizer, and the setting of ours that it stands for.

    Attributes:
        name: as the framework has it.
        default: its true default; REQUIRED where it has none. None stands for 0 where the setting is a number.
        setting: the hyper-parameter or the named choice of our rule, several for a tuple, or one of `OF_A_MEANING`;
            None for what no rule of ours has: it must stay at its default.
        values: for a choice, what each of the argument's values is called by us.
        free: of how numbers are stored or computed; it changes no trajectory and may be anything.
    """

    name: str
    default: Any = REQUIRED
    setting: str | tuple[str, ...] | None = None
    values: Mapping[Any, Any] = field(default_factory=dict)
    free: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings as a tuple, which may be empty."""
        if self.setting is None:
            return ()
        return self.setting if isinstance(self.setting, tuple) else (self.setting,)


@dataclass(frozen=True)
class Form:
    """One of the rules that a framework's optimizer is, and the values of its arguments that make it this one.

    Attributes:
        rule: the rule's class.
        fixed: its named choices, and those of its numbers that no argument sets.
        when: values of arguments, or tests of them. The first form whose `when` holds is meant.
        reads: arguments that stand for another setting in this form than in the others; None for no setting.
    """

    rule: type[Rule]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Spelling:
    """A framework's name for an optimizer: a row of the table.

    Attributes:
        name: such as "torch:SGD".
        line: how it is called; `{}` is where the arguments go.
        arguments: in the framework's order.
        forms: the rules that it is.
        source: the function that was read, and the framework's version.
        decay: what weight decay is there, "coupled" or "decoupled"; None where there is no such argument.
        needs: what is said where no form fits.
        pitfalls: what surprises people, in words.
        mapping: whether its arguments are given as a mapping, {'name': value}.
        solver: what the class that takes a step calls an argument, where that is not what a user types.
    """

    name: str
    line: str
    arguments: tuple[Argument, ...]
    forms: tuple[Form, ...]
    source: str
    decay: str | None = None
    needs: str = ""
    pitfalls: tuple[str, ...] = ()
    mapping: bool = False
    solver: Mapping[str, str] = field(default_factory=dict)

    @property
    def framework(self) -> str:
        """The prefix: torch, keras, tf1 ..."""
        return self.name.partition(":")[0]

    @property
    def defaults(self) -> dict[str, Any]:
        """Every argument with its default; REQUIRED where it has none."""
        return {argument.name: argument.default for argument in self.arguments}

    @property
    def telling(self) -> tuple[str, ...]:
        """The arguments that our rules know of: those that set something, or say which rule it is."""
        choosing = {name for form in self.forms for name in (*form.when, *form.reads)}
        return tuple(a.name for a in self.arguments if a.setting or a.name in choosing)

    def stands_for(self, form: Form, argument: Argument) -> tuple[str, ...]:
        """The settings that an argument stands for in one form."""
        if argument.name in form.reads:
            read = form.reads[argument.name]
            return () if read is None else (read,)
        return argument.settings

    def runs_with(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Every telling argument, under the names of the class that takes a step."""
        known = {name: self.defaults[name] for name in self.telling if self.defaults[name] is not REQUIRED}
        return {self.solver.get(name, name): value for name, value in {**known, **arguments}.items()}


@dataclass(frozen=True)
class Meaning:
    """What a spelling with its arguments means: a rule of ours, and what is done around it.

    Attributes:
        rule: with its settings, its own weight decay, if it knows one, at 0.
        weight_decay: its strength.
        decay_kind: "coupled" (added to the gradient) or "decoupled" (lr times strength times x taken off beside).
        maximize: whether the gradient's sign is turned first.
    """

    rule: Any
    weight_decay: float = 0.0
    decay_kind: str = "coupled"
    maximize: bool = False

    def at(self, lr: float) -> Meaning:
        """The same with another learning rate."""
        return Meaning(self.rule.replace(lr=lr), self.weight_decay, self.decay_kind, self.maximize)

    def decayed(self) -> Any:  # noqa: ANN401
        """The rule with its weight decay around it; `maximize` is left to whoever hands out the gradients."""
        return self.around() if self.weight_decay else self.rule

    def around(self) -> Any:  # noqa: ANN401
        """The same where it is not known yet whether there is any decay."""
        if self.decay_kind == "coupled":
            return CoupledDecay(self.rule, self.weight_decay)
        return DecoupledDecay(self.rule, self.rule.lr * self.weight_decay)

    def __str__(self) -> str:
        parts = [str(self.rule)]
        if self.weight_decay:
            parts.append(f"{self.decay_kind} weight decay {readable(self.weight_decay, 6)}")
        return ", ".join([*parts, *(["maximizing"] if self.maximize else [])])


def above_zero(value: float | None) -> bool:
    """A test for `Form.when`."""
    return value is not None and value > 0
