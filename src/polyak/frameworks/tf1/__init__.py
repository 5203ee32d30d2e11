"""TensorFlow 1, known by what it was recorded to do."""
