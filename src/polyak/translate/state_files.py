"""States in files: of `torch.save`, of safetensors, and in Orbax's and Keras's checkpoints; nothing is unpickled."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from polyak.frameworks.state_format import in_words
from polyak.ground.errors import PolyakError
from polyak.ground.extras import need
from polyak.ground.files import whole_file
from polyak.ground.types import Pytree
from polyak.rules import RuleState

INSIDE = (
    "optimizer",
    "optimizer_state_dict",
    "optimizer_state",
    "optim",
    "opt_state",
)  # where a checkpoint keeps it
GROUPS = "param_groups"  # in a safetensors file's metadata, as JSON
WEIGHTS = "model.weights.h5"  # inside a .keras file


class Kind(NamedTuple):
    """A kind of file: the ends of its name, how it is read and written."""

    ends: tuple[str, ...]
    read: Callable[[Path], Pytree]
    write: Callable[[Pytree, Path], None]


def opened(state: Pytree, framework: str, *, one: bool = False) -> Any:  # noqa: ANN401
    """A state, or a list of the parts of one; whatever is the path of a file is read.

    Args:
        state: as it came.
        framework: whose it is, which settles what a list means.
        one: whether it is to be one state, and not parts.
    """
    if one:
        return _read(state) if isinstance(state, str | Path) else state
    parts = state if _is_parts(state, framework) else [state]
    return [_read(part) if isinstance(part, str | Path) else part for part in parts]


def _is_parts(state: object, framework: str) -> bool:
    """A list of files, of state_dicts, of stores, or of an Optax chain's states; of ours, one for each array."""
    if not isinstance(state, list) or not state or any(isinstance(part, RuleState) for part in state):
        return False
    if all(isinstance(part, str | Path) for part in state):
        return True
    if framework in ("torch", "keras", "sklearn"):
        return all(isinstance(part, dict) for part in state)
    return all(isinstance(part, tuple) and not hasattr(part, "_fields") for part in state)


def written(state: Pytree, into: str | Path, framework: str) -> None:
    """A state into a file of the kind that the end of its name says.

    Raises PolyakError for an end that is of no kind, and for a kind that does not hold such a state.
    """
    path = Path(into)
    kind = ORBAX if not path.suffix else _kind(path)
    if kind is None:
        raise PolyakError(f"{path.name} is no kind of file that a state is written into: expected {_ends()}")
    plain = {"torch": (".pt", ".safetensors"), "keras": (".h5",), "optax": (".orbax",), "polyak": (".orbax",)}
    if not {*plain.get(framework, ())} & {*kind.ends}:
        fit = " or ".join(plain.get(framework, ())) or "none"
        raise PolyakError(
            f"{path.name} does not hold a state of {framework}: expected a name that ends in {fit}"
        )
    kind.write(state, path)


def _read(given: str | Path) -> Pytree:
    path = Path(given)
    if not path.exists():
        raise PolyakError(f"there is no file {path}")
    kind = _kind(path)
    if kind is None:
        raise PolyakError(f"{path.name} is no kind of file that a state is read from: expected {_ends()}")
    try:
        return kind.read(path)
    except PolyakError:
        raise
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), "")[:160]
        raise PolyakError(
            f"{path.name} cannot be read as {kind.ends[0]}: {type(error).__name__}: {line}"
        ) from None


def _kind(path: Path) -> Kind | None:
    if path.is_dir():
        return ORBAX
    return next((kind for kind in (*KINDS, ORBAX) if path.name.endswith(kind.ends)), None)


def _ends() -> str:
    return ", ".join(end for kind in KINDS for end in kind.ends) + ", or a folder of Orbax's, .orbax"


# torch.save


def _torch_read(path: Path) -> Pytree:
    """With weights_only: tensors and plain containers, whatever else a file holds is refused by torch itself."""
    need("torch", what=f"the state in {path.name}", extra="torch")
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:
        if "weights_only" not in str(error) and "Weights only" not in str(error):
            raise
        raise PolyakError(
            f"{path.name} holds more than tensors, and would have to be unpickled: save optimizer.state_dict() alone"
        ) from None
    return _found_inside(held, path)


def _found_inside(held: Pytree, path: Path) -> Pytree:
    """The state_dict, or the one of a checkpoint that holds the model's beside it."""
    if not isinstance(held, dict) or {"state", GROUPS} <= held.keys():
        return held
    there = [held[key] for key in INSIDE if isinstance(held.get(key), dict)]
    if len(there) != 1:
        raise PolyakError(
            f"{path.name} holds {in_words(held)} and {len(there)} optimizers' states, expected one under"
            f" {', '.join(INSIDE)}"
        )
    return there[0]


def _torch_write(state: Pytree, path: Path) -> None:
    import torch

    with whole_file(path) as partly:
        torch.save(state, partly)


# safetensors: state.<parameter>.<slot>, the groups in the metadata


