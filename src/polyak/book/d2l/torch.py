"""`d2l.torch`: each name where it stands, imported at its first use."""

from __future__ import annotations

import importlib

from polyak.book.gluonbook.missing import AskedFor, absent

NAMES = {
    **dict.fromkeys(("use_svg_display", "set_figsize"), "polyak.book.gluonbook.figures"),
    **dict.fromkeys(("plot", "set_axes", "Animator", "annotate", "show_images"), "polyak.book.d2l.plots"),
    **dict.fromkeys(("Timer", "Accumulator", "Benchmark"), "polyak.book.d2l.measures"),
    **dict.fromkeys(("train_2d", "show_trace_2d"), "polyak.book.d2l.plane"),
    **dict.fromkeys(("DATA_HUB", "DATA_URL", "download"), "polyak.book.d2l.downloads"),
    **dict.fromkeys(
        (
            "get_data_ch11",
            "train_ch11",
            "train_concise_ch11",
            "load_array",
            "evaluate_loss",
            "linreg",
            "squared_loss",
            "sgd",
            "synthetic_data",
        ),
        "polyak.book.d2l.regression",
    ),
    **dict.fromkeys(
        (
            "load_data_fashion_mnist",
            "accuracy",
            "evaluate_accuracy_gpu",
            "train_ch6",
            "cpu",
            "gpu",
            "num_gpus",
            "try_gpu",
            "try_all_gpus",
        ),
        "polyak.book.d2l.pictures",
    ),
}
# What the book calls by its own name for every framework: torch's function of that name, or its method.
FUNCTIONS = {
    **{
        name: name
        for name in (
            *(
                "ones_like",
                "ones",
                "zeros_like",
                "zeros",
                "tensor",
                "arange",
                "meshgrid",
                "sin",
                "sinh",
                "cos",
                "cosh",
            ),
            *(
                "tanh",
                "linspace",
                "exp",
                "log",
                "normal",
                "rand",
                "randn",
                "matmul",
                "stack",
                "abs",
                "eye",
                "sigmoid",
            ),
        )
    },
    "int32": "int32",
    "int64": "int64",
    "float32": "float32",
    "concat": "cat",
    "batch_matmul": "bmm",
}
# Under another name of ours.
ELSEWHERE = {"get_fashion_mnist_labels": ("polyak.data.fashion_mnist", "names_of")}
# Where each name stands, and what it is called there.
PLACES = {
    **ELSEWHERE,
    **{name: (module, name) for name, module in NAMES.items()},
    **{name: ("torch", own) for name, own in FUNCTIONS.items()},
}
METHODS = {
    "size": "numel",
    "reshape": "reshape",
    "to": "to",
    "reduce_sum": "sum",
    "argmax": "argmax",
    "astype": "type",
    "transpose": "t",
    "reduce_mean": "mean",
    "expand_dims": "unsqueeze",
    "swapaxes": "swapaxes",
    "repeat": "repeat",
}


MODULES = {"plt": "matplotlib.pyplot", "np": "numpy", "nn": "torch.nn", "torch": "torch"}


def method(name: str) -> AskedFor:
    """A method of what is given first, as a function."""

    def call(tensor: AskedFor, *given: object, **options: object) -> AskedFor:
        return getattr(tensor, name)(*given, **options)

    return call


def numpy(tensor: AskedFor, *given: object, **options: object) -> AskedFor:
    """A tensor as NumPy has it."""
    return tensor.detach().numpy(*given, **options)


def __getattr__(name: str) -> AskedFor:
    if name in METHODS:
        return method(METHODS[name])
    if name in MODULES:
        return importlib.import_module(MODULES[name])
    if name in PLACES:
        module, own = PLACES[name]
        return getattr(importlib.import_module(module), own)
    raise AttributeError(absent("d2l.torch", name, __dir__()))


def __dir__() -> list[str]:
    return [*PLACES, *METHODS, *MODULES, "numpy"]
