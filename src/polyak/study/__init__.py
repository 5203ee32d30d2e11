"""The study: a page about one rule."""

from polyak.ground.extras import need

need("jinja2", "math_core", "xarray", what="a study", extra="study")  # before what imports them is imported

from polyak.study.page import plain_text  # noqa: E402
from polyak.study.section import Picture, Section, Subject, Table  # noqa: E402
from polyak.study.sections import section  # noqa: E402
from polyak.study.sections.prediction import measured_beside, side_by_side  # noqa: E402
from polyak.study.study import study  # noqa: E402

__all__ = [
    "Picture",
    "Section",
    "Subject",
    "Table",
    "measured_beside",
    "plain_text",
    "section",
    "side_by_side",
    "study",
]