def _safetensors_read(path: Path) -> Pytree:
    need("safetensors", what=f"the state in {path.name}", extra="checkpoints")
    from safetensors import safe_open

    state: dict[int, dict[str, Any]] = {}
    with safe_open(path, framework="pt") as file:
        groups = (file.metadata() or {}).get(GROUPS)
        if groups is None:
            raise PolyakError(
                f"{path.name} has no {GROUPS} in its metadata, expected the JSON of optimizer.state_dict()['{GROUPS}']"
            )
        for key in file.keys():  # noqa: SIM118
            said = re.fullmatch(r"state\.(\d+)\.(\w+)", key)
            if said is None:
                raise PolyakError(f"{path.name} holds '{key}', expected names such as state.0.exp_avg")
            state.setdefault(int(said[1]), {})[said[2]] = file.get_tensor(key)
    return {"state": state, GROUPS: json.loads(groups)}


def _safetensors_write(state: Pytree, path: Path) -> None:
    need("safetensors", what=f"the state in {path.name}", extra="checkpoints")
    from safetensors.torch import save_file

    tensors = {
        f"state.{index}.{name}": value.contiguous()
        for index, slots in state["state"].items()
        for name, value in slots.items()
        if value is not None
    }
    with whole_file(path) as partly:
        save_file(tensors, partly, metadata={GROUPS: json.dumps(state[GROUPS])})


# Keras: optimizer/vars/<number> in the HDF5 file of a model's weights


def _keras_read(path: Path) -> Pytree:
    need("h5py", what=f"the state in {path.name}", extra="checkpoints")
    import h5py

    if path.suffix == ".keras":
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(WEIGHTS) as inside,
            h5py.File(inside, "r") as file,
        ):
            return _store(file, path)
    with h5py.File(path, "r") as file:
        return _store(file, path)


def _store(file: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401
    if "optimizer/vars" not in file:
        raise PolyakError(
            f"{path.name} holds no optimizer: it is saved with a model that was compiled and trained"
        )
    return {key: np.asarray(value) for key, value in file["optimizer/vars"].items()}


def _keras_write(state: Pytree, path: Path) -> None:
    """Into the file of a model's weights that is there, whose optimizer is replaced."""
    need("h5py", what=f"the state in {path.name}", extra="checkpoints")
    import shutil

    import h5py

    if not path.exists() or path.suffix == ".keras":
        raise PolyakError(
            f"{path.name}: a state goes into the .weights.h5 of a model that is there, which has none"
        )
    with whole_file(path) as partly:
        shutil.copyfile(path, partly)
        with h5py.File(partly, "r+") as file:
            if "optimizer" in file:
                del file["optimizer/vars"]
            for key, value in state.items():
                file[f"optimizer/vars/{key}"] = value


# Orbax: a tree, whose named tuples are dicts of their fields by the time that it is read


def _orbax_read(path: Path) -> Pytree:
    need("orbax.checkpoint", what=f"the state in {path.name}", extra="checkpoints")
    import jax
    import orbax.checkpoint as ocp

    with jax.enable_x64(True), ocp.StandardCheckpointer() as checkpointer:
        held = checkpointer.restore(path.absolute())
    if isinstance(held, dict):
        there = [held[key] for key in INSIDE if key in held]
        if len(there) == 1:
            held = there[0]
    return _as_states(held)


def _orbax_write(state: Pytree, path: Path) -> None:
    need("orbax.checkpoint", what=f"the state in {path.name}", extra="checkpoints")
    import jax
    import orbax.checkpoint as ocp

    with jax.enable_x64(True), ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(path.absolute(), state)


def _as_states(node: Pytree) -> Pytree:
    """Dicts with the fields of one of Optax's states as this state, lists as the tuples that they were."""
    if isinstance(node, dict):
        made = _named_tuple({*node})
        inner = {key: _as_states(value) for key, value in node.items()}
        return made(**inner) if made is not None else inner
    if isinstance(node, list | tuple):
        return tuple(_as_states(each) for each in node)
    if node is None:
        import optax

        return optax.EmptyState()
    return node


def _named_tuple(fields: set[str]) -> Callable[..., Any] | None:
    """The state that has these fields, of those that are read: several may, and which it is the user has said."""
    if fields == {*RuleState._fields}:
        return RuleState
    import optax

    from polyak.frameworks.optax.state import FIELDS, INSIDE, SCHEDULES

    known: Iterable[Any] = (getattr(optax, name, None) for name in (*FIELDS, *SCHEDULES, *INSIDE))
    return next((kind for kind in known if fields and {*getattr(kind, "_fields", ())} == fields), None)


KINDS = (
    Kind((".pt", ".pth", ".bin", ".ckpt"), _torch_read, _torch_write),
    Kind((".safetensors",), _safetensors_read, _safetensors_write),
    Kind((".h5", ".keras"), _keras_read, _keras_write),
)
ORBAX = Kind((".orbax",), _orbax_read, _orbax_write)
