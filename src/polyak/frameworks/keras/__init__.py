"""Keras 3."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "Keras 3",
        package="keras",
        extra="keras",
        plain_states=True,
        schedules=True,
        one_count=True,
        velocities="optimizer.variables[2:], the momenta,",
        rescaled="for v in optimizer.momentums: v.assign(v * ({factor}))",
        decay_in_loss="kernel_regularizer=keras.regularizers.L2({half})",
        modules=(
            *("keras.optimizers", "tf.keras.optimizers", "tensorflow.keras.optimizers", "optimizers"),
            *("keras.src.optimizers", "keras.api.optimizers"),
        ),
        aliases=("tf.keras", "tensorflow.keras", "keras3"),
        old_arguments={"lr": "learning_rate"},
        free_arguments=("jit_compile", "is_legacy_optimizer"),
    )
)
