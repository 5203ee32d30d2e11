r"""A torch model on one batch: products with the derivatives of its loss, by differentiating graphs that are kept.

    H v = \nabla (g \cdot v),    J v = \nabla_w (J^T w \cdot v),    G v = J^T (\nabla^2 l) J v

The graph of the gradient g is kept, so that each further product is one backward pass through it; J v likewise goes
through that of J^T w, which is linear in w (double backward: J. Townsend, 2017, A new trick for calculating
Jacobian vector products).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from polyak.frameworks.bridge import Outputs, Vector
from polyak.frameworks.steppers import refusals
from polyak.frameworks.torch.layout import Layout, Parts
from polyak.frameworks.torch.splitting import Split
from polyak.ground.errors import PolyakError, a_or_an

Graph = tuple[torch.Tensor, ...]


class TorchLocal:
    """The loss on one batch, its graph kept; `polyak.frameworks.bridge.Local`.

    Args:
        scalar: the loss, with the graph that it came by.
        split: the outputs, and the loss of them.
        layout: where each parameter lies in a vector.
        rows: how many rows the batch has.
        check: refuses a loss that has no second derivative.
    """

    def __init__(
        self,
        scalar: torch.Tensor,
        split: Split,
        layout: Layout,
        rows: int,
        check: Callable[[torch.Tensor], None],
    ) -> None:
        self._check = check
        self.rows, self.loss = rows, float(scalar.detach())
        self._scalar, self._split, self._layout = scalar, split, layout
        self._plain: Graph | None = None
        self._kept: Graph | None = None  # the gradient with its graph
        self._transposed: tuple[Graph, Graph] | None = None  # w, and J^T w with its graph

    @property
    def splits(self) -> bool:
        """Whether the outputs and the loss of them can be told apart."""
        return not self._split.reason

    def gradient(self) -> Vector:
        """Of the loss."""
        if self._kept is None and self._plain is None:
            self._plain = self._gradient(keep=False)
        return self._layout.join(self._kept or self._plain or ())

    def untouched(self) -> list[int]:
        """The numbers of the parameters that the loss does not depend on."""
        return [k for k, x in enumerate(self._gradient(keep=False)) if x is None]

    def _gradient(self, *, keep: bool) -> Graph:
        with refusals("the gradient"):
            found: Graph = torch.autograd.grad(
                self._scalar, self._layout.tensors, create_graph=keep, retain_graph=True, allow_unused=True
            )
            return found

    def hessian(self, v: Vector, /) -> Vector:
        """H v."""
        if self._kept is None:
            self._check(self._scalar)
            self._kept = self._gradient(keep=True)
        with refusals("a product with the Hessian"):
            return self._layout.join(through(self._kept, self._layout.tensors, self._layout.split(v)))

    def turned(self, v: Vector, pulls: Sequence[float], /) -> tuple[float, Vector]:
        """v . w, and in the place of v comes w = (H + W) v, part by part: no second vector is made of the parts."""
        if self._kept is None:
            self._check(self._scalar)
            self._kept = self._gradient(keep=True)
        with refusals("a product with the Hessian"):
            found = list(through(self._kept, self._layout.tensors, self._layout.split(v)))
        a = 0.0
        for k, (part, x, pull) in enumerate(
            zip(v.split(self._layout.counts), self._layout.tensors, pulls, strict=True)
        ):
            w, found[k] = self._layout.flat(found[k], x), None
            w = w + pull * part if pull else w
            a += float(part @ w)
            part.copy_(w)
        return a, v

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The gradient: views of it on a CPU."""
        if self._kept is None and self._plain is None:
            self._plain = self._gradient(keep=False)
        layout, found = self._layout, self._kept or self._plain or ()
        pairs = zip(found, layout.tensors, layout.shapes, strict=True)
        return tuple(layout.flat(part, x).reshape(shape).cpu().numpy() for part, x, shape in pairs)

    def gauss_newton(self, v: Vector, /) -> Vector:
        """G v."""
        return self.backward(self.loss_hessian(self.forward(v)))

    def outputs(self) -> Outputs:
        """f(x)."""
        return self._split.checked().join(self._split.parts)

    def forward(self, v: Vector, /) -> Outputs:
        """J v."""
        split = self._split.checked()
        with refusals("a derivative of the outputs"):
            if self._transposed is None:
                w = tuple(torch.zeros_like(part, requires_grad=True) for part in split.parts)
                product = torch.autograd.grad(
                    split.parts,
                    self._layout.tensors,
                    w,
                    create_graph=True,
                    allow_unused=True,
                )
                self._transposed = w, product
            w, product = self._transposed
            return split.join(through(product, w, self._layout.split(v)))

    def backward(self, u: Outputs, /) -> Vector:
        """J^T u."""
        split = self._split.checked()
        with refusals("a derivative of the outputs"):
            return self._layout.join(through(split.parts, self._layout.tensors, split.apart(u)))

    def loss_at(self, outputs: Outputs, /) -> float:
        """Of these outputs."""
        split = self._split.checked()
        with torch.no_grad():
            return float(split.loss_of(split.apart(outputs)))

    def loss_gradient(self, outputs: Outputs, /) -> Outputs:
        """There."""
        split = self._split.checked()
        z = [part.detach().requires_grad_() for part in split.apart(outputs)]
        return split.join(torch.autograd.grad(split.loss_of(z), z, allow_unused=True))

    def loss_hessian(self, u: Outputs, /) -> Outputs:
        """At the model's own outputs."""
        split = self._split.checked()
        gradient, z = split.gradient()
        return split.join(through(gradient, z, split.apart(u)))

    def close(self) -> None:
        """Forget the graphs: a product asked for later is refused."""
        self._scalar = self._plain = self._kept = self._transposed = None
        self._split.close()


def through(ends: Parts, starts: Sequence[torch.Tensor], weights: Parts) -> Parts:
    """The derivative of ends . weights at the starts; None where there is none."""
    live = [
        (end, weight)
        for end, weight in zip(ends, weights, strict=True)
        if end is not None and end.requires_grad and weight is not None
    ]
    if not live:  # of something linear
        return [None] * len(starts)
    found: Parts = torch.autograd.grad(
        [end for end, _ in live],
        starts,
        [weight for _, weight in live],
        retain_graph=True,
        allow_unused=True,
    )
    return found


def the_loss(returned: object) -> torch.Tensor:
    """What the user's loss returned, if it is a number with a gradient."""
    if not isinstance(returned, torch.Tensor):
        raise PolyakError(f"the loss is {a_or_an(type(returned).__name__)}, expected a tensor of one number")
    if returned.numel() != 1:
        raise PolyakError(
            f"the loss is of shape {tuple(returned.shape)}, expected one number: a mean over the rows"
        )
    if not returned.requires_grad:
        raise PolyakError(
            "the loss has no gradient: it depends on no trained parameter, or was detached (.item(), no_grad)"
        )
    return returned.reshape(())
