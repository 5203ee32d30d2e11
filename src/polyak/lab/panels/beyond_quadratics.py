"""Beyond quadratics: what is proved of the rule on every function between the landscape's curvatures."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from polyak.ground.extras import has, installing
from polyak.ground.numbers import readable
from polyak.lab.figures import paragraph
from polyak.lab.kinds import Kind
from polyak.lab.panel import Panel, Question
from polyak.lab.session import Session
from polyak.lab.state import Value
from polyak.landscapes import Landscape
from polyak.theory import Guarantee, Stability, beyond_quadratics, stability
from polyak.theory.certified_rate import LARGEST_CONDITION


class BeyondQuadraticsPanel(Panel):
    """The rate on quadratics, and beside it the rate that is certified beyond them, or why none is."""

    name = "beyond_quadratics"
    order = 55
    computes = patient = True  # a certificate takes up to a second
    words = {
        "en": {
            "title": "Beyond quadratics",
            "hint": "The phase plane speaks of quadratics. This is proved of every function whose curvature stays "
            "between the smallest and the largest mark.",
            "quadratics": "On quadratics with curvature from {m} to {L}: rate {rate} a step.",
            "certified": "On every such function: rate {rate} a step or better, certified.",
            "tight": "No smaller rate holds: a quadratic is as slow.",
            "uncertified": "On every such function: no rate below 1 is certified.",
            "refuted": "On one of them, {function} from {start}, it does not come down.",
            "extra": "This needs the extra certify: {install}",
            "unstable": "Not even on these quadratics does the rule come down.",
            "one": "There is one curvature, {L}: nothing lies between two.",
            "range": "There is no certificate for curvatures from {m} to {L}: it needs two above 0, at most a million "
            "times apart.",
            "plane": "There is no certificate for a function that moves both coordinates at once.",
            "unsolved": "The solver found no answer for this rule.",
        },
        "zh": {
            "title": "二次函数之外",
            "hint": "相平面所说的是二次函数。这里证明的是：对曲率始终介于最小与最大标记之间的每个函数都成立的结论。",
            "quadratics": "在曲率从 {m} 到 {L} 的二次函数上：每步速率 {rate}。",
            "certified": "在每个这样的函数上：每步速率不超过 {rate}，已证明。",
            "tight": "更小的速率不成立：有一个二次函数同样慢。",
            "uncertified": "在每个这样的函数上：没有证明小于 1 的速率。",
            "refuted": "其中一个函数 {function} 从 {start} 出发，规则不会下降到底。",
            "extra": "这需要附加组件 certify：{install}",
            "unstable": "即使在这些二次函数上，此规则也不会下降到底。",
            "one": "只有一个曲率 {L}：两者之间没有别的函数。",
            "range": "曲率从 {m} 到 {L} 时没有证明：需要两个大于 0、相差不超过一百万倍的曲率。",
            "plane": "对同时移动两个坐标的函数没有证明。",
            "unsolved": "求解器没有为此规则找到答案。",
        },
    }
    sections = {
        "beyond_quadratics": '<h2>{{ say("title") }}</h2><p class="hint">{{ say("hint") }}</p>{{ place(name) }}'
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.text = paragraph(session, self.name)
        self.roots = [self.text]

    def about(self, question: Question) -> object:
        return question.state.current, question.kind, question.landscape

    @classmethod
    def compute(cls, question: Question) -> tuple[Stability, Guarantee | None]:
        return _predicted(question.kind, tuple(question.state.current.settings.items()), question.landscape)

    def forget(self) -> None:
        self.text.text = ""

    def refuse(self, text: str) -> None:
        self.text.text = escape(text)

    def show(self, answer: tuple[Stability, Guarantee | None]) -> None:
        self.text.text = "<br>".join(escape(line) for line in self._sentences(*answer))

    def _sentences(self, stable: Stability, held: Guarantee | None) -> list[str]:
        m, L = float(stable.curvatures.min()), float(stable.curvatures.max())
        ends = {"m": readable(m), "L": readable(L)}
        if held is None:
            return [self.say(_why_not(stable, m, L), install=installing("certify"), **ends)]
        lines = [self.say("quadratics", rate=readable(held.quadratic_rate, 5), **ends)]
        lines.append(self.say("certified" if held.certified else "uncertified", rate=readable(held.rate, 5)))
        if held.tight:
            lines.append(self.say("tight"))
        if held.counterexample is not None:
            shown = held.counterexample
            lines.append(self.say("refuted", function=shown.source, start=readable(shown.start[0])))
        return lines


@lru_cache(maxsize=64)
def _predicted(
    kind: Kind, settings: tuple[tuple[str, Value], ...], landscape: Landscape
) -> tuple[Stability, Guarantee | None]:
    stable = stability(kind.rule(dict(settings)), landscape)
    return stable, beyond_quadratics(stable)


def _why_not(stable: Stability, m: float, L: float) -> str:
    """Why there is no guarantee: the name of a phrase."""
    if m == L:
        return "one"
    if not 0 < m < L <= LARGEST_CONDITION * m:
        return "range"
    if stable.places is not None:
        return "plane"
    if not stable.stable:
        return "unstable"
    return "unsolved" if has("cvxpy", "clarabel") else "extra"
