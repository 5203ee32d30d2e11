"""Layers over pictures: convolution, pooling, and batch normalisation."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from polyak.book.gluonbook.mx.array import NDArray
from polyak.book.gluonbook.mx.gluon.block import HybridBlock
from polyak.book.gluonbook.mx.init import How
from polyak.book.gluonbook.mx.nd import Length, pair
from polyak.book.gluonbook.mx.tape import mode, switched
from polyak.book.gluonbook.mx.values import Axis
from polyak.ground.errors import PolyakError


class Conv2D(HybridBlock):
    """A convolution of pictures (rows, channels, height, width), and an activation.

    Args:
        channels: how many filters, which are the channels that come out.
        kernel_size: of the window.
        strides, padding, dilation: of the window's places; see `nd.Convolution`.
        groups: parts of the channels that see nothing of one another.
        activation: relu, sigmoid, tanh or softrelu; none where left out.
        in_channels: told by the first batch where left out.

    >>> from polyak.book.gluonbook.mx import nd
    >>> layer = Conv2D(6, kernel_size=5, padding=2)
    >>> layer.initialize()
    >>> layer(nd.ones((4, 1, 28, 28))).shape, layer.weight.shape
    ((4, 6, 28, 28), (6, 1, 5, 5))
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Length,
        strides: Length = 1,
        padding: Length = 0,
        dilation: Length = 1,
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: How = None,
        bias_initializer: How = "zeros",
        in_channels: int = 0,
        **names: Any,
    ) -> None:
        super().__init__(**names)
        if layout != "NCHW":
            raise PolyakError(f"layout is {layout!r}, expected 'NCHW': rows, channels, height, width")
        if channels % groups:
            raise PolyakError(f"{channels} channels cannot be divided into {groups} groups")
        self._channels, self._kernel, self._groups, self.act = channels, pair(kernel_size), groups, activation
        self._places = {"stride": pair(strides), "pad": pair(padding), "dilate": pair(dilation)}
        self.weight = self.params.get(
            "weight", shape=(channels, in_channels // groups, *self._kernel), init=weight_initializer
        )
        self.bias = self.params.get("bias", shape=(channels,), init=bias_initializer) if use_bias else None

    def infer_shape(self, x: NDArray) -> None:
        """As many channels of W as the pictures have."""
        if len(x.shape) != 4:
            raise PolyakError(
                f"Conv2D is given an array of shape {x.shape}, expected (rows, channels, height, width)"
            )
        if self.weight.shape[1] == 0:
            self.weight.shape = (self._channels, x.shape[1] // self._groups, *self._kernel)

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """The convolution, and the activation of each number."""
        out: NDArray = F.Convolution(
            x, own["weight"], own.get("bias"), num_group=self._groups, **self._places
        )
        return out if self.act is None else F.Activation(out, self.act)

    def __repr__(self) -> str:
        act = f", Activation({self.act})" if self.act else ""
        inputs = self.weight.shape[1] * self._groups or None
        return f"Conv2D({inputs} -> {self._channels}, kernel_size={self._kernel}{act})"


class _Pool(HybridBlock):
    """The base of what pools."""

    kind = ""

    def __init__(
        self,
        pool_size: Length = 2,
        strides: Length | None = None,
        padding: Length = 0,
        ceil_mode: bool = False,
        layout: str = "NCHW",
        count_include_pad: bool = True,
        **names: Any,
    ) -> None:
        super().__init__(**names)
        if layout != "NCHW":
            raise PolyakError(f"layout is {layout!r}, expected 'NCHW': rows, channels, height, width")
        self._options: dict[str, object] = {
            "kernel": pair(pool_size),
            "stride": pair(pool_size if strides is None else strides),
            "pad": pair(padding),
            "pooling_convention": "full" if ceil_mode else "valid",
            "count_include_pad": count_include_pad,
        }

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """One number for each window."""
        pooled: NDArray = F.Pooling(x, pool_type=self.kind, **self._options)
        return pooled

    def __repr__(self) -> str:
        words = ", ".join(
            f"{name}={self._options[name]}" for name in ("kernel", "stride", "pad") if name in self._options
        )
        return f"{type(self).__name__}({words})"


class MaxPool2D(_Pool):
    """The largest number that each window sees."""

    kind = "max"


class AvgPool2D(_Pool):
    """The mean of what each window sees."""

    kind = "avg"


class _GlobalPool(_Pool):
    def __init__(self, layout: str = "NCHW", **names: Any) -> None:
        super().__init__(layout=layout, **names)
        self._options = {"global_pool": True}


class GlobalMaxPool2D(_GlobalPool):
    """The largest number of each channel."""

    kind = "max"


class GlobalAvgPool2D(_GlobalPool):
    """The mean of each channel."""

    kind = "avg"


class BatchNorm(HybridBlock):
    """Each channel brought to mean 0 and variance 1, then to a scale gamma and a shift beta that are learned.

        y = gamma (x - mean)/sqrt(variance + epsilon) + beta

    In training, mean and variance are those of the batch, and running ones follow them, r <- momentum r +
    (1 - momentum) batch's; in prediction the running ones stand. Ioffe, S. & Szegedy, C. (2015), algorithms 1 and 2.

    Args:
        axis: of the channels.
        momentum: of the running mean and variance.
        epsilon: added to the variance.
        center, scale: whether beta, and gamma, are learned; else they are 0 and 1.
        use_global_stats: whether the running ones stand in training too.
    """

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: How = "zeros",
        gamma_initializer: How = "ones",
        running_mean_initializer: How = "zeros",
        running_variance_initializer: How = "ones",
        in_channels: int = 0,
        **names: Any,
    ) -> None:
        super().__init__(**names)
        self._axis, self._momentum, self._epsilon, self._running = axis, momentum, epsilon, use_global_stats
        shape = (in_channels,)

        def own(name: str, init: How, learned: bool) -> Any:  # noqa: ANN401
            return self.params.get(name, shape=shape, init=init, grad_req="write" if learned else "null")

        self.gamma, self.beta = own("gamma", gamma_initializer, scale), own("beta", beta_initializer, center)
        self.running_mean = own("running_mean", running_mean_initializer, False)
        self.running_var = own("running_var", running_variance_initializer, False)

    def infer_shape(self, x: NDArray) -> None:
        """As many numbers as there are channels."""
        for parameter in self._own.values():
            if parameter.shape == (0,):
                parameter.shape = (x.shape[self._axis],)

    def hybrid_forward(self, F: ModuleType, x: NDArray, *others: NDArray, **own: NDArray) -> NDArray:
        """x normalised; in training the running mean and variance move."""
        shape = [1] * len(x.shape)
        shape[self._axis] = -1
        axis: Axis = self._axis % len(x.shape)
        if mode.training and not self._running:
            mean = F.mean(x, axis=axis, exclude=True)
            variance = F.mean(F.square(x - mean.reshape(shape)), axis=axis, exclude=True)
            with switched(recording=False):
                for running, now in (("running_mean", mean), ("running_var", variance)):
                    kept = own[running]
                    kept[:] = self._momentum * kept.value + (1 - self._momentum) * now.value
        else:
            mean, variance = own["running_mean"], own["running_var"]
        scale = own["gamma"] / F.sqrt(variance + self._epsilon)
        y: NDArray = (x - mean.reshape(shape)) * scale.reshape(shape) + own["beta"].reshape(shape)
        return y

    def __repr__(self) -> str:
        return f"BatchNorm(axis={self._axis}, momentum={self._momentum}, epsilon={self._epsilon})"
