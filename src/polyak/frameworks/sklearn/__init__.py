"""scikit-learn."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "scikit-learn",
        package="sklearn",
        distribution="scikit-learn",
        extra="data",
        velocities="optimizer.velocities",
        decay_in_loss="alpha={amount} times the rows of a batch, which spares the intercepts",
    )
)
