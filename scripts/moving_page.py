"""Make docs/moving.md: what people move from one framework to another, as the program says it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from polyak import translate
from polyak.frameworks import FRAMEWORKS
from polyak.translate import Translation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "moving.md"
WIDTH = 116

TITLE = """# I am moving from X to Y

Made by `make docs` from what the program says; do not edit. A test makes it again, and runs both sides of its rows.
Each recipe is one line: `polyak translate "..." --to ...` says the same of yours, and proves it on what is installed.
"""
TORCHS = (
    "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)",
    "torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.1, betas=(0.9, 0.95))",
    "opt = torch.optim.SGD(p, lr=0.1, momentum=0.9); torch.optim.lr_scheduler.MultiStepLR(opt, [60, 120])",
)
KERAS = (
    "keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)",
    "keras.optimizers.Adam(1e-3)",
    "keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 200), momentum=0.9)",
)
OPTAX = (
    "optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(3e-4))",
    "optax.sgd(optax.warmup_cosine_decay_schedule(0, 0.1, 20, 200), momentum=0.9)",
    "optax.rmsprop(1e-3, eps_in_sqrt=False, momentum=0.9)",
)


class Move(NamedTuple):
    """From one framework to another: what people have there, and two optimizers between which a state goes across."""

    source: str
    target: str
    recipes: tuple[str, ...]
    states: tuple[str, str] | None


MOVES = (
    Move("torch", "optax", TORCHS, ("torch:AdamW", "optax:adamw")),
    Move("torch", "keras", TORCHS, ("torch:SGD", "keras:SGD")),
    Move("keras", "torch", KERAS, ("keras:Adam", "torch:Adam")),
    Move("optax", "torch", OPTAX, ("optax:adamw", "torch:AdamW")),
    Move("tf1", "keras", ("tf1:MomentumOptimizer learning_rate=0.1 momentum=0.9",), None),
    Move(
        "mxnet",
        "torch",
        ("mxnet:sgd learning_rate=0.004 momentum=0.9", "mxnet:nag learning_rate=0.1 wd=0.0001"),
        None,
    ),
)


def translations(move: Move) -> Iterator[tuple[str, Translation]]:
    """Each recipe of a move in the other framework's words."""
    for recipe in move.recipes:
        yield recipe, translated(recipe, move.target)


def translated(recipe: str, target: str) -> Translation:
    """A pasted text, or a name with its arguments, as `polyak translate` takes them."""
    name, *rest = recipe.split(" ")
    if "(" in name or "=" in name or not all("=" in each for each in rest) or not rest:
        return translate(recipe, to=target)
    arguments = {key: float(value) for key, _, value in (each.partition("=") for each in rest)}
    return translate(name, to=target, **arguments)


def page() -> str:
    """The whole page."""
    return "\n".join([TITLE, *map(_section, MOVES)])


def _section(move: Move) -> str:
    source, target = FRAMEWORKS[move.source], FRAMEWORKS[move.target]
    parts = [f"## From {source.title} to {target.title}\n"]
    for recipe, found in translations(move):
        parts.append(f"```\n{recipe}\n```\n\nis there\n\n```\n{found}\n```\n")
        parts.append("\n".join(_bullet(line) for line in found.words()) + "\n")
    if move.states is not None:
        frm, to = move.states
        settings = ", lr=..., like=optimizer.state_dict()" if move.target == "torch" else ", lr=..."
        parts.append(
            "A training goes on there with its velocities and step counts:"
            f' `pk.convert_state(state, frm="{frm}", to="{to}"{settings})`.\n'
        )
    return "\n".join(parts)


def _bullet(line: str) -> str:
    return textwrap.fill(
        line,
        WIDTH,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    write()
