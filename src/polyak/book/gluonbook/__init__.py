"""The old names: what the chapter's helper package brought, under Polyak's floors.

The book's first edition calls it `gluonbook`, the second `d2lzh`. Inside `polyak read` these answer to those names,
and `mx` to `mxnet`; elsewhere they are to be had from here, and nothing else changes:

    from polyak.book import gluonbook as gb
"""

from __future__ import annotations

import importlib

from polyak.book.gluonbook.missing import AskedFor, absent

# Where each name stands; imported at its first use, so that naming them costs nothing.
NAMES = {
    **dict.fromkeys(("train_2d", "show_trace_2d"), "trace_2d"),
    "optimize": "by_trainer",
    **dict.fromkeys(("get_data_ch7", "train_ch7", "train_gluon_ch7"), "training"),
    **dict.fromkeys(("linreg", "squared_loss", "sgd", "data_iter"), "from_scratch"),
    **dict.fromkeys(
        ("load_data_fashion_mnist", "get_fashion_mnist_labels", "show_fashion_mnist"), "pictures"
    ),
    **dict.fromkeys(("train_ch3", "evaluate_accuracy", "accuracy", "try_gpu", "try_all_gpus"), "pictures"),
    **dict.fromkeys(("train_ch5", "corr2d"), "networks"),
    **dict.fromkeys(("set_figsize", "use_svg_display", "semilogy"), "figures"),
    **dict.fromkeys(("nd", "autograd", "gluon", "init"), "mx"),
    **{"nn": "mx.gluon", "gdata": "mx.gluon:data", "gloss": "mx.gluon:loss", "mx": ":mx"},
    "plt": "figures:pyplot",
}


def __getattr__(name: str) -> AskedFor:
    if name == "np":
        return importlib.import_module("numpy")
    if name not in NAMES:
        raise AttributeError(absent("gluonbook", name, __dir__()))
    module, _, own = NAMES[name].partition(":")
    if not module:
        return importlib.import_module(f"{__name__}.{own}")
    thing = getattr(importlib.import_module(f"{__name__}.{module}"), own or name)
    return thing() if name == "plt" else thing


def __dir__() -> list[str]:
    return [*NAMES, "np"]
