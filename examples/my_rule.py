"""A rule as a textbook writes it, for `polyak trace examples/my_rule.py:sgd_momentum --lr 0.6 --momentum 0.5`."""


def sgd_momentum(params, states, hyperparams):
    """The velocity gathers the gradients; the parameters follow the velocity."""
    for p, v in zip(params, states, strict=True):
        v[:] = hyperparams["momentum"] * v + hyperparams["lr"] * p.grad
        p[:] -= v
