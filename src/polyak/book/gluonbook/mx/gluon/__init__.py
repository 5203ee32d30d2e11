"""Layers, losses, data and the Trainer of the old pages."""

from polyak.book.gluonbook.missing import absent
from polyak.book.gluonbook.mx.gluon import data, loss, nn
from polyak.book.gluonbook.mx.gluon.block import Block, HybridBlock
from polyak.book.gluonbook.mx.gluon.parameter import Parameter, ParameterDict
from polyak.book.gluonbook.mx.gluon.trainer import Trainer

__all__ = ["Block", "HybridBlock", "Parameter", "ParameterDict", "Trainer", "data", "loss", "nn"]


def __getattr__(name: str) -> object:
    raise AttributeError(absent("mxnet.gluon", name, __all__))
