"""Make what the documents show, by the program itself: the README's picture, the pages on conventions and on moving."""

from pathlib import Path

import conventions_page
import moving_page

import polyak as pk

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def main() -> None:
    rules = [pk.HeavyBall(lr=0.6, momentum=0.5), pk.GradientDescent(lr=0.6)]
    traces = [pk.descend(rule, pk.landscapes.ravine, steps=20) for rule in rules]
    print(pk.show.save(pk.show.trace_figure(traces), IMAGES / "ravine.svg"))
    conventions_page.write()
    moving_page.write()


if __name__ == "__main__":
    main()
