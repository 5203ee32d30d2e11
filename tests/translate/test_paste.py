"""What is pasted is read and never run: calls, lines, dicts and configs of every framework, or one line of refusal."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyak as pk
from polyak.frameworks import SPELLINGS
from polyak.frameworks.spelling import REQUIRED
from polyak.translate.paste.recipe import read_recipe
from polyak.translate.paste.text import taken_apart
from polyak.translate.paste.values import Call, Unread

TORCH_SGD = {"lr": 0.1, "momentum": 0.9}

READ = [  # the text, the spelling, its arguments
    ("torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)", "torch:SGD", TORCH_SGD),
    ("torch.optim.SGD(model.parameters(), 0.1, 0.9)", "torch:SGD", TORCH_SGD),
    ("torch.optim.SGD(params=model.parameters(), lr=1e-1, momentum=9/10)", "torch:SGD", TORCH_SGD),
    ("TORCH.OPTIM.sgd(p, lr=.1, momentum=.9)", "torch:SGD", TORCH_SGD),
    ("torch.optim.sgd.SGD(p, lr=.1, momentum=.9, foreach=True, fused=None)", "torch:SGD", TORCH_SGD),
    ("import torch.optim as o\nopt = o.SGD(p, lr=.1, momentum=.9)", "torch:SGD", TORCH_SGD),
    ("from torch import optim\noptim.SGD(p, lr=.1, momentum=.9)", "torch:SGD", TORCH_SGD),
    ("from torch.optim import SGD as S\nS(p, lr=.1, momentum=.9)", "torch:SGD", TORCH_SGD),
    ("lr = 0.1\nself.optimizer = torch.optim.SGD(p, lr=lr, momentum=0.9)", "torch:SGD", TORCH_SGD),
    ("SGD(net.parameters(), lr=.1, momentum=.9)", "torch:SGD", TORCH_SGD),
    ("torch.optim.SGD(filter(lambda p: p.requires_grad, m.parameters()), .1, .9),", "torch:SGD", TORCH_SGD),
    ("    torch.optim.SGD(\n        p, lr=0.1,\n        momentum=0.9,\n    )", "torch:SGD", TORCH_SGD),
    ("torch.optim.SGD(p, **{'lr': 0.1, 'momentum': 0.9})", "torch:SGD", TORCH_SGD),
    ("kw = dict(lr=0.1, momentum=0.9)\ntorch.optim.SGD(p, **kw)", "torch:SGD", TORCH_SGD),
    ("functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9)", "torch:SGD", TORCH_SGD),
    ("torch.optim.Adam(p, betas=[.9, .98])", "torch:Adam", {"betas": (0.9, 0.98)}),
    (
        "tf.keras.optimizers.legacy.SGD(lr=0.1, momentum=0.9)",
        "keras:SGD",
        {"learning_rate": 0.1, "momentum": 0.9},
    ),
    ("keras.optimizers.Adam(1e-3, jit_compile=True)", "keras:Adam", {"learning_rate": 1e-3}),
    (
        "tf.train.MomentumOptimizer(0.1, 0.9)",
        "tf1:MomentumOptimizer",
        {"learning_rate": 0.1, "momentum": 0.9},
    ),
    ("optax.sgd(0.1, 0.9, True)", "optax:sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    (
        "import optax as ox\nox.adam(b1=0.5, learning_rate=2e-4)",
        "optax:adam",
        {"learning_rate": 2e-4, "b1": 0.5},
    ),
    ("pk.HeavyBall(lr=0.1, momentum=0.9)", "polyak:heavy_ball", TORCH_SGD),
    (
        "gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1, 'momentum': 0.9})",
        "mxnet:sgd",
        {"learning_rate": 0.1, "momentum": 0.9},
    ),
    ("MLPClassifier((100,), solver='sgd', alpha=0, momentum=0.8)", "sklearn:sgd", {"momentum": 0.8}),
    ("dict(type='SGD', lr=0.1, momentum=0.9)", "torch:SGD", TORCH_SGD),
    ("optimizer = dict(type='SGD', lr=0.1, momentum=0.9)", "torch:SGD", TORCH_SGD),
    ("{'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}", "torch:SGD", TORCH_SGD),
    ('{"_target_": "torch.optim.SGD", "lr": 0.1, "momentum": 0.9}', "torch:SGD", TORCH_SGD),
    ("class_path: torch.optim.SGD\ninit_args:\n  lr: 1e-1\n  momentum: 0.9", "torch:SGD", TORCH_SGD),
    ("optimizer: SGD\nlr: 0.1\nmomentum: 0.9", "torch:SGD", TORCH_SGD),
    ("train:\n  x: 1\noptimizer:\n  type: SGD\n  lr: 0.1\n  momentum: 0.9", "torch:SGD", TORCH_SGD),
    (
        "TrainingArguments(learning_rate=2e-5, lr_scheduler_type='constant', max_grad_norm=0)",
        "torch:AdamW",
        {"lr": 2e-5, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    ),
    (
        '{"class_name": "Adam", "config": {"name": "adam", "learning_rate": 0.001, "beta_1": 0.8}}',
        "keras:Adam",
        {"learning_rate": 0.001, "beta_1": 0.8},
    ),
    (
        '{"optimizer": {"type": "Adam", "params": {"lr": 0.001, "betas": [0.8, 0.999]}}}',
        "torch:AdamW",  # DeepSpeed's Adam is one unless it is told not to be
        {"lr": 0.001, "betas": (0.8, 0.999), "weight_decay": 0.0},
    ),
    (
        '{"optimizer": {"type": "Adam", "params": {"lr": 0.001, "adam_w_mode": false}}}',
        "torch:Adam",
        {"lr": 0.001, "weight_decay": 0.0},
    ),
]


@pytest.mark.parametrize(("text", "name", "arguments"), READ, ids=[str(k) for k in range(len(READ))])
def test_a_text_is_read(text: str, name: str, arguments: dict[str, Any]) -> None:
    found = read_recipe(text)
    assert (found.spelling.name, dict(found.arguments)) == (name, arguments)


def test_a_translation_of_a_text_is_that_of_its_name() -> None:
    text = "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True, fused=True)"
    pasted = pk.translate(text, to="optax")
    named = pk.translate("torch:SGD", lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True, to="optax")
    assert str(pasted) == str(named)
    assert pasted.words() == [*named.words(), "left out, since it changes no number: fused=True"]


@pytest.mark.parametrize("ending", ["yaml", "json", "py"])
def test_a_file_is_read(ending: str, tmp_path: Path) -> None:
    texts = {
        "yaml": "optimizer:\n  _target_: torch.optim.AdamW\n  lr: 3e-4\n  weight_decay: 1e-1\n",
        "json": json.dumps({"optimizer": {"_target_": "torch.optim.AdamW", "lr": 3e-4, "weight_decay": 0.1}}),
        "py": "from torch.optim import AdamW\noptimizer = AdamW(model.parameters(), lr=3e-4, weight_decay=0.1)\n",
    }
    file = tmp_path / f"config.{ending}"
    file.write_text(texts[ending], "utf-8")
    found = pk.translate(str(file), to="optax")
    assert str(found).startswith("optax.adamw(learning_rate=0.0003,")
    assert found.meaning.weight_decay == 0.1


def test_what_a_text_does_not_tell_may_be_given() -> None:
    found = pk.translate("torch.optim.SGD(p, lr=args.lr, momentum=0.9)", lr=0.2, to="keras")
    assert found.given == {"lr": 0.2, "momentum": 0.9}


def test_what_was_taken_for_whose_is_said() -> None:
    assert (
        "read as torch:SGD, whose arguments these are" in pk.translate("SGD(p, lr=0.1)", to="keras").words()
    )
    words = pk.translate("timm:rmsprop", lr=0.1, to="keras").words()
    assert "timm:rmsprop is torch:RMSprop with alpha=0.9, momentum=0.9" in words


BAD = [
    ("print('torch')", ["print", "no optimizer of a framework", "the nearest are", ","]),
    ("my.package.SGDD(p)", ["my.package.SGDD is no optimizer", "torch:SGD, keras:SGD, optax:sgd"]),
    ("adam(1e-3)", ["adam may be jax:adam, optax:adam", "by its whole name"]),
    ("SGD(lr=0.1, foo=1)", ["has not the arguments of"]),
    ("torch.optim.SGD(p, lr=args.lr)", ["lr is args.lr, code that would have to be run: expected its value"]),
    ("torch.optim.SGD(p, lr=0.1 * scale)", ["lr is 0.1 * scale, code that would have to be run"]),
    ("torch.optim.SGD(p, **config)", ["**config, code that would have to be run"]),
    ("torch.optim.SGD(p, *config)", ["*config, code that would have to be run"]),
    ("for p in q:\n  torch.optim.SGD(p, lr=1)", ["line 1: 'for p in q:' would have to be run"]),
    ("import torch\nif x:\n  torch.optim.SGD(p, lr=1)", ["line 2: 'if x:' would have to be run"]),
    ("torch.optim.SGD(p, lr=0.1", ["is no Python", "expected a whole call"]),
    ("torch.optim.SGD(0.1, 0.9)", ["the first argument is 0.1, expected the parameters"]),
    ("torch.optim.SGD(p, 0.1, lr=0.1)", ["lr is given twice"]),
    ("torch.optim.SGD(p, lr=0.1, momentun=0.9)", ["did you mean 'momentum'"]),
    ("torch.optim.SDG(p)", ["unknown optimizer of torch 'SDG', did you mean 'SGD'"]),
    ("torch.optim.Rprop(p)", ["no equivalent among Polyak's rules"]),
    ("torch.optim.SGD(p, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)", ["10 arguments without a name", "at most 9"]),
    (
        "tf.keras.optimizers.legacy.RMSprop(0.01)",
        ["legacy RMSprop is not today's", "keras.optimizers.RMSprop"],
    ),
    ("torch.optim.SGD(a, lr=1); torch.optim.Adam(b)", ["2 optimizers, expected one"]),
    ("- a\n- b: (", ["neither a call nor a config"]),
    ("{'seed': 1}", ["a config of seed: no optimizer is named in it"]),
    ('{"optimizer": {"type": "AdamW", "params": {"lr": "auto"}}}', ["lr is 'auto', which only a run tells"]),
    ("no_such_file.yaml", ["no_such_file.yaml cannot be read: No such file"]),
    ("MLPClassifier(solver='sgd', alpha=1e-4)", ["alpha, its weight decay, is divided by the rows"]),
    ("TrainingArguments(learning_rate=2e-5, max_grad_norm=0)", ["give total_steps=..."]),
    ("optax.chain(optax.clip(1.0), optax.sgd())", ["optax:sgd needs learning_rate"]),
    ("torch.optim.SGD([{'params': a}, {'params': a}], lr=0.1)", ["the groups of parameters are a, a"]),
    ("x = (1)", ["no optimizer is named in it"]),
    ("(" * 5000, ["is no Python"]),
    (
        "a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
        "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
        ["unfolds to more than"],
    ),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[str(k) for k in range(len(BAD))])
def test_a_bad_text_gets_one_line(text: str, words: list[str], refused: Any) -> None:
    with refused(*words):
        pk.translate(text, to="keras")


def test_a_value_is_not_given_twice(refused: Any) -> None:
    with refused("lr is given twice, in the text and beside it"):
        pk.translate("torch.optim.SGD(p, lr=0.1)", lr=0.2, to="keras")


def test_nothing_is_run(tmp_path: Path) -> None:
    """Code in every place where a value may stand leaves no trace."""
    trace = tmp_path / "was_run"
    code = f"open({str(trace)!r}, 'w')"
    for text in (
        f"torch.optim.SGD({code}, lr=0.1)",
        f"torch.optim.SGD(p, lr={code})",
        f"torch.optim.SGD(p, lr=0.1, foreach={code})",
        f"{code}\ntorch.optim.SGD(p, lr=0.1)",
        f"torch.optim.SGD([q for q in {code}], lr=0.1)",
        f"x = {code}; torch.optim.SGD(p, lr=0.1)",
        f"optimizer: !!python/object/apply:builtins.open [{trace}, w]\nlr: 0.1",
        f"{code}.optim.SGD(p)",
    ):
        with contextlib.suppress(pk.PolyakError):
            pk.translate(text, to="optax")
    assert not trace.exists()


NAMES = [name for name, row in SPELLINGS.items() if row.framework in ("torch", "keras", "optax", "tf1")]


@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_line_by_position_is_the_line_by_name(name: str, data: st.DataObject) -> None:
    """The first arguments without their names, the rest with them."""
    row = SPELLINGS[name]
    numbers = {
        a.name: data.draw(st.floats(0, 0.9))
        for a in row.arguments
        if isinstance(a.default, float) and not a.free
    }
    numbers |= {a.name: 0.5 for a in row.arguments if a.default is REQUIRED}
    leading = []
    for argument in row.arguments:
        if argument.name not in numbers:
            break
        leading.append(argument.name)
    cut = data.draw(st.integers(0, len(leading)))
    parts = [repr(numbers[each]) for each in leading[:cut]]
    parts += [f"{each}={value!r}" for each, value in numbers.items() if each not in leading[:cut]]
    first = ["net.parameters()"] if row.framework == "torch" else []
    text = row.line.format(", ".join(first + parts))
    found = read_recipe(text)
    assert found.spelling is row
    assert dict(found.arguments) == numbers


@given(st.text(alphabet="tocrh.pimSGDA(){}[]=,:'\"\n 01e-*#lr_", max_size=60))
def test_whatever_is_pasted_the_answer_is_a_recipe_or_one_line(text: str) -> None:
    try:
        found: Any = pk.translate(text, to="optax")
    except pk.PolyakError as error:
        found = error
    assert len(str(found).splitlines()) == 1


def test_values_that_only_a_run_tells_stay_code() -> None:
    (call,) = taken_apart("f(2**10, -3, 2**1000000, 1/0, x, y.z, [a], g(1), 1 if b else 2)").calls
    assert call.positional[:2] == (1024, -3)
    assert all(isinstance(each, Unread) for each in (*call.positional[2:6], call.positional[8]))
    assert call.positional[6] == (Unread("a"),)
    assert isinstance(call.positional[7], Call)
