"""Optax."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "Optax",
        package="optax",
        extra="optax",
        schedules=True,
        velocities="the trace in the state",
        modules=("optax",),
        chain="optax.chain({})",
        links={
            "negate": "optax.scale({})",
            "decay in the loss": "optax.add_decayed_weights({})",
            "decay by hand": "optax.add_decayed_weights({})",
        },
    )
)
