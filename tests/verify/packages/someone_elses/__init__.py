"""A package of another's optimizers for PyTorch: right ones, and each with one fault."""
