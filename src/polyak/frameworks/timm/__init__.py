"""timm, whose optimizers are PyTorch's for the most part, with defaults of its own."""

from polyak.frameworks.framework import Framework, register

register(
    Framework(
        __name__,
        "timm",
        recorded="timm 1.0.31, recorded",
        recorded_as="timm's own",
        velocities="state['momentum_buffer'] of every parameter",
        modules=("timm.optim",),
        params_first=True,
        # What create_optimizer_v2 makes of a name: PyTorch's own class, its momentum 0.9, its weight decay 0.
        borrowed={
            "sgd": ("torch:SGD", {"momentum": 0.9, "nesterov": True}),
            "nesterov": ("torch:SGD", {"momentum": 0.9, "nesterov": True}),
            "momentum": ("torch:SGD", {"momentum": 0.9, "nesterov": False}),
            "adam": ("torch:Adam", {}),
            "adamw": ("torch:AdamW", {"weight_decay": 0.0}),
            "nadam": ("torch:NAdam", {}),
            "adadelta": ("torch:Adadelta", {}),
            "adagrad": ("torch:Adagrad", {"eps": 1e-8}),
            "rmsprop": ("torch:RMSprop", {"alpha": 0.9, "momentum": 0.9}),
            "rmsproptf": ("timm:RMSpropTF", {"alpha": 0.9, "momentum": 0.9}),
        },
    )
)
