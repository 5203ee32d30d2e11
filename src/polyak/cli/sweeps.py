"""Many settings at once: `polyak sweep`, `polyak best`, `polyak show`."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from polyak.cli.options import Options, options
from polyak.cli.progress import shown
from polyak.cli.runs import SETTINGS, Out, check_picture, end_interrupted, whole
from polyak.ground.errors import PolyakError, plain

RULES = Annotated[
    str, typer.Argument(help="heavy_ball, optax:adam, my_rule.py:f ..., or several parted by commas")
]
MOST_OF_A_HEAD = 1 << 16  # characters of a picture in which it says what it was made from
SWEEP_HELP = (
    "An axis is log:LOW:HIGH:COUNT, linear:LOW:HIGH:COUNT, memory:LOW:HIGH:COUNT (momentum by its memory 1/(1-m)), "
    "or values such as 0,0.5,0.9. Other settings follow as --momentum 0.9. Of several rules, --grid adam.lr=... is "
    "one's."
)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the terminal's door."""
    app.command("sweep", context_settings=SETTINGS, epilog=SWEEP_HELP)(sweep)
    app.command("best")(best)
    app.command("show")(show)


def sweep(
    context: typer.Context,
    rule: RULES,
    grid: Annotated[list[str] | None, typer.Option(help="An axis, such as lr=log:1e-3:1:100.")] = None,
    on: Annotated[str | None, typer.Option(help="A landscape, quadratic:1,10, or my_function.py:f.")] = None,
    start: Annotated[str | None, typer.Option(help="Where to begin, such as -5,-2.")] = None,
    steps: Annotated[int | None, whole("How many steps of a landscape, 100 by default.")] = None,
    data: Annotated[str | None, typer.Option(help="airfoil, diabetes ..., or a CSV or TSV file.")] = None,
    target: Annotated[
        str | None, typer.Option(help="The file's column to tell; the last by default.")
    ] = None,
    problem: Annotated[str | None, typer.Option(help="linear_regression, perceptron ...")] = None,
    batch_size: Annotated[int | None, whole("Rows in a mini-batch, 10 by default.")] = None,
    epochs: Annotated[int | None, whole("How often each row is seen, 2 by default.")] = None,
    seeds: Annotated[int | None, whole("How many runs of each cell.")] = None,
    seed: Annotated[int, whole("The first seed, and that of random cells.")] = 0,
    random: Annotated[int | None, whole("So many cells at random instead of a grid.")] = None,
    latin: Annotated[int | None, whole("So many cells as a Latin hypercube instead of a grid.")] = None,
    record: Annotated[
        str, typer.Option(help="final, best, diverged_at, steps_to_target, values, positions.")
    ] = "final,diverged_at",
    every: Annotated[int | None, whole("Values each so many steps, or rows of data.")] = None,
    reach: Annotated[
        float | None, typer.Option(help="A value to reach; how many steps it takes is recorded.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="float64 or float32.")] = None,
    chunk: Annotated[int | None, whole("Cells that are computed and written together.")] = None,
    store: Annotated[str | None, typer.Option(help="A Zarr store to write to, and to go on from.")] = None,
    cluster: Annotated[str | None, typer.Option(help="A Dask scheduler, such as tcp://host:8786.")] = None,
    workers: Annotated[int | None, whole("So many Dask workers on this machine.")] = None,
    out: Out = None,
) -> None:
    """Run every setting of a plane: the best one, and a picture of all."""
    planes = _planes(rule, grid or [], context.args, options(context))
    where = _target(on, start, steps, data, target, problem, batch_size, epochs, seeds)
    check_picture(out)
    sampling, cells = _sampling(random, latin)
    from polyak.sweeps import sweep as run

    try:
        with shown("sweeping", "cells") as progress:
            result = run(
                planes,
                **where,
                seed=seed,
                record=[plain(word) for word in record.split(",") if word.strip()],
                every=every,
                target=reach,
                sampling=sampling,
                cells=cells,
                dtype=dtype,
                chunk=chunk,
                store=store,
                cluster=cluster,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        _end_interrupted(store)
    _say(result)
    if store is not None:
        typer.echo(f"kept in {store}")
    _draw(result, out)


def best(
    store: Annotated[str, typer.Argument(help="A store that polyak sweep wrote.")],
) -> None:
    """The best cell of a sweep in a store, of each rule, with its neighbours."""
    from polyak.sweeps import load_sweep

    _say(load_sweep(store))


def show(
    store: Annotated[str, typer.Argument(help="A store that polyak sweep wrote.")],
    out: Out = None,
) -> None:
    """A picture of a sweep in a store, finished or not; beside the store unless --out says where."""
    from polyak.sweeps import load_sweep

    result = load_sweep(store)
    beside = _beside(store)
    made_from = f"polyak show {beside.stem}"
    if out is None:
        out = beside
        if out.exists() and not _is_own(out, made_from):
            raise PolyakError(
                f"{out} is there already, and was not drawn from this store: say where to by --out"
            )
    check_picture(out)
    typer.echo(result)
    _draw(result, out, made_from)


def _beside(store: str) -> Path:
    """Where the picture of a store goes: beside it; of one in an object store, here."""
    from polyak.sweeps.places import Folder, place_of

    place = place_of(store)
    folder = Path(place.folder) if isinstance(place, Folder) else Path(Path(store).name)
    return (folder if folder.name not in ("", "..") else Path(os.path.abspath(folder))).with_suffix(".svg")


def _is_own(picture: Path, made_from: str) -> bool:
    """Whether a picture says that it was made from this store."""
    try:
        with picture.open(encoding="utf-8") as file:
            return f"<dc:source>{html.escape(made_from, quote=False)}</dc:source>" in file.read(
                MOST_OF_A_HEAD
            )
    except (OSError, UnicodeDecodeError):
        return False


def _planes(names: str, grid: list[str], words: list[str], known: Options) -> list[Any]:
    """Each rule on its axes: what is given for all, and what is given for it alone."""
    from polyak.cli.sweep_words import plane_from, refuse_twice

    labels = [name.strip() for name in names.split(",") if name.strip()]
    if not labels:
        raise PolyakError("which rule? it comes first, such as heavy_ball (polyak rules lists them)")
    refuse_twice(labels)
    return [plane_from(label, labels, grid, words, known) for label in labels]


def _target(on: Any, start: Any, steps: Any, data: Any, target: Any, problem: Any, batch_size: Any, epochs: Any,
            seeds: Any) -> dict[str, Any]:  # fmt: skip
    """What is swept on, a landscape or data, with the options that go with it."""
    from polyak.cli.arguments import check_time, landscape_from, problem_from

    trained = {"data": data, "batch-size": batch_size, "epochs": epochs, "seeds": seeds, "problem": problem}
    descended = {"on": on, "start": start, "steps": steps}
    asked = [name for name, value in trained.items() if value is not None]
    other = [name for name, value in descended.items() if value is not None]
    if asked and other:
        raise PolyakError(f"--{other[0]} is of a landscape and --{asked[0]} of data: sweep on one of them")
    if asked:
        settings = {"batch_size": batch_size, "epochs": epochs, "seeds": seeds}
        given = {name: value for name, value in settings.items() if value is not None}
        task = problem_from(data, target, problem)
        check_time(task, batch_size or 10, epochs or 2, seeds or 1)  # of one cell
        return {"on": task, **given}
    if target is not None:
        raise PolyakError("--target needs --data; a value to reach is --reach")
    return {"on": landscape_from(on or "ravine", start), **({} if steps is None else {"steps": steps})}


def _sampling(random: Any, latin: Any) -> tuple[str, Any]:
    if random is not None and latin is not None:
        raise PolyakError("--random and --latin are two ways to draw cells, give one")
    if random is not None:
        return "random", random
    return ("latin_hypercube", latin) if latin is not None else ("grid", None)


def _say(result: Any) -> None:
    from polyak.sweeps import best as best_of
    from polyak.sweeps.results import by_rule

    found = best_of(result)
    if unfinished := sum(int(plane.attrs.get("unfinished_chunks", 0)) for plane in by_rule(result).values()):
        what = f"{unfinished} chunks of the sweep are not there yet: their cells count as diverged"
        typer.echo(f"polyak: note: {what}", err=True)
    for one in found.values() if isinstance(found, dict) else [found]:
        typer.echo(one)


def _draw(result: Any, out: Path | None, made_from: str = "") -> None:
    if out is not None:
        from polyak.show import plane_figure, save

        typer.echo(f"wrote {save(plane_figure(result), out, made_from=made_from)}")


def _end_interrupted(store: str | None) -> NoReturn:
    """Say how to go on with a sweep that Ctrl-C ended."""
    way = (
        f"the same line goes on from where it stopped (kept in {store})"
        if store is not None
        else "with --store, the same line would have gone on from where it stopped"
    )
    end_interrupted(way)
