"""States in files and in parts: what is read is what was written, and nothing is ever unpickled."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import h5py
import jax
import numpy as np
import optax
import pytest
import torch
from safetensors.torch import save_file

import polyak as pk

SHAPES = ((4,), (3, 2))


def adamw(**settings: Any) -> Any:
    params = [
        (f"layer.{k}", torch.nn.Parameter(torch.ones(shape, dtype=torch.float64)))
        for k, shape in enumerate(SHAPES)
    ]
    made = torch.optim.AdamW(params, lr=0.1, **settings)
    for k, (_, x) in enumerate(params):
        x.grad = torch.full_like(x, 1.0 + k)
    made.step()
    return made.state_dict()


STATE = adamw()
HOW: dict[str, Any] = {"frm": "torch:AdamW", "to": "optax:adamw", "lr": 0.1}


def same(found: Any, other: Any) -> bool:
    return bool(jax.tree.all(jax.tree.map(np.array_equal, found, other)))


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_issues_own_line_reads_a_checkpoint(wrapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "ckpt.pt"
    torch.save({"optimizer": STATE, "epoch": 3} if wrapped else STATE, path)
    expected = pk.convert_state(STATE, **HOW)
    assert same(pk.convert_state(path, **HOW), expected)
    held = torch.load(path, weights_only=True)
    found = pk.convert_state(
        held["optimizer"] if wrapped else held,
        frm="torch:AdamW",
        to="optax:adamw",
        names=["layer.0", "layer.1"],
        schedule=optax.cosine_decay_schedule(1e-2, 100),
    )
    assert same(found[0], expected[0])


def test_a_file_that_would_have_to_be_unpickled_is_refused(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "all.pt"

    class Trap:
        def __reduce__(self) -> Any:
            return (Path(tmp_path / "sprung").touch, ())

    torch.save({"optimizer": STATE, "model": Trap.__new__(Trap)}, path)
    with refused("all.pt holds more than tensors", "unpickled", "optimizer.state_dict() alone"):
        pk.convert_state(path, **HOW)
    plain = tmp_path / "old.pt"
    plain.write_bytes(pickle.dumps(Trap.__new__(Trap)))
    with refused("old.pt"):
        pk.convert_state(plain, **HOW)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["state.pt", "state.safetensors"])
def test_a_torch_state_goes_into_a_file_and_comes_back(name: str, tmp_path: Path) -> None:
    there = pk.convert_state(STATE, **HOW)
    path = tmp_path / name
    found = pk.convert_state(there, frm="optax:adamw", to="torch:AdamW", lr=0.1, into=path)
    read = pk.convert_state(path, **HOW)
    assert same(read[0], there[0])
    assert found["param_groups"][0]["lr"] == 0.1


def test_orbax_holds_an_optax_state(tmp_path: Path) -> None:
    there = pk.convert_state(STATE, **HOW, into=tmp_path / "state.orbax")
    back = pk.convert_state(
        tmp_path / "state.orbax",
        frm="optax:adamw",
        to="torch:AdamW",
        like=STATE,
        names=["layer.0", "layer.1"],
    )
    assert all(
        torch.equal(back["state"][k][name], STATE["state"][k][name])
        for k in (0, 1)
        for name in ("exp_avg", "step")
    )
    assert there[0].count == 1


def test_a_keras_checkpoint_is_read_and_written(tmp_path: Path, refused: Any) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2))
    with refused("holds no optimizer"):
        pk.convert_state(path, frm="keras:AdamW", to="optax:adamw")
    store = pk.convert_state(STATE, frm="torch:AdamW", to="keras:AdamW", into=path)
    found = pk.convert_state(path, frm="keras:AdamW", to="optax:adamw")
    assert same(found[0], pk.convert_state(STATE, **HOW)[0])
    with h5py.File(path) as file:
        assert [*file["optimizer/vars"]] == [*store]
        assert file["layers/dense/vars/0"][()].sum() == 6
    with refused("nothing.weights.h5", "a model that is there"):
        pk.convert_state(STATE, frm="torch:AdamW", to="keras:AdamW", into=tmp_path / "nothing.weights.h5")


def part(state: Any, keep: list[int], rows: slice | None = None) -> Any:
    """Some arrays of a state, or some rows of all."""
    names = state["param_groups"][0]["param_names"]
    group = {**state["param_groups"][0], "params": keep, "param_names": [names[k] for k in keep]}
    slots = {
        k: {name: x[rows] if rows and x.ndim else x for name, x in state["state"][k].items()} for k in keep
    }
    return {"state": slots, "param_groups": [group]}


def test_parts_with_arrays_of_their_own_and_pieces_of_all_are_one_state(tmp_path: Path, refused: Any) -> None:
    expected = pk.convert_state(STATE, **HOW)
    assert same(pk.convert_state([part(STATE, [0]), part(STATE, [1])], **HOW), expected)
    pieces = [part(STATE, [0, 1], slice(0, 2)), part(STATE, [0, 1], slice(2, 4))]
    like = optax.adamw(0.1).init([np.zeros(shape) for shape in SHAPES])
    names = ["[0]", "[1]"]
    found = pk.convert_state(pieces, **HOW, like=like, names=names)
    assert jax.tree.all(jax.tree.map(np.allclose, found[0], expected[0]))
    with refused("hold pieces of the same arrays", "give like="):
        pk.convert_state(pieces, **HOW)
    with refused("(2,)", "(4,)"):
        pk.convert_state(pieces[:1], **HOW, like=like, names=names)
    with refused("share some arrays and not all"):
        pk.convert_state([STATE, part(STATE, [1])], **HOW)
    paths = [tmp_path / f"{k}.pt" for k in (0, 1)]
    for k, path in enumerate(paths):
        torch.save(part(STATE, [k]), path)
    assert same(pk.convert_state(paths, **HOW), expected)
    later = adamw()
    later["state"][1]["step"] = torch.tensor(7.0)
    with refused("part 1", "at step 1", "part 2 at step 7"):
        pk.convert_state([part(STATE, [0]), part(later, [1])], **HOW)


def test_files_that_are_none_get_one_line(tmp_path: Path, refused: Any) -> None:
    with refused("there is no file"):
        pk.convert_state(tmp_path / "none.pt", **HOW)
    (tmp_path / "a.txt").write_text("x")
    with refused("a.txt is no kind of file", ".safetensors"):
        pk.convert_state(tmp_path / "a.txt", **HOW)
    (tmp_path / "a.pt").write_text("x")
    with refused("a.pt holds more than tensors"):
        pk.convert_state(tmp_path / "a.pt", **HOW)
    save_file({"state.0.exp_avg": torch.ones(2)}, tmp_path / "a.safetensors")
    with refused("has no param_groups in its metadata"):
        pk.convert_state(tmp_path / "a.safetensors", **HOW)
    groups = json.dumps(STATE["param_groups"])
    save_file({"weight": torch.ones(2)}, tmp_path / "b.safetensors", metadata={"param_groups": groups})
    with refused("holds 'weight'", "state.0.exp_avg"):
        pk.convert_state(tmp_path / "b.safetensors", **HOW)
    with refused("does not hold a state of optax"):
        pk.convert_state(STATE, **HOW, into=tmp_path / "x.safetensors")
