"""Every rule carries its formula, its source, its settings and an example, under a name that leads back to it."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import matplotlib.mathtext
import pytest

import polyak.rules
from polyak.ground.errors import PolyakError
from polyak.rules import CATALOGUE, HeavyBall, LinearRule, Rule, find


def test_every_rule_that_is_written_is_in_it() -> None:
    for module in pkgutil.iter_modules(polyak.rules.__path__):
        importlib.import_module(f"polyak.rules.{module.name}")

    def below(cls: type) -> set[type]:
        return {cls}.union(*(below(child) for child in cls.__subclasses__()))

    written = {cls for cls in below(Rule) if cls.__module__.startswith("polyak.")}
    assert set(CATALOGUE.ours().values()) == written - {Rule, LinearRule}


def test_name_round_trip(rule_class: type[Rule]) -> None:
    name = rule_class.name()
    assert find(name) is CATALOGUE[name] is rule_class
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert find(name.replace("_", "-").upper()) is rule_class
    assert getattr(polyak.rules, rule_class.__name__) is rule_class
    assert rule_class.__name__ in polyak.rules.__all__


@pytest.mark.parametrize(
    "slip", ["heavybal", "heavy ball!", "nesterow", "adamx", "rms_prop", "Quasi-Hyperbolik"]
)
def test_an_unknown_name_is_told_the_nearest(slip: str) -> None:
    with pytest.raises(PolyakError) as error:
        find(slip)
    suggested = re.search(r"did you mean '(\w+)'\?", str(error.value))
    assert suggested
    assert suggested[1] in CATALOGUE
    assert suggested[1][:3] == slip[:3].lower()


def test_formula_is_latex_that_can_be_set(rule_class: type[Rule]) -> None:
    parser = matplotlib.mathtext.MathTextParser("path")
    lines = [line.strip() for line in rule_class.formula.split(r"\\")]
    for line in lines:
        parser.parse(f"${line}$")
    assert r"x \leftarrow x - " in lines[-1]


def test_formula_has_the_symbols_of_the_settings(rule_class: type[Rule]) -> None:
    """Which are set down once each; what is left at a neutral value by default may be left out."""
    left_out = {"initial_accumulator", "weight_decay"}
    for name, about in rule_class.hyperparameters().items():
        if name not in left_out:
            assert about.symbol in rule_class.formula, name
    symbols = [about.symbol for about in rule_class.hyperparameters().values()]
    assert len(set(symbols)) == len(symbols)


def test_source_names_who_and_when(rule_class: type[Rule]) -> None:
    assert re.search(r"\b(18|19|20)\d\d\b|torch\.optim", rule_class.source)
    assert rule_class.source.endswith(".")


def test_docstring_tells_everything_and_shows_an_example(rule_class: type[Rule]) -> None:
    text = inspect.getdoc(rule_class)
    assert text
    assert text.splitlines()[0].endswith((".", ":"))
    for line in rule_class.formula.split(r"\\"):
        assert line.strip() in text
    for name, about in {**rule_class.hyperparameters(), **rule_class.choices()}.items():
        assert re.search(rf"^    {name}\b.*{re.escape(about.meaning)}", text, re.MULTILINE), name
    assert f"Source: {rule_class.source}" in text
    examples = doctest.DocTestParser().get_examples(text)
    assert any(rule_class.__name__ in example.source for example in examples)
    assert any(example.want for example in examples)


def test_an_inherited_description_is_not_passed_off_as_its_own(rule_class: type[Rule]) -> None:
    others = [cls for cls in CATALOGUE.values() if cls is not rule_class]
    assert all(rule_class.formula != cls.formula or rule_class.source != cls.source for cls in others)
    assert "formula" in vars(rule_class)
    assert "source" in vars(rule_class)


def test_string_leads_back_to_the_rule(variant: Rule) -> None:
    """`polyak rules` and every figure show it: name(setting=value, ...)."""
    name, written = re.fullmatch(r"(\w+)\((.*)\)", str(variant)).groups()
    pairs = (pair.split("=") for pair in written.split(", "))
    numbers, flags = variant.hyperparameters(), {"True": True, "False": False}
    read = {key: float(text) if key in numbers else flags.get(text, text) for key, text in pairs}
    assert find(name).from_settings(**read) == variant


def test_notebook_shows_formula_and_source(variant: Rule) -> None:
    text = variant._repr_markdown_()
    assert f"**{variant}**" in text
    assert r"x \leftarrow x - " in text
    assert text.count("$$") == 2
    assert variant.source in text


def test_schedules_show_as_schedules() -> None:
    assert str(HeavyBall(abs, 0.5)) == "heavy_ball(lr=schedule, momentum=0.5, lr_in_velocity=True)"


def test_rules_import_nothing_of_ours_but_the_ground() -> None:
    folder = Path(polyak.rules.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("polyak"):
                assert node.module.startswith(("polyak.rules", "polyak.ground")), file.name
