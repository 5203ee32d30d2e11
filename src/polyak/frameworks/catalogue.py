"""All spellings by name."""

from __future__ import annotations

from polyak.frameworks.jax import spelling as jax
from polyak.frameworks.keras import spelling as keras
from polyak.frameworks.mxnet import spelling as mxnet
from polyak.frameworks.optax import spelling as optax
from polyak.frameworks.polyak import spelling as polyak
from polyak.frameworks.sklearn import spelling as sklearn
from polyak.frameworks.spelling import Spelling
from polyak.frameworks.tf1 import spelling as tf1
from polyak.frameworks.torch import spelling as torch
from polyak.ground.errors import PolyakError, nearest, unknown

MODULES = (torch, keras, tf1, optax, mxnet, jax, sklearn, polyak)
ROWS = [row for module in MODULES for row in module.SPELLINGS]
SPELLINGS: dict[str, Spelling] = {row.name: row for row in [*ROWS, polyak.CHAPTER]}
PREFIXES = {
    "torch": "PyTorch",
    "keras": "Keras 3",
    "tf1": "TensorFlow 1",
    "optax": "Optax",
    "mxnet": "MXNet",
    "jax": "jax.example_libraries",
    "sklearn": "scikit-learn",
    "polyak": "Polyak",
    "chapter": "the chapter",
}
WITHOUT_RULE = {
    f"{module.SPELLINGS[0].framework}:{name}" for module in MODULES for name in module.WITHOUT_RULE
}


def of_framework(prefix: str) -> tuple[Spelling, ...]:
    """A framework's spellings.

    >>> [row.name for row in of_framework("sklearn")]
    ['sklearn:sgd', 'sklearn:adam']
    """
    if prefix not in PREFIXES:
        raise unknown("framework", prefix, PREFIXES)
    return tuple(row for row in SPELLINGS.values() if row.framework == prefix)


def find(name: str) -> Spelling:
    """The spelling of that name: `keras:SGD`, `keras.SGD`, or as it is called, `keras.optimizers.SGD`.

    Raises PolyakError for a framework or a name that is not known, with the nearest right one, and for an
    optimizer that no rule of ours is.

    >>> find("keras.SGD").name, find("torch.optim.SGD").name
    ('keras:SGD', 'torch:SGD')
    >>> find("keras:SDG")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown optimizer of keras 'SDG', did you mean 'SGD'? (there are: SGD, Adagrad, RMSprop,
    Adadelta, Adam, AdamW, Nadam, Lion)
    """
    if name in SPELLINGS:
        return SPELLINGS[name]
    called = {row.line.partition("(")[0]: row for row in SPELLINGS.values()}
    if "." in name and name in called:
        return called[name]
    prefix, mark, rest = name.partition(":")
    if not mark:
        prefix, mark, rest = name.partition(".")
    if prefix not in PREFIXES:
        raise unknown("framework", prefix, PREFIXES)
    spelled = f"{prefix}:{rest}"
    if spelled in WITHOUT_RULE:
        has = ", ".join(row.name.partition(":")[2] for row in of_framework(prefix))
        raise PolyakError(f"{spelled} has no equivalent among Polyak's rules (of {prefix} these have: {has})")
    if spelled not in SPELLINGS:
        known = [row.name.partition(":")[2] for row in of_framework(prefix)]
        if not rest:
            near = nearest("sgd", known) or known[0]
            raise PolyakError(
                f"'{name}' names a framework, expected one of its optimizers, such as {prefix}:{near}"
            )
        raise unknown(f"optimizer of {prefix}", rest, known)
    return SPELLINGS[spelled]
