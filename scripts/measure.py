"""How the house stands by its own measure, as a table; `--by-floor` says where each number comes from.

    python scripts/measure.py [--by-floor | --write]

`--write` puts the table into docs/architecture.md, as `make docs` does.

- *bare `Any`*: of all arguments of all functions in src, those whose annotation is `Any` alone.
- *branching*: functions with more than ten ifs, loops, handlers, cases, comprehensions and `and`s and `or`s.
- *circles*: groups of modules that import one another, for types or late included.
- *to touch*: files that a newcomer writes for a new thing, as the guides in docs/adding/ say and the tests run.
- *needed*: what `pip install polyak` brings at the least.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
SOURCE, GUIDES = ROOT / "src" / "polyak", ROOT / "docs" / "adding"
PAGE = ROOT / "docs" / "architecture.md"
MANY = 10  # branches, above which a function does more than one job
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)


@dataclass(frozen=True)
class Function:
    """A function of the source by its place, with its arguments' annotations and how often it branches."""

    floor: str
    place: str
    annotations: tuple[str, ...]
    branches: int


def functions() -> Iterator[Function]:
    """Every function and method in src."""
    for path in sorted(SOURCE.rglob("*.py")):
        floor = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                yield Function(floor, place, tuple(_annotations(node.args)), _branches(node))


def _annotations(given: ast.arguments) -> Iterator[str]:
    stars = [one for one in (given.vararg, given.kwarg) if one is not None]
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, *stars):
        if argument.arg not in ("self", "cls"):
            yield ast.unparse(argument.annotation) if argument.annotation else ""


def _branches(function: ast.AST) -> int:
    count = 0
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            count += 1 + len(getattr(node, "ifs", ()))
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
    return count


def circles() -> list[list[str]]:
    """The groups of modules that import one another, by way of others too."""
    graph = grimp.build_graph("polyak", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    return [sorted(group) for group in _components(imports) if len(group) > 1]


def _components(imports: dict[str, set[str]]) -> Iterator[set[str]]:
    """Strongly connected components: of each module, what it reaches and is reached by."""
    reached = {module: _reached(module, imports) for module in imports}
    left = set(imports)
    while left:
        module = min(left)
        group = {module} | {other for other in reached[module] if module in reached.get(other, ())}
        left -= group
        yield group


def _reached(module: str, imports: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        for other in imports.get(waiting.pop(), set()) - reached:
            reached.add(other)
            waiting.append(other)
    return reached


def to_touch() -> dict[str, int]:
    """For each guide, the files that it has a newcomer write: its blocks of code, but for the test."""
    return {
        path.stem: path.read_text("utf-8").count("\n```python title=") for path in sorted(GUIDES.glob("*.md"))
    }


def needed() -> list[str]:
    """What every install of Polyak brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


def lines() -> Counter[str]:
    """Lines of src by floor."""
    count: Counter[str] = Counter()
    for path in SOURCE.rglob("*.py"):
        count[path.relative_to(SOURCE).parts[0].removesuffix(".py")] += len(
            path.read_text("utf-8").splitlines()
        )
    return count


def table(every: list[Function]) -> Iterator[str]:
    """The measure, in Markdown."""
    annotations = [one for function in every for one in function.annotations]
    bare = annotations.count("Any") / len(annotations)
    yield "| | now | to be |"
    yield "|---|---|---|"
    yield f"| arguments that are bare `Any` | {bare:.1%} of {len(annotations):,} | under 5 % |"
    yield f"| functions over ten branches | {sum(f.branches > MANY for f in every)} of {len(every):,} | under 15 |"
    yield f"| circles of modules | {len(circles())} | 0 |"
    touched = ", ".join(f"{kind} {count}" for kind, count in to_touch().items() if kind != "framework")
    yield f"| files to write for a new thing | {touched}, framework its folder | 1 each, a folder for a framework |"
    yield f"| packages that `pip install polyak` needs | {len(needed())} | 9 or fewer |"
    yield f"| lines of src | {sum(lines().values()):,} | |"


def by_floor(every: list[Function]) -> Iterator[str]:
    """Where the numbers come from."""
    count = lines()
    for floor in sorted(count):
        own = [function for function in every if function.floor == floor]
        annotations = [one for function in own for one in function.annotations]
        bare = annotations.count("Any")
        yield f"{floor:12} {count[floor]:6,} lines, {bare:4} of {len(annotations):5} arguments bare"
    for function in sorted(every, key=lambda function: -function.branches):
        if function.branches > MANY:
            yield f"{function.branches:3} branches  {function.place}"
    for circle in circles():
        yield f"circle  {', '.join(circle)}"


def main() -> None:
    """Print the table, and with `--by-floor` what it is made of."""
    every = list(functions())
    lines_of_it = list(table(every))
    print(*lines_of_it, sep="\n")
    if "--write" in sys.argv[1:]:
        text = PAGE.read_text("utf-8")
        begin, end = (f"<!-- measure: {word} -->" for word in ("begin", "end"))
        before, after = text.partition(begin)[0], text.partition(end)[2]
        PAGE.write_text("\n".join([before + begin, *lines_of_it, end]) + after, "utf-8")
    if "--by-floor" in sys.argv[1:]:
        print()
        for line in by_floor(every):
            print(line)


if __name__ == "__main__":
    main()
