"""For the doctests."""

# Imported by Python itself first: pytest, importing `polyak.run.train` from its file, would put the
# module where `polyak.run` has the function of the same name.
import polyak.run  # noqa: F401
