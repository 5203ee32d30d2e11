"""A perceptron in Keras on scikit-learn's digits, two epochs in. It needs keras on JAX or torch, and scikit-learn."""

import keras
from sklearn.datasets import load_digits


def setup(epochs=2):
    keras.utils.set_random_seed(0)
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(32, activation="tanh"), keras.layers.Dense(10)]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
    batches = [(x[i : i + 64], y[i : i + 64]) for i in range(0, len(x), 64)]
    return model, model.optimizer, batches
