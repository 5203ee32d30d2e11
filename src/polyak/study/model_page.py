"""The page of a diagnosis: a user's own training as it is today, in sections as a study has them."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from polyak.diagnose import TITLES, Diagnosis
from polyak.diagnose.diagnose import in_words
from polyak.ground.errors import PolyakError
from polyak.ground.numbers import readable
from polyak.show import model_plane_figure
from polyak.study.section import Picture, Section, Table
from polyak.theory import Setting, Suggestion

CAPTIONS = {
    "curvature": "The density of the Hessian's spectrum with its largest values, and the largest of each layer.",
    "stability": "The learning rate of today beside both edges.",
    "plane": "Each curvature that was measured, in the regimes of the optimizer's own step.",
}


def model_sections(diagnosis: Diagnosis) -> list[Section]:
    """What was found, part by part, and last what it cost; a part that is missing says why."""
    return [
        _short(diagnosis),
        *(
            Section(
                title,
                [literal(said) for said in diagnosis.words()[name]],
                pictures=_pictures(diagnosis, name),
                tables=_tables(diagnosis, name),
            )
            for name, title in TITLES.items()
        ),
        _cost(diagnosis),
    ]


def _short(diagnosis: Diagnosis) -> Section:
    said = diagnosis.suggestion
    size = diagnosis.batch_size
    lines = [str(diagnosis.model), f"Trained by {diagnosis.optimizer}, in batches of {size} rows."]
    if said is not None:
        share = readable(100 * said.today.share, 3)
        lines += [f"Today's learning rate uses {share} % of the nearer edge.", str(said)]
    lines.append(
        "All of it is true of today's parameters: curvature, edges and noise move as training goes on. An edge is "
        "where ripples may begin, not where a network must fail."
    )
    return Section("In short", [literal(line) for line in lines])


def _pictures(diagnosis: Diagnosis, name: str) -> list[Picture]:
    part = getattr(diagnosis, name)
    if part is None or name not in ("curvature", "stability"):
        return []
    drawn: dict[str, Callable[[], Figure]] = {name: part.plot}
    if name == "stability":
        drawn["plane"] = lambda: model_plane_figure(diagnosis)
    pictures = []
    for each, draw in drawn.items():
        try:
            pictures.append(Picture(each, draw(), CAPTIONS[each]))
        except PolyakError:  # a rule without a momentum has no plane
            continue
    return pictures


def _tables(diagnosis: Diagnosis, name: str) -> list[Table]:
    if name == "suggestion" and diagnosis.suggestion is not None:
        return [settings_table(diagnosis.suggestion)]
    return []


def settings_table(said: Suggestion) -> Table:
    """Today's setting, the largest learning rate and the best, side by side."""
    rows = {"today": said.today, "largest learning rate, with the margin": said.largest, "best": said.best}
    header = (
        "setting",
        said.lr_name,
        said.momentum_name or "momentum",
        "share of the edge",
        "gradient",
        "noise",
        "loss",
    )
    return Table(
        f"The expected change of the loss in {said.steps} steps, on the quadratic near today's parameters",
        header,
        [_row(said, name, setting) for name, setting in rows.items() if setting is not None],
    )


def _row(said: Suggestion, name: str, setting: Setting) -> tuple[str, ...]:
    return (
        name,
        said.spelled(setting.lr),
        "none" if setting.momentum is None else readable(setting.momentum),
        f"{readable(100 * setting.share, 3)} %",
        readable(setting.brings),
        readable(setting.adds),
        readable(setting.change),
    )


def _cost(diagnosis: Diagnosis) -> Section:
    rows = [(TITLES[name], in_words(cost)) for name, cost in diagnosis.costs.items()]
    return Section(
        "What it cost", tables=[Table("Measured on this machine", ("part", "time and work"), rows)]
    )


def literal(text: str) -> str:
    """Text in which a dollar is a dollar: a model's name is no formula.

    >>> literal("a$b")
    'a\\\\$b'
    """
    return text.replace("$", "\\$")
