"""The later editions' helper package, as far as its optimisation chapters need it: `from d2l import torch as d2l`.

Inside `polyak read` it answers to that name (`gluonbook/aliases.py`); elsewhere it is to be had from here, and needs
PyTorch. The published package pins NumPy 1.23.5 and imports torchvision; this one does neither. Each helper does what
the published one does, in the same order, so that a page's random numbers are the same from the same seed
(`make book-peers` holds them against each other).
"""
