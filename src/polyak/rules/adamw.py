"""AdamW: Adam whose weight decay does not pass through the moments."""

from __future__ import annotations

from polyak.rules.adam import Adam
from polyak.rules.hyperparameters import Scalar, decay_kind, weight_decay


class AdamW(Adam):
    """AdamW: Adam with decoupled weight decay, scaled by the learning rate as PyTorch and Optax do.

    >>> import numpy as np
    >>> rule = AdamW(lr=0.5, eps=0.0, weight_decay=0.25)
    >>> updates, state = rule.update(np.array([3.0]), rule.init(np.ones(1)), np.ones(1))
    >>> updates
    array([-0.625])
    """

    formula = (
        r"m \leftarrow \beta_1 m + (1-\beta_1)\, g, \quad s \leftarrow \beta_2 s + (1-\beta_2)\, g^2 \\"
        r" \hat m = \frac{m}{1-\beta_1^t}, \quad \hat s = \frac{s}{1-\beta_2^t} \\"
        r" x \leftarrow x - \eta \left(\frac{\hat m}{\sqrt{\hat s} + \epsilon} + \lambda x\right)"
    )
    source = "Loshchilov, I. & Hutter, F. (2019). Decoupled weight decay regularization, Algorithm 2."
    weight_decay: Scalar = weight_decay(default=0.01)
    decay: str = decay_kind(default="decoupled")
