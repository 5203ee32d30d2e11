"""jax.example_libraries."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "jax.example_libraries",
        package="jax",
        velocities="the velocities in the state",
        modules=("jax.example_libraries.optimizers", "jax.experimental.optimizers"),
    )
)
