"""Make what the documents show: the README's picture, by the program itself."""

from pathlib import Path

import polyak as pk

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def main() -> None:
    rules = [pk.HeavyBall(lr=0.6, momentum=0.5), pk.GradientDescent(lr=0.6)]
    traces = [pk.descend(rule, pk.landscapes.ravine, steps=20) for rule in rules]
    print(pk.show.save(pk.show.trace_figure(traces), IMAGES / "ravine.svg"))


if __name__ == "__main__":
    main()
