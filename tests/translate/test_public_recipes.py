"""Forty recipes as public code and papers have them (names and numbers alone), translated and run beside themselves."""

from __future__ import annotations

from typing import Any

import pytest

import polyak as pk
from polyak.translate.best_arguments import ALWAYS, AT_CONSTANT_LR, NEARLY

P = "model.parameters()"
RECIPES = [  # what trains so, the text, where to, how the line begins, how far it is the same
    (
        "ResNet, ImageNet",
        f"torch.optim.SGD({P}, 0.1, momentum=0.9, weight_decay=1e-4)",
        "optax",
        "optax.chain(",
        ALWAYS,
    ),
    (
        "ResNet, CIFAR",
        f"optim.SGD({P}, lr=0.1, momentum=0.9, weight_decay=5e-4)",
        "mxnet",
        "mxnet.gluon",
        AT_CONSTANT_LR,
    ),
    (
        "WideResNet",
        f"torch.optim.SGD({P}, .1, momentum=.9, nesterov=True, weight_decay=5e-4)",
        "optax",
        "",
        ALWAYS,
    ),
    (
        "DenseNet",
        f"torch.optim.SGD({P}, 0.1, momentum=0.9, nesterov=True)",
        "keras",
        "keras.optimizers.SGD(",
        AT_CONSTANT_LR,
    ),
    (
        "VGG, Keras",
        "keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)",
        "torch",
        "torch.optim.SGD(lr=0.01",
        AT_CONSTANT_LR,
    ),
    (
        "Keras 2 example",
        "keras.optimizers.SGD(lr=0.01, momentum=0.9, nesterov=True)",
        "optax",
        "optax.sgd(",
        AT_CONSTANT_LR,
    ),
    ("MoCo v2", f"torch.optim.SGD({P}, 0.03, momentum=0.9, weight_decay=1e-4)", "mxnet", "", AT_CONSTANT_LR),
    (
        "Faster R-CNN",
        "optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001)",
        "optax",
        "",
        ALWAYS,
    ),
    (
        "AlexNet, TensorFlow 1",
        "tf.train.MomentumOptimizer(0.01, 0.9)",
        "torch",
        "torch.optim.SGD(lr=0.01",
        ALWAYS,
    ),
    ("AlexNet, its successor", "tf.train.MomentumOptimizer(0.01, 0.9)", "keras", "", AT_CONSTANT_LR),
    (
        "LeNet, Gluon",
        "gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})",
        "torch",
        "",
        ALWAYS,
    ),
    (
        "a chapter of D2L",
        "gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': .004, 'momentum': .9})",
        "keras",
        "",
        ALWAYS,
    ),
    ("NAG, Gluon", "gluon.Trainer(p, 'nag', {'learning_rate': 0.1, 'momentum': 0.9})", "keras", "", ALWAYS),
    (
        "MLP, scikit-learn",
        "MLPClassifier(solver='sgd', learning_rate_init=0.1, alpha=0)",
        "keras",
        "",
        ALWAYS,
    ),
    (
        "nanoGPT",
        f"torch.optim.AdamW({P}, lr=6e-4, betas=(0.9, 0.95), fused=True)",
        "optax",
        "optax.adamw(",
        ALWAYS,
    ),
    (
        "GPT-3",
        f"torch.optim.AdamW({P}, lr=6e-5, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)",
        "optax",
        "",
        ALWAYS,
    ),
    ("LLaMA", f"AdamW({P}, lr=3e-4, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.1)", "optax", "", ALWAYS),
    (
        "BERT",
        f"torch.optim.AdamW({P}, lr=1e-4, eps=1e-6, weight_decay=0.01)",
        "keras",
        "keras.optimizers.AdamW(",
        NEARLY,
    ),
    (
        "RoBERTa",
        f"torch.optim.AdamW({P}, lr=6e-4, betas=(.9, .98), eps=1e-6, weight_decay=.01)",
        "optax",
        "",
        ALWAYS,
    ),
    (
        "CLIP",
        f"torch.optim.AdamW({P}, lr=5e-4, betas=(.9, .98), eps=1e-6, weight_decay=.2)",
        "optax",
        "",
        ALWAYS,
    ),
    ("ViT", f"torch.optim.Adam({P}, lr=1e-3, betas=(0.9, 0.999))", "optax", "optax.adam(", ALWAYS),
    ("DeiT", "opt: adamw\nlr: 5e-4\nweight_decay: 0.05\nopt_eps: 1e-8", "optax", "optax.adamw(", ALWAYS),
    ("MAE", f"torch.optim.AdamW({P}, lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05)", "optax", "", ALWAYS),
    (
        "Swin",
        "optimizer: {type: AdamW, lr: 1e-4, betas: [0.9, 0.999], weight_decay: 0.05}",
        "optax",
        "",
        ALWAYS,
    ),
    ("DETR", f"torch.optim.AdamW({P}, lr=1e-4, weight_decay=1e-4)", "optax", "", ALWAYS),
    ("Transformer", f"torch.optim.Adam({P}, lr=1e-3, betas=(0.9, 0.98), eps=1e-9)", "optax", "", ALWAYS),
    (
        "Whisper",
        f"torch.optim.AdamW({P}, lr=1e-3, betas=(.9, .98), eps=1e-6, weight_decay=.1)",
        "optax",
        "",
        ALWAYS,
    ),
    ("DCGAN", "optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))", "keras", "", NEARLY),
    ("StyleGAN", f"torch.optim.Adam({P}, lr=0.002, betas=[0.0, 0.99], eps=1e-8)", "optax", "", ALWAYS),
    ("WGAN", f"torch.optim.RMSprop({P}, lr=5e-5)", "optax", "optax.rmsprop(", ALWAYS),
    ("DDPM", f"torch.optim.Adam({P}, lr=2e-4)", "optax", "", ALWAYS),
    ("PPO", f"optim.Adam({P}, lr=2.5e-4, eps=1e-5)", "optax", "", ALWAYS),
    (
        "DQN",
        f"torch.optim.RMSprop({P}, lr=0.00025, alpha=0.95, eps=0.01, centered=True)",
        "optax",
        "",
        ALWAYS,
    ),
    ("A3C, TensorFlow 1", "tf.train.RMSPropOptimizer(7e-4, decay=0.99, epsilon=1e-5)", "optax", "", ALWAYS),
    (
        "EfficientNet",
        "{'opt': 'rmsproptf', 'lr': 0.256, 'opt_eps': 0.001, 'momentum': 0.9}",
        "keras",
        "",
        NEARLY,
    ),
    (
        "EfficientNet, Optax",
        "{'opt': 'rmsproptf', 'lr': 0.256, 'opt_eps': 0.001, 'momentum': 0.9}",
        "optax",
        "optax.rmsprop(",
        ALWAYS,
    ),
    ("Keras's Adam", "keras.optimizers.Adam(1e-3)", "torch", "torch.optim.Adam(", NEARLY),
    ("Flax's MNIST", "optax.sgd(0.1, 0.9)", "torch", "torch.optim.SGD(", ALWAYS),
    (
        "a language model in JAX",
        "optax.adamw(3e-4, b1=0.9, b2=0.95, weight_decay=0.1)",
        "torch",
        "torch.optim.AdamW(",
        ALWAYS,
    ),
    (
        "DeepSpeed's Adam",
        '{"optimizer": {"type": "Adam", "params": {"lr": 1e-5, "betas": [0.9, 0.95]}}}',
        "optax",
        "optax.adam",
        ALWAYS,
    ),
    ("Lion", "optax.lion(1e-4, weight_decay=0.1)", "keras", "keras.optimizers.Lion(", ALWAYS),
]


@pytest.mark.parametrize(
    ("text", "to", "line", "equal"), [row[1:] for row in RECIPES], ids=[row[0] for row in RECIPES]
)
def test_a_public_recipe_goes_where_its_translation_goes(text: str, to: str, line: str, equal: str) -> None:
    """The real frameworks where they are installed, 200 steps, matrices and vectors, in float64."""
    found: Any = pk.translate(text, to=to)
    assert str(found).startswith(line)
    assert found.equal == equal
    if found.without_proof is None:
        proof = found.check(steps=200)
        if equal == NEARLY:
            assert proof.gap > 0
            assert found.distance > 0
        else:
            # Of the path: an adaptive rule goes some lr a step, and x, about 5, is rounded at every one.
            assert proof.gap < max(1e-12, 5 * 2.0**-53 / found.meaning.rule.lr)
