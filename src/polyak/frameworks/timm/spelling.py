"""timm's own optimizers, as read in timm 1.0.31; its other names are PyTorch's classes."""

from __future__ import annotations

from polyak.frameworks.spelling import Argument, Form, Spelling
from polyak.rules import RMSProp

VERSION = "timm 1.0.31"

SPELLINGS = (
    Spelling(
        name="timm:RMSpropTF",
        line="timm.optim.RMSpropTF({})",
        arguments=(
            *(Argument("lr", 1e-2, "lr"), Argument("alpha", 0.9, "decay"), Argument("eps", 1e-10, "eps")),
            *(Argument("weight_decay", 0.0, "weight_decay"), Argument("momentum", 0.0, "momentum")),
            Argument("centered", False, "centered"),
            Argument("decoupled_decay", False, "decay_kind", {False: "coupled", True: "decoupled"}),
            Argument("corrected_weight_decay", False),
            Argument("lr_in_momentum", True, "lr_in_velocity", {True: True, False: False}),
            Argument("caution", False),
            Argument("foreach", None, free=True),
        ),
        forms=(Form(RMSProp, {"eps_position": "inside", "initial_accumulator": 1.0}),),
        source=f"timm/optim/rmsprop_tf.py, _single_tensor_rmsprop_tf, {VERSION}",
        decay="coupled",
        pitfalls=("the average of squares starts at 1, as TensorFlow 1's; its eps stands inside the root",),
    ),
)
WITHOUT_RULE = (
    *(
        "Adafactor",
        "AdaBelief",
        "Adan",
        "AdamP",
        "Adopt",
        "Kron",
        "Lamb",
        "LaProp",
        "Lars",
        "MADGRAD",
        "Mars",
    ),
    *("Muon", "NAdamW", "NovoGrad", "SGDP", "SGDW"),
)
