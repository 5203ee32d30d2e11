"""All spellings of all frameworks, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from polyak.frameworks.called import by_any_name, by_prefix, no_such
from polyak.frameworks.framework import FRAMEWORKS
from polyak.frameworks.spelling import Spelling
from polyak.ground.errors import PolyakError, nearest, unknown


class _Spellings(Mapping[str, Spelling]):
    """The rows of every framework that is registered, by their names."""

    def __getitem__(self, name: str) -> Spelling:
        return FRAMEWORKS[name.partition(":")[0]].spellings[name]

    def __iter__(self) -> Iterator[str]:
        for framework in FRAMEWORKS.values():
            yield from framework.spellings

    def __len__(self) -> int:
        return sum(len(framework.spellings) for framework in FRAMEWORKS.values())


SPELLINGS = _Spellings()


def of_framework(prefix: str) -> tuple[Spelling, ...]:
    """A framework's spellings.

    >>> [row.name for row in of_framework("sklearn")]
    ['sklearn:sgd', 'sklearn:adam']
    """
    framework = by_prefix(prefix)
    if framework is None:
        raise no_framework(prefix)
    return tuple(framework.spellings.values())


def no_framework(prefix: str) -> PolyakError:
    """The error for a word that names no framework, with the three that are most like it.

    >>> print(no_framework("torhc"))
    unknown framework 'torhc', did you mean 'torch', 'tf1' or 'timm'? (there are: jax, keras, mxnet, optax, polyak,
    torch, sklearn, tf1, chapter, timm)
    >>> print(no_framework("hello world"))
    'hello world' is no call and no name, expected such as torch:SGD or torch.optim.SGD(lr=0.1)
    """
    if len(prefix.split()) > 1:
        return PolyakError(
            f"'{prefix}' is no call and no name, expected such as torch:SGD or torch.optim.SGD(lr=0.1)"
        )
    like = difflib.get_close_matches(prefix.lower(), FRAMEWORKS, n=3, cutoff=0.0)
    first, second, third = (f"'{name}'" for name in like)
    return PolyakError(
        f"unknown framework '{prefix}', did you mean {first}, {second} or {third}? (there are: {', '.join(FRAMEWORKS)})"
    )


def find(name: str) -> Spelling:
    """The spelling of that name: `keras:SGD`, `keras.sgd`, or as it is called, `tf.keras.optimizers.SGD`.

    Raises PolyakError for a framework or a name that is not known, with the nearest right one, and for an
    optimizer that no rule of ours is.

    >>> find("keras.SGD").name, find("torch.optim.SGD").name
    ('keras:SGD', 'torch:SGD')
    >>> find("keras:SDG")
    Traceback (most recent call last):
    ...
    polyak.PolyakError: unknown optimizer of keras 'SDG', did you mean 'SGD'? (there are: SGD, Adagrad, RMSprop,
    Adadelta, Adam, AdamW, Nadam, Lamb, Lion)
    """
    if name in SPELLINGS:
        return SPELLINGS[name]
    found = by_any_name(name)
    if found is not None:
        return found
    prefix, _, own = name.partition(":" if ":" in name else ".")
    framework = by_prefix(prefix)
    if framework is None and own and ":" not in name:
        raise no_such(name)
    prefix = prefix if framework is None else framework.prefix
    rows = of_framework(prefix)
    spelled = f"{prefix}:{own}"
    if spelled not in SPELLINGS:
        raise _unspelled(name, prefix, own, [row.name.partition(":")[2] for row in rows])
    return SPELLINGS[spelled]


def _unspelled(name: str, prefix: str, own: str, known: list[str]) -> PolyakError:
    """Why no optimizer of a framework has that name of its own."""
    if own in FRAMEWORKS[prefix].without_rule:
        has = ", ".join(known)
        return PolyakError(
            f"{prefix}:{own} has no equivalent among Polyak's rules (of {prefix} these have: {has})"
        )
    if not own:
        near = nearest("sgd", known) or known[0]
        return PolyakError(
            f"'{name}' names a framework, expected one of its optimizers, such as {prefix}:{near}"
        )
    return unknown(f"optimizer of {prefix}", own, known)
