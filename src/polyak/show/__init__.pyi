# Written by scripts/make_stubs.py from what the files of this folder define.
from .batch_edges import batch_edges_figure
from .comparisons import comparison_figure
from .curvatures import curvature_figure
from .drawn import draws
from .drops import drop_figure
from .expectations import expectation_figure, tradeoff_figure
from .explanations import explanation_figure
from .forecasts import forecast_figure
from .guarantees import guarantee_figure
from .histories import history_figure
from .interactives import interactive
from .learning_rates import lr_figure
from .model_edges import model_edges_figure
from .model_planes import diagnosis_figure, model_plane_figure
from .optima import condition_figure, optimum_figure
from .phases import phase_figure
from .plotting import plot
from .rescalings import rescaling_figure
from .responses import response_figure
from .stabilities import stability_figure
from .style import save
from .sweep_curves import curves_figure
from .sweeps import plane_figure
from .traces import convergence_figure, trace_figure
from .verifications import verification_figure
from .watched import watched_figure

__all__ = [
    "batch_edges_figure",
    "comparison_figure",
    "condition_figure",
    "convergence_figure",
    "curvature_figure",
    "curves_figure",
    "diagnosis_figure",
    "draws",
    "drop_figure",
    "expectation_figure",
    "explanation_figure",
    "forecast_figure",
    "guarantee_figure",
    "history_figure",
    "interactive",
    "lr_figure",
    "model_edges_figure",
    "model_plane_figure",
    "optimum_figure",
    "phase_figure",
    "plane_figure",
    "plot",
    "rescaling_figure",
    "response_figure",
    "save",
    "stability_figure",
    "trace_figure",
    "tradeoff_figure",
    "verification_figure",
    "watched_figure",
]
