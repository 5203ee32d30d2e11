"""Whatever is an optimizer: factories, closures, those that need a graph or matrices; the arrays that are asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import polyak as pk
from polyak import PolyakError, verify
from polyak.frameworks import stepper
from polyak.verify.scenarios import MATRICES, scenarios_for


def adamw(params: Any, lr: float = 1e-3) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, lr=lr, eps=1e-6)


def two(params: Any, lr: float, weight_decay: float) -> torch.optim.Optimizer:
    """Three arguments, as a page has them; it is none."""
    return torch.optim.SGD(params, lr=lr, weight_decay=weight_decay)


class SharpnessAware(torch.optim.Optimizer):
    """SAM, as it is written: two evaluations a step."""

    def __init__(self, params: Any, lr: float = 0.02, rho: float = 0.05) -> None:
        super().__init__(params, {"lr": lr, "rho": rho})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        assert closure is not None, "sharpness aware minimization requires a closure"
        group = self.param_groups[0]
        given = [x for x in group["params"] if x.grad is not None]
        norm = torch.sqrt(sum((x.grad**2).sum() for x in given))
        away = [group["rho"] * x.grad / norm for x in given]
        for x, d in zip(given, away, strict=True):
            x.add_(d)
        with torch.enable_grad():
            closure()
        for x, d in zip(given, away, strict=True):
            x.sub_(d + group["lr"] * x.grad)


class Curved(torch.optim.Optimizer):
    """A step over one plus the diagonal of the curvature, estimated as AdaHessian does."""

    def __init__(self, params: Any, lr: float = 0.02) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> None:
        group = self.param_groups[0]
        given = [x for x in group["params"] if x.grad is not None]
        z = [2.0 * torch.randint_like(x, 2) - 1.0 for x in given]
        found = torch.autograd.grad([x.grad for x in given], given, grad_outputs=z, retain_graph=True)
        with torch.no_grad():
            for x, sign, h in zip(given, z, found, strict=True):
                x.sub_(group["lr"] * x.grad / (1 + (sign * h).abs()))


def test_a_factory_of_the_parameters_and_its_other_eps() -> None:
    report = verify(adamw, against="torch:AdamW", lr=0.02)
    assert report.verdict == "other settings"
    assert report.cause == "same rule, other settings: eps 1e-06, not 1e-08"


def test_a_factory_is_no_page() -> None:
    report = verify(two, against="torch:SGD", lr=0.02, weight_decay=0.1, quick=True)
    assert report.equal, str(report)


@pytest.mark.parametrize("kind", [SharpnessAware, Curved])
def test_what_evaluates_the_loss_again_is_run(kind: type[torch.optim.Optimizer]) -> None:
    assert verify(kind, against=kind, lr=0.02, quick=True).equal
    assert not verify(kind, against="torch:SGD", lr=0.02, quick=True).equal


def test_sharpness_is_taken_where_it_says() -> None:
    """On x^2/2 from 3, the gradient at 3.05 and not at 3."""
    import numpy as np

    from polyak.frameworks.steppers import Asked

    found = stepper(SharpnessAware, {"lr": 0.1})
    found.start([np.array([3.0])])
    found.asked = Asked(
        lambda arrays: [arrays[0].copy()], lambda arrays: float(arrays[0][0] ** 2 / 2), np.ones(1)
    )
    np.testing.assert_allclose(found.step([np.array([3.0])])[0], [3 - 0.1 * 3.05], rtol=1e-15)


def test_a_quasi_newton_method_takes_a_closure() -> None:
    """With one evaluation a step it is gradient descent at first, its lr 1 / |g|_1 at most."""
    given = {"lr": 0.02, "max_iter": 1}
    assert verify("torch:LBFGS", against="torch:LBFGS", quick=True, **given).equal


def test_one_that_takes_matrices_alone_is_run_on_them() -> None:
    report = verify("torch:Muon", against="torch:Muon", lr=0.02, quick=True)
    assert report.equal
    assert report.notes == ("matrices alone: one side takes no other arrays",)
    other = verify(
        pk.Muon(lr=0.02, eps_position="least"), against="torch:Muon", lr=0.02, weight_decay=0.0, quick=True
    )
    assert other.equal, str(other)


def test_the_arrays_that_are_asked_for() -> None:
    shapes = ((128, 64), (10,))
    report = verify("torch:SGD", against="torch:SGD", lr=0.02, shapes=shapes, quick=True)
    assert report.equal
    assert "8,192 numbers" in report.scope
    assert all(scenario.shapes == shapes for scenario in scenarios_for(shapes))
    assert not any(any(scenario.missing) for scenario in scenarios_for(((4, 2),)))
    assert MATRICES == ((3, 2), (1, 2))


@pytest.mark.parametrize("shapes", [[], [(0,)], [(2.5,)], [(True,)]])
def test_no_shapes(shapes: Any) -> None:
    with pytest.raises(PolyakError, match="expected lists of whole numbers"):
        verify("torch:SGD", against="torch:SGD", lr=0.02, shapes=shapes)


def test_what_is_not_installed() -> None:
    with pytest.raises(PolyakError, match="no module no_such_package is installed"):
        verify("no_such_package.optim:Adam", against="torch:Adam")
