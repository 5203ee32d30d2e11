"""Our own rules as spellings, made from the catalogue."""

from __future__ import annotations

import dataclasses

from polyak.frameworks.spelling import REQUIRED, Argument, Form, Spelling
from polyak.ground.version import __version__
from polyak.rules import CATALOGUE, Adam, AdamW, Lion, Rule


def spelling_of(rule: type[Rule]) -> Spelling:
    """A rule's name and settings, as a row.

    >>> from polyak.rules import HeavyBall
    >>> spelling_of(HeavyBall).name, [argument.name for argument in spelling_of(HeavyBall).arguments]
    ('polyak:heavy_ball', ['lr', 'momentum', 'lr_in_velocity'])
    """
    defaults = {
        field.name: REQUIRED if field.default is dataclasses.MISSING else field.default
        for field in dataclasses.fields(rule)  # type: ignore[arg-type]
    }
    names = [*rule.hyperparameters(), *rule.choices()]
    kind = issubclass(rule, Adam)  # whose choice of what weight decay means goes with every rule here
    arguments = tuple(
        Argument(name, defaults[name], "decay_kind" if kind and name == "decay" else name) for name in names
    )
    own = None if "weight_decay" not in names else "decoupled" if rule in (AdamW, Lion) else "coupled"
    return Spelling(
        name=f"polyak:{rule.name()}",
        line=f"pk.{rule.__name__}({{}})",
        arguments=arguments,
        forms=(Form(Adam if kind else rule),),
        source=f"polyak/rules, {rule.__name__}, polyak {__version__}",
        decay=own,
    )


SPELLINGS = tuple(map(spelling_of, CATALOGUE.ours().values()))
WITHOUT_RULE = ()
