"""What was found of a user's own training: each part with what it cost, or the line that says why it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polyak.diagnose.numbers import Plain, fields_of, plain
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.models import Model
from polyak.run.result import Result
from polyak.theory import Curvature, Noise, Suggestion
from polyak.theory.model_stability import ModelStability

TITLES = {
    "curvature": "Curvature",
    "stability": "The optimizer's edges",
    "noise": "Gradient noise",
    "suggestion": "What to set",
}


@dataclass(frozen=True)
class Cost:
    """What a part of a diagnosis took.

    Attributes:
        seconds: on this machine.
        work: products with a Hessian or gradients, in words.
    """

    seconds: float
    work: str


@dataclass(frozen=True, eq=False)
class Diagnosis(Result):
    """A training at today's parameters: what each part says, or why it says nothing.

    Attributes:
        model: what was looked at.
        optimizer: what it is called.
        batch_size: of the training.
        curvature: the Hessian's, by layer too; None where it was refused.
        stability: the optimizer's edges and its share of them; None where they were refused.
        noise: the gradient's; None where it was refused.
        suggestion: what to set; None where it was refused.
        refused: why a part is missing, by its name.
        costs: what each part took, by its name.
    """

    model: Model
    optimizer: str
    batch_size: int
    curvature: Curvature | None
    stability: ModelStability | None
    noise: Noise | None
    suggestion: Suggestion | None
    refused: Mapping[str, str]
    costs: Mapping[str, Cost]

    def words(self) -> dict[str, tuple[str, ...]]:
        """What each part says, or why it says nothing: sentences by the part's name."""
        return {name: self._words_of(name) for name in TITLES}

    def _words_of(self, name: str) -> tuple[str, ...]:
        part = getattr(self, name)
        if part is None:
            return (f"No answer: {self.refused[name].rstrip('.')}.",)
        return tuple(part.words())

    def to_dict(self) -> dict[str, Plain]:
        """The same as numbers by name: what `polyak diagnose --json` prints; nan as null, infinities as words."""
        bridge = self.model.bridge
        parts: dict[str, Plain] = {}
        for name in TITLES:
            part = getattr(self, name)
            parts[name] = {"refused": self.refused[name]} if part is None else fields_of(part)
        return {
            "model": {
                "name": bridge.name,
                "framework": bridge.framework,
                "parameters": bridge.size,
                "mode": bridge.mode,
            },
            "optimizer": self.optimizer,
            "batch_size": self.batch_size,
            **parts,
            "costs": plain(self.costs),
        }

    def require(self, name: str) -> None:
        """Raise the PolyakError that a missing part was refused with."""
        if getattr(self, name) is None:
            raise PolyakError(self.refused[name])

    def __str__(self) -> str:
        parts = [f"{TITLES[name]}. {' '.join(said)}" for name, said in self.words().items()]
        seconds = sum(cost.seconds for cost in self.costs.values())
        head = f"{self.model}; {self.optimizer}, batches of {self.batch_size} rows ({readable(seconds, 3)} s)"
        return "\n".join([head, *parts])
