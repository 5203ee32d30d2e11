"""The old names as modules: found where they are installed, and nowhere else."""

import importlib
import importlib.util
import subprocess
import sys
import types

import pytest

from polyak.book import gluonbook
from polyak.book.gluonbook import aliases


def test_nothing_is_installed_by_importing_and_little_is_imported():
    program = (
        "import sys; from polyak.book.gluonbook import aliases; aliases.install(); import gluonbook, d2lzh, mxnet;"
        "print(sorted({'jax', 'numpy', 'matplotlib', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    finders = len(sys.meta_path)
    importlib.reload(aliases)
    assert len(sys.meta_path) == finders


def test_the_plane_and_arrays_need_no_jax():
    program = (
        "import matplotlib, sys; matplotlib.use('Agg')\n"
        "from polyak.book.gluonbook import aliases; aliases.install()\n"
        "import gluonbook as gb\nfrom mxnet import autograd, nd\n"
        "gb.show_trace_2d(lambda a, b: a * a + b * b, gb.train_2d(lambda a, b, s, t: (a / 2, b / 2, s, t)))\n"
        "x = nd.ones(3)\nx.attach_grad()\n"
        "with autograd.record():\n    y = gb.squared_loss(x * 3, nd.zeros(3))\n"
        "y.backward()\nprint(x.grad.asnumpy(), 'jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "epoch 20, x1 -0.000005, x2 -0.000002\n[9. 9. 9.] False\n"


def test_outside_they_are_whatever_the_reader_has():
    for name in ("gluonbook", "d2lzh", "mxnet"):
        spec = importlib.util.find_spec(name)
        assert spec is None or not isinstance(spec.loader, aliases.Finder)


def test_every_old_module_is_found_and_ours_answer(old_names):
    for old, ours in aliases.OURS.items():
        module, answering = importlib.import_module(old), importlib.import_module(ours)
        for name in dir(module):
            assert getattr(module, name) is not None, (old, name)
            if f"{old}.{name}" not in aliases.OURS and not isinstance(
                getattr(module, name), types.ModuleType
            ):
                assert type(getattr(module, name)) is type(getattr(answering, name))


def test_the_imports_of_the_chapters(old_names):
    space = {}
    exec(
        "import gluonbook as gb\nimport d2lzh as d2l\nimport mxnet as mx\n"
        "from mxnet import autograd, gluon, init, nd, random\nimport mxnet.ndarray as F\n"
        "from mxnet.gluon import nn, data as gdata, loss as gloss\nfrom mxnet.gluon.nn import Dense\n"
        "from mxnet.gluon.loss import *\nfrom gluonbook import *\n",
        space,
    )
    assert space["gb"].train_2d is space["d2l"].train_2d is gluonbook.train_2d
    assert space["nd"].array([1]).context == space["mx"].cpu()
    assert space["F"].NDArray is space["nd"].NDArray is space["mx"].nd.NDArray
    assert space["Dense"] is space["nn"].Dense
    assert space["L2Loss"] is space["gloss"].L2Loss
    assert space["train_ch7"] is gluonbook.train_ch7
    assert space["gb"].plt is importlib.import_module("matplotlib.pyplot")
    assert space["gb"].np is importlib.import_module("numpy")
    assert space["mx"].nd is space["nd"]
    assert space["mx"].nd.random.normal is space["mx"].random.normal


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "from gluonbook import train_ch9",
            ["gluonbook has no 'train_ch9' here; Polyak brings: train_ch"],
        ),
        (
            "import gluonbook as gb; gb.train_ch9",
            ["gluonbook has no 'train_ch9' here; Polyak brings: train_ch"],
        ),
        ("import d2lzh; d2lzh.resnet18", ["d2lzh has no 'resnet18' here"]),
        ("from mxnet import symbol", ["mxnet has no 'symbol' here; Polyak brings: "]),
        ("import mxnet.symbol", ["mxnet has no 'symbol' here"]),
        ("from mxnet.gluon import rnn", ["mxnet.gluon has no 'rnn' here"]),
        ("from mxnet.gluon.nn import Conv3D", ["mxnet.gluon.nn has no 'Conv3D' here"]),
        ("from mxnet import nd; nd.sqroot", ["mxnet.nd has no 'sqroot' here; Polyak brings: sqrt, "]),
        ("import mxnet; mxnet.init.MSRAPrelu", ["mxnet.init has no 'MSRAPrelu' here"]),
        ("from mxnet import autograd; autograd.Function", ["mxnet.autograd has no 'Function' here"]),
    ],
)
def test_a_name_that_is_missing_is_named_with_what_there_is(statement, words, old_names):
    with pytest.raises((AttributeError, ImportError)) as caught:
        exec(statement, {})
    assert len(str(caught.value).splitlines()) == 1
    for word in words:
        assert word in str(caught.value)


def test_what_is_missing_can_be_asked_for(old_names):
    import gluonbook as gb

    assert not hasattr(gb, "train_ch9")
    assert hasattr(gb, "train_ch7")
    assert "train_ch7" in dir(gb)
    with pytest.raises(AttributeError, match="gluonbook has no 'train_ch9' here"):
        gluonbook.train_ch9  # noqa: B018


def test_the_readers_own_modules_stand_aside_and_come_back(monkeypatch):
    own = types.ModuleType("mxnet")
    monkeypatch.setitem(sys.modules, "mxnet", own)
    aliases.install()
    aliases.install()  # a second time changes nothing
    try:
        import mxnet

        assert mxnet is not own
    finally:
        aliases.uninstall()
    assert sys.modules["mxnet"] is own
    assert not any(isinstance(finder, aliases.Finder) for finder in sys.meta_path)
    aliases.uninstall()
    assert not [name for name in sys.modules if name.startswith(("gluonbook", "d2lzh", "mxnet."))]


def test_a_page_finds_out_that_there_is_no_gpu(old_names):
    import mxnet as mx
    from mxnet import nd

    with pytest.raises(mx.base.MXNetError, match="there is no device gpu"):
        nd.zeros((1,), ctx=mx.gpu())
