"""PyTorch."""

from polyak.frameworks.framework import Framework, register

FRAMEWORK = register(
    Framework(
        __name__,
        "PyTorch",
        package="torch",
        install="pip install 'polyak[torch]'",
        settings_in_state=True,
        velocities="state['momentum_buffer'] of every parameter",
    )
)
