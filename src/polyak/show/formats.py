"""The picture formats that figures are saved in, apart from matplotlib, so that asking costs nothing."""

FORMATS = ("svg", "png", "pdf")
