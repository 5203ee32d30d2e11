"""One style for every figure: nothing of the user's own settings gets in, and nothing gets out."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest

import polyak as pk
from polyak.show import convergence_figure, history_figure, lr_figure, save, trace_figure
from polyak.show.style import COLORS, DASHES, MARKERS, label, new_figure, series

# Settings that change the look of about everything that a figure of ours has.
OWN_SETTINGS = {
    "axes.facecolor": "black",
    "axes.edgecolor": "red",
    "axes.grid": True,
    "axes.labelcolor": "red",
    "axes.prop_cycle": matplotlib.cycler(color=["yellow"]),
    "axes.titlelocation": "right",
    "axes.xmargin": 0.3,
    "contour.linewidth": 9.0,
    "errorbar.capsize": 9.0,
    "figure.constrained_layout.use": False,
    "figure.dpi": 37,
    "figure.facecolor": "black",
    "font.size": 31,
    "font.weight": "bold",
    "grid.linestyle": ":",
    "image.cmap": "hot",
    "legend.frameon": True,
    "lines.linewidth": 9.0,
    "lines.marker": "*",
    "lines.markeredgewidth": 7.0,
    "mathtext.fontset": "stix",
    "path.sketch": (9, 9, 9),
    "savefig.bbox": "tight",
    "savefig.dpi": 37,
    "savefig.facecolor": "black",
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": None,
    "text.color": "red",
    "xtick.direction": "in",
    "ytick.labelsize": 31,
    "yaxis.labellocation": "top",
}


@pytest.fixture
def drawings(trace, history):
    """Each figure function with a result to draw."""
    zigzag = [[-5, -2], [-4, 2], [-3, -1]]
    ladder = [history([[0.5, 0.3], [0.5, 0.2]], pk.GradientDescent(lr=lr)) for lr in (0.1, 0.01)]
    return {
        "trace": lambda: trace_figure(trace(zigzag)),
        "convergence": lambda: convergence_figure(trace(zigzag)),
        "history": lambda: history_figure(history([[0.5, 0.3, 0.2], [0.5, 0.4, 0.3]])),
        "lr": lambda: lr_figure([ladder]),
    }


def written(figure, kind="svg"):
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()


@pytest.mark.parametrize("name", ["trace", "lr"])  # a plane and a curve: one class of figures does it for all
def test_the_users_settings_neither_change_it_nor_are_changed(drawings, tmp_path, name):
    plain = drawings[name]()
    save(plain, tmp_path / "plain.svg")
    with matplotlib.rc_context(OWN_SETTINGS):
        before = dict(matplotlib.rcParams)
        changed = drawings[name]()
        save(changed, tmp_path / "changed.svg")
        assert written(changed) == written(plain)
        assert changed._repr_png_() == plain._repr_png_()
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "changed.svg").read_bytes() == (tmp_path / "plain.svg").read_bytes()
    # Drawn here and written there, as in a notebook whose style changes between two cells.
    with matplotlib.rc_context(OWN_SETTINGS):
        assert written(plain) == written(changed)


def test_an_error_while_drawing_leaves_the_settings_as_they_were(trace, monkeypatch):
    before = dict(matplotlib.rcParams)

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr("polyak.show.traces.draw_values", fail)
    with pytest.raises(RuntimeError):
        trace_figure(trace([[-5, -2], [0, 0]]))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", ["trace", "convergence", "history", "lr"])
def test_drawn_twice_it_is_the_same_to_the_byte(drawings, name):
    assert written(drawings[name]()) == written(drawings[name]())


def test_the_backend_stays_the_users(trace):
    before = matplotlib.get_backend()
    trace_figure(trace([[-5, -2], [0, 0]])).savefig(io.BytesIO())
    assert matplotlib.get_backend() == before


def test_a_figure_shows_itself_in_a_notebook(drawings):
    figure = drawings["history"]()
    assert figure._repr_png_().startswith(b"\x89PNG\r\n")
    assert len(figure._repr_png_()) > 5000


def test_a_result_shows_itself_in_a_notebook(trace, history):
    for result, words in (
        (trace([[-5, -2], [0, 0]]), "on ravine, 1 steps"),
        (history([0.5, 0.2]), "loss 0.2"),
    ):
        html = result._repr_html_()
        assert words in html
        assert 'src="data:image/png;base64,iVBOR' in html


def test_rules_are_told_apart_in_colour_and_without_it():
    looks = [series(index) for index in range(7)]
    for aspect in ("color", "marker", "linestyle"):
        assert len({str(look[aspect]) for look in looks}) == 7
    assert len(COLORS) == len(MARKERS) == len(DASHES) == 7
    for rules in (range(7, 14), range(49)):
        assert len({str(series(index)) for index in rules}) == len(rules)
    assert series(49) == series(0)


def test_every_colour_is_seen_on_white():
    for color in COLORS:
        channels = np.array(matplotlib.colors.to_rgb(color))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) > 2  # WCAG's contrast ratio


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (pk.GradientDescent(lr=0.4), r"gradient descent, $\eta$ = 0.4"),
        (pk.HeavyBall(lr=1e-7, momentum=0.5), r"heavy ball, $\eta$ = 1e-07, $\gamma$ = 0.5"),
        (
            pk.HeavyBall(lr=0.4, momentum=0.5, lr_in_velocity=False),
            r"heavy ball, $\eta$ = 0.4, $\gamma$ = 0.5, lr in velocity = False",
        ),
        (pk.HeavyBall(lr=lambda step: 0.1, momentum=0.5), r"heavy ball, $\eta$ scheduled, $\gamma$ = 0.5"),
        (pk.Adam(lr=0.1), r"adam, $\eta$ = 0.1"),  # defaults are not repeated
        (
            pk.Adam(lr=0.1, beta2=0.9, eps_position="inside"),
            r"adam, $\eta$ = 0.1, $\beta_2$ = 0.9, eps position = inside",
        ),
        (pk.TripleMomentum(lr=0.1, rate=0.5), r"triple momentum, $\eta$ = 0.1, $\rho$ = 0.5"),
    ],
)
def test_labels(rule, expected):
    assert label(rule) == expected


def test_labels_of_other_rules():
    import optax

    sgd = pk.from_optax(optax.sgd, learning_rate=0.1, momentum=None, nesterov=True)
    assert label(sgd) == "optax:sgd, learning_rate = 0.1, nesterov = True"
    scheduled = pk.from_optax(optax.sgd, learning_rate=optax.cosine_decay_schedule(0.1, 10))
    assert label(scheduled) == "optax:sgd, learning_rate scheduled"
    assert label(pk.rules.as_rule(optax.sgd(0.1))) == "GradientTransformationExtraArgs"


def test_every_label_can_be_set(within):
    figure = new_figure(9.2, 4)
    axes = figure.subplots()
    axes.set(xlabel="x", ylabel="y")
    for kind in pk.rules.CATALOGUE.values():
        needed = {name: 0.5 for name in ("lr", "momentum", "rate") if name in kind.hyperparameters()}
        axes.plot([0, 1], label=label(kind.from_settings(**needed)))
    pk.show.style.legend_below(figure, *axes.get_legend_handles_labels())
    within(figure)
