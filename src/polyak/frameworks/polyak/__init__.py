"""Our own rules."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "Polyak",
        package="polyak",
        schedules=True,
        velocities='slots["velocity"]',
        ours=True,
        modules=("pk", "polyak", "polyak.rules"),
    )
)
