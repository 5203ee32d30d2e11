"""PyTorch."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "PyTorch",
        package="torch",
        extra="torch",
        settings_in_state=True,
        velocities="state['momentum_buffer'] of every parameter",
        rescaled="for state in optimizer.state.values(): state['momentum_buffer'].mul_({factor})",
        modules=("torch.optim", "optim", "th.optim"),
        aliases=("pytorch",),
        params_first=True,
    )
)
