"""A quantity that is read of a training: a file each."""
