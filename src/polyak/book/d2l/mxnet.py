"""`d2l.mxnet`: each name where it stands, imported at its first use; arrays and layers are the old names' own."""

from __future__ import annotations

import importlib
from operator import attrgetter

from polyak.book.d2l import torch as others
from polyak.book.gluonbook.missing import AskedFor, absent

OLD = "polyak.book.gluonbook"
HERE = [
    "get_data_ch11",
    "load_array",
    "evaluate_loss",
    "train_ch11",
    "train_concise_ch11",
    "accuracy",
    "evaluate_accuracy_gpu",
    "train_ch6",
    "show_trace_2d",
]
NAMES = {
    # What no framework has a part in is the same in every tab.
    **{
        name: place
        for name, place in others.NAMES.items()
        if place.rpartition(".")[2] not in ("regression", "pictures")
    },
    **dict.fromkeys(HERE, "polyak.book.d2l.on_mxnet"),
    **dict.fromkeys(("linreg", "squared_loss", "sgd"), f"{OLD}.from_scratch"),
    **dict.fromkeys(("load_data_fashion_mnist", "try_gpu", "try_all_gpus"), f"{OLD}.pictures"),
    **dict.fromkeys(("cpu", "gpu", "num_gpus"), f"{OLD}.mx.context"),
    **dict.fromkeys(("corr2d", "train_ch5"), f"{OLD}.networks"),
}
# What the book calls by its own name for every framework: a function of `np`, or an array's method.
FUNCTIONS = [
    "ones_like",
    "ones",
    "zeros_like",
    "zeros",
    "arange",
    "meshgrid",
    "linspace",
    "stack",
    "abs",
    "eye",
    "sin",
    "sinh",
    "cos",
    "cosh",
    "tanh",
    "exp",
    "log",
    "expand_dims",
    "matmul",
    "int32",
    "int64",
    "float32",
]
RENAMED = {"tensor": "array", "concat": "concatenate"}
RENAMED |= {name: f"random.{name}" for name in ("normal", "rand", "randn")}
# Where each name stands, and what it is called there.
PLACES = {
    **{name: (module, name) for name, module in NAMES.items()},
    **{name: (f"{OLD}.mx.np", RENAMED.get(name, name)) for name in (*FUNCTIONS, *RENAMED)},
    "sigmoid": (f"{OLD}.mx.nd", "sigmoid"),
}
METHODS = {"to": "as_in_context", "numpy": "asnumpy", "reduce_sum": "sum", "reduce_mean": "mean"}
METHODS |= {name: name for name in ("reshape", "argmax", "astype", "swapaxes")}
ATTRIBUTES = {"size": "size", "transpose": "T"}
MODULES = {
    "plt": "matplotlib.pyplot",
    "np": f"{OLD}.mx.np",
    "npx": f"{OLD}.mx.npx",
    "nn": f"{OLD}.mx.gluon.nn",
}


def __getattr__(name: str) -> AskedFor:
    if name in METHODS:
        return others.method(METHODS[name])
    if name in ATTRIBUTES:
        return attrgetter(ATTRIBUTES[name])
    if name in MODULES:
        return importlib.import_module(MODULES[name])
    if name not in PLACES:
        raise AttributeError(absent("d2l.mxnet", name, __dir__()))
    module, own = PLACES[name]
    return attrgetter(own)(importlib.import_module(module))


def __dir__() -> list[str]:
    return [*PLACES, *METHODS, *ATTRIBUTES, *MODULES]
