"""Fences: which of them are code that runs, and what their first lines say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

PYTHON = {"python", "python3", "py", "ipython", "ipython3"}


@dataclass(frozen=True)
class Fence:
    """What a fence's opening line says: whether it runs, and the number it gives its cell."""

    runs: bool
    number: int | None = None


def fence(info: str) -> Fence:
    """Read the words after a fence's marks.

    Args:
        info: what follows the backticks, such as `python`, `{.python .input  n=3}` or `{code-cell} ipython3`.

    >>> fence("{.python .input  n=3}")
    Fence(runs=True, number=3)
    >>> fence("python").runs, fence("{code-cell}").runs, fence("bash").runs
    (True, True, False)
    >>> fence("{python}").runs, fence("{r}").runs, fence("{python, echo=False}").runs
    (True, False, True)
    """
    words = info.strip()
    if words.lower().startswith("{code-cell}"):
        return Fence(runs=_first_word(words[len("{code-cell}") :]) in {"", *PYTHON})
    if re.match(
        r"\{(python3?|py)\b", words.lower()
    ):  # as Quarto and R Markdown have it: `{python, echo=False}`
        return Fence(runs=True)
    return _of_classes(words) if words.startswith("{") else Fence(runs=_first_word(words) in PYTHON)


def _of_classes(words: str) -> Fence:
    """`{.python .input n=3}`; `{.python-.input-n=3}` is what a translator's tools make of it on the way."""
    inside = words.strip("{}").replace("-.", " .").replace("-n=", " n=").split()
    classes = {word[1:].lower() for word in inside if word.startswith(".")}
    numbers = [found for word in inside if (found := re.fullmatch(r"n=[\"']?(\d{1,9})[\"']?", word))]
    runs = bool(classes & PYTHON) and "output" not in classes
    return Fence(runs, int(numbers[0][1]) if numbers else None)


def _first_word(words: str) -> str:
    return (words.split() or [""])[0].lower()


def language(info: str) -> str:
    """The language of a fence that does not run, for its colours; empty if none is named.

    >>> language("bash"), language("{.json .output}"), language("")
    ('bash', 'json', '')
    """
    found = re.match(r"\{?\s*\.?([\w+#-]+)", info.strip())
    return found[1] if found else ""


def options(code: str) -> tuple[tuple[str, ...], str, int]:
    r"""The tags and the label that a `{code-cell}` opens with, and how many lines its options take.

    >>> options(":tags: [hide-input, raises-exception]\n\nx = 1\n")
    (('hide-input', 'raises-exception'), '', 1)
    >>> options("---\ntags: [a]\nlabel: fig-a\n---\nx = 1\n")
    (('a',), 'fig-a', 4)
    """
    heads, count = _heads(code.split("\n"))
    said = {name.strip(): words.strip() for name, _, words in (head.partition(":") for head in heads)}
    tags = tuple(re.findall(r"[\w-]+", said.get("tags", "")))
    return tags, said.get("label") or said.get("name") or "", count


def _heads(lines: list[str]) -> tuple[list[str], int]:
    """The options, each as `name: words`, and how many lines they take."""
    if lines[0].strip() == "---" and "---" in (line.strip() for line in lines[1:]):
        count = next(index for index, line in enumerate(lines[1:], 2) if line.strip() == "---")
        return lines[1 : count - 1], count
    heads = list(takewhile(lambda line: re.match(r":[\w-]+:", line), lines))
    return [line[1:].replace(":", ": ", 1) for line in heads], len(heads)


def label_of(info: str, code: str) -> str:
    r"""The label of a cell as Quarto and R Markdown have it.

    >>> label_of("{python}", "#| echo: false\n#| label: fig-a\nx = 1"), label_of("{python steps, echo=FALSE}", "")
    ('fig-a', 'steps')
    >>> label_of("{.python .input n=3}", "x = 1"), label_of("python", "")
    ('', '')
    """
    heads = "\n".join(line for line in code.split("\n", 20)[:20] if line.startswith("#|"))
    if found := re.search(r"^#\|\s*label:\s*(\S+)", heads, re.MULTILINE):
        return found[1]
    found = re.match(r"\{(?:python3?|py)\s+([\w-]+)\s*[,}]", info.strip().lower())
    return found[1] if found else ""
