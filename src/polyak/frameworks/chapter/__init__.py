"""The chapter's momentum, by its page."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "the chapter",
        recorded="by definition",
        recorded_as="the chapter's function",
        velocities="states, the velocities,",
    )
)
