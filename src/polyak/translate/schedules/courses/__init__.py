"""The courses that a learning rate takes, one file each; what reads and writes them is in `rows/`."""
