"""The lab: a page where momentum is in your hands. `polyak.lab(rule, ...)`, or `polyak lab` at the terminal."""

from polyak.ground.extras import need

need("bokeh", "jinja2", what="the lab", extra="lab")  # before what imports them is imported

from polyak.lab.lab import Lab, lab  # noqa: E402

__all__ = ["Lab", "lab"]
