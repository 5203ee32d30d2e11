"""What a setup() may return, and what is said where it returns something else."""

from __future__ import annotations

import importlib.util

import pytest

from polyak.cli.setups import as_setup, setup_from
from polyak.ground.errors import PolyakError


def test_model_optimizer_batches_in_order():
    torch = as_setup(("net", "loss", "sgd", ["batch"]))
    assert (torch.parts, torch.optimizer, torch.batches) == (("net", "loss"), "sgd", ["batch"])
    keras = as_setup(["model", "adam", ["batch"]])
    assert (keras.parts, keras.optimizer) == (("model",), "adam")


def test_a_dict_says_the_same_in_any_order():
    jax = as_setup(
        {"batches": [1], "optimizer": "adam", "state": 2, "params": 3, "loss": abs, "batch_size": 64}
    )
    assert jax.parts == (abs, 3)  # the order that pk.model takes
    assert (jax.state, jax.batch_size, jax.batches) == (2, 64, [1])
    torch = as_setup({"net": 1, "loss": 2, "optimizer": 3, "loader": [4], "rows": len})
    assert (torch.parts, torch.batches, torch.rows) == ((1, 2), [4], len)
    assert as_setup({"model": 1, "optimizer": 3, "batches": [4]}).parts == (1,)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, "returns nothing, expected (model, optimizer, batches)"),
        ((1, 2), "returns a tuple of 2, expected (model, optimizer, batches)"),
        (3.0, "returns a float"),
        ({"model": 1, "optimizer": 2}, "without 'batches'"),
        ({"model": 1, "batches": [2]}, "without 'optimizer'"),
        (
            {"model": 1, "optimizer": 2, "batches": [3], "forward": 4},
            "'forward' is an int, expected a function",
        ),
        ({"modell": 1, "optimizer": 2, "batches": [3]}, "'modell', did you mean 'model'?"),
        (
            {"params": 1, "optimizer": 2, "batches": [3]},
            "expected model and loss (torch), loss and params (JAX)",
        ),
        ({"optimizer": 2, "batches": [3]}, "returns a dict with no model"),
        ({"model": 1, "optimizer": 2, "batches": [3], "batch_size": 0}, "batch_size is 0"),
    ],
)
def test_what_is_no_setup_is_one_line(made, said):
    with pytest.raises(PolyakError) as error:
        as_setup(made)
    assert said in str(error.value)


def test_a_function_in_a_file_is_called(folder):
    (folder / "mine.py").write_text(
        "def setup(steps=3):\n    return 'net', steps, 'sgd', [1]\n"
        "def needs(net):\n    return net\n"
        "def fails():\n    return 1 / 0\n"
        "def leaves():\n    raise SystemExit(3)\n"
        "number = 3\n"
    )
    assert setup_from("mine.py:setup").parts == ("net", 3)
    for name, said in {
        "needs": "mine.py:needs needs net, expected a function that is called with nothing",
        "fails": "mine.py, line 6: ZeroDivisionError: division by zero",
        "leaves": "mine.py, line 8: SystemExit: 3",
        "number": "mine.py:number is an int, expected a function",
        "setupp": "unknown name in mine.py 'setupp', did you mean 'setup'?",
    }.items():
        with pytest.raises(PolyakError) as error:
            setup_from(f"mine.py:{name}")
        assert said in str(error.value)
    with pytest.raises(PolyakError, match="names no file"):
        setup_from("mine")


EXAMPLES = {"jax_loss": (), "torch_conv": ("torch", "sklearn"), "torch_transformer": ("torch",)}
EXAMPLES |= {"flax_mlp": ("flax", "optax", "sklearn"), "keras_mlp": ("keras", "sklearn")}


@pytest.mark.parametrize("name", ["jax_loss", "torch_transformer"])
def test_the_examples_are_setups(name, request):
    """The others are run by the tests of their frameworks' bridges and of the diagnosis."""
    for module in EXAMPLES[name]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    place = request.config.rootpath / "examples" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    made = as_setup(module.setup(steps=1))
    from polyak.models import model

    looked_at = model(*made.parts, made.batches, forward=made.forward)
    assert looked_at.rows > 500
    assert looked_at.bridge.size < 30_000
