"""The guide to adding a framework: its files, as they stand there, are one that the whole house knows."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import polyak as pk
from new_framework import added

GUIDE = Path(__file__).parents[2] / "docs" / "adding" / "framework.md"
FILE = re.compile(r'^```python title="(?:[\w/]*/)?(\w+\.py)"\n(.*?)^```', re.DOTALL | re.MULTILINE)
FILES = dict(FILE.findall(GUIDE.read_text("utf-8")))
CALLED = "momenta:Momentum"
SETTINGS = {"lr": 0.1, "mass": 0.9}


@pytest.fixture(autouse=True)
def momenta(tmp_path: Path) -> Iterator[None]:
    """The framework installed, and its folder registered."""
    (tmp_path / "momenta.py").write_text(FILES["momenta.py"], "utf-8")
    about = tmp_path / "momenta-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: momenta\nVersion: 1.0\n")
    folder = {name: text for name, text in FILES.items() if name != "momenta.py"}
    with added(tmp_path, "momenta", folder):
        yield
    sys.modules.pop("momenta", None)


def test_every_file_of_a_folder_is_shown() -> None:
    assert set(FILES) == {
        "momenta.py",
        "__init__.py",
        "spelling.py",
        "stepper.py",
        "state.py",
        "bridge.py",
        "reading.py",
    }


def test_it_is_in_the_catalogue() -> None:
    assert CALLED in pk.frameworks.SPELLINGS
    assert "momenta" in pk.frameworks.FRAMEWORKS
    with pytest.raises(pk.PolyakError, match="did you mean 'Momentum'"):
        pk.translate("momenta:Momentun", to="torch")
    with pytest.raises(pk.PolyakError, match="momenta:Yogi has no equivalent"):
        pk.translate("momenta:Yogi", to="torch")


def test_it_is_not_imported_to_translate() -> None:
    assert str(pk.translate(CALLED, to="torch", **SETTINGS)).startswith(
        "torch.optim.SGD(lr=0.1, momentum=0.9"
    )
    assert "momenta" not in sys.modules


@pytest.mark.parametrize(("to", "equal"), [("keras", "always"), ("torch", "at constant lr")])
def test_it_is_translated_and_its_proof_runs_it(to: str, equal: str) -> None:
    there = pk.translate(CALLED, to=to, **SETTINGS)
    assert there.equal == equal
    back = pk.translate(there.target.name, to="momenta", **there.arguments)
    assert str(back) == "momenta.Momentum(params, lr=0.1, mass=0.9)"
    proof = there.check(steps=60)
    assert proof.holds
    assert proof.sides[0] == "momenta 1.0"
    assert (proof.gap_after_drop > 0.01) == (equal == "at constant lr")


def test_its_class_and_its_name_are_verified() -> None:
    import momenta

    for candidate in (CALLED, momenta.Momentum):
        report = pk.verify(
            candidate, against="keras:SGD", learning_rate=0.02, candidate_settings={"mass": 0.0}
        )
        assert report.equal, str(report)
    torchs = pk.verify(CALLED, against="torch:SGD", lr=0.02, momentum=0.9, candidate_settings={"mass": 0.9})
    assert torchs.verdict == "equal at constant lr only"


def test_its_states_go_across() -> None:
    state = {"velocities": [np.array([-1.0, 2.0])]}
    torchs = pk.convert_state(state, frm=CALLED, to="torch:SGD", lr=0.5, momentum=0.9)
    np.testing.assert_array_equal(torchs["state"][0]["momentum_buffer"], [2.0, -4.0])
    back = pk.convert_state(torchs, frm="torch:SGD", to=CALLED, lr=0.5)
    np.testing.assert_array_equal(back["velocities"][0], state["velocities"][0])


def test_the_table_of_conventions_runs_it() -> None:
    from polyak.translate.conventions_table import table

    (row,) = (row for row in table() if row[0] == CALLED)
    assert row[1:5] == ("momenta 1.0", "v = m v + a g, x -= v", "0.5 0.25 0.125 0.0625", "yes")


def test_the_lab_lists_it() -> None:
    from polyak.lab.computing.spellings import frameworks

    assert "momenta" in frameworks()


def test_its_models_are_read() -> None:
    momenta = importlib.import_module("momenta")
    generator = np.random.default_rng(0)
    x, y, v = generator.standard_normal((5, 3)), generator.standard_normal(5), generator.standard_normal(3)
    model = pk.model(momenta.LeastSquares([1.0, 2.0, 3.0]), [(x, y)])
    assert str(model).startswith("LeastSquares of momenta: 3 parameters in 1 array, 5 rows; loss")
    assert model.bridge.places([model.bridge.model.w]) == (0,)
    with model.bridge.on(model.bridge.first) as local:
        np.testing.assert_allclose(local.hessian(v), 2 / 5 * x.T @ x @ v)
        np.testing.assert_allclose(local.gradient(), 2 / 5 * x.T @ (x @ [1.0, 2.0, 3.0] - y))
        assert model.loss == local.loss_at(local.outputs())


def test_its_optimizers_are_read_in_mid_training() -> None:
    momenta = importlib.import_module("momenta")
    x = np.random.default_rng(0).standard_normal((5, 3))
    net = momenta.LeastSquares([1.0, 2.0, 3.0])
    model = pk.model(net, [(x, np.zeros(5))])
    found = pk.stability(momenta.Momentum([net.w], lr=0.1, mass=0.5), model)
    assert found.max_lr == pytest.approx(3 / np.linalg.eigvalsh(2 / 5 * x.T @ x)[-1], rel=1e-3)
    with pytest.raises(pk.PolyakError, match="are not the model's"):
        pk.stability(momenta.Momentum([np.ones(3)], lr=0.1), model)
