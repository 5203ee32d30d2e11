"""TensorFlow 1, known by what it was recorded to do."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "TensorFlow 1",
        recorded="tensorflow 2.21.0, recorded",
        recorded_as="TensorFlow 1's optimizers",
        velocities="the slots 'momentum'",
        modules=("tf.compat.v1.train", "tf.train", "tensorflow.compat.v1.train", "tensorflow.train"),
    )
)
