"""MXNet, known by what it was recorded to do."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "MXNet",
        recorded="mxnet 1.9.1, recorded",
        recorded_as="MXNet",
        velocities="trainer._updaters[0].states, the momenta,",
        modules=("mxnet.optimizer", "mx.optimizer"),
    )
)
