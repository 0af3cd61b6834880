"""Charts as shapes: positions worked out here, drawn as SVG by the templates, each with its table beside it.

Positions are whole numbers in the drawing's own units, so that nothing is a float and nothing needs a style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720
HEIGHT = 220
_BASE = HEIGHT - 24
_TOP = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a chart: what it is called, the number, and how the number is written."""

    label: str
    value: int
    text: str
    tone: str = "info"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    point: Point
    x: int
    y: int
    width: int
    height: int
    # Whether its label is written below it: where there are many, not every one is.
    labelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing of bars on a base line. `kind` is "bars" or "steps" (a waterfall)."""

    kind: str
    caption: str
    bars: Sequence[Bar]
    baseline: int = _BASE
    width: int = WIDTH
    height: int = HEIGHT
    highest: str = ""


def bars(points: Sequence[Point], *, caption: str, most_labels: int = 8) -> Chart:
    """Bars from zero, as high as their values."""
    highest = max((abs(point.value) for point in points), default=0)
    slot = WIDTH // max(1, len(points))
    every = max(1, -(-len(points) // most_labels))
    drawn = []
    for index, point in enumerate(points):
        height = (_BASE - _TOP) * abs(point.value) // highest if highest else 0
        gap = min(8, slot // 4)
        drawn.append(
            Bar(
                point=point, x=index * slot + gap // 2, y=_BASE - height, width=max(1, slot - gap), height=height,
                labelled=index % every == 0,
            )
        )  # fmt: skip
    top = max(points, key=lambda point: abs(point.value), default=None)
    return Chart(kind="bars", caption=caption, bars=drawn, highest=top.text if top is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a waterfall: a change, or (`is_total`) where the balance stands."""

    point: Point
    is_total: bool = False


def waterfall(steps: Sequence[Step], *, caption: str) -> Chart:
    """Bars that begin where the one before ended: an opening, what came and went, a closing."""
    spans: list[tuple[int, int]] = []
    level = 0
    for step in steps:
        before = 0 if step.is_total else level
        level = step.point.value if step.is_total else level + step.point.value
        spans.append((min(before, level), max(before, level)))
    lowest = min((low for low, _ in spans), default=0)
    highest = max((high for _, high in spans), default=0)
    reach = max(1, highest - min(0, lowest))

    def height_of(value: int) -> int:
        return (_BASE - _TOP) * (value - min(0, lowest)) // reach

    slot = WIDTH // max(1, len(steps))
    gap = min(24, slot // 4)
    drawn = [
        Bar(
            point=step.point, x=index * slot + gap // 2, y=_BASE - height_of(high), width=slot - gap,
            height=max(1, height_of(high) - height_of(low)), labelled=True,
        )
        for index, (step, (low, high)) in enumerate(zip(steps, spans, strict=True))
    ]  # fmt: skip
    return Chart(kind="steps", caption=caption, bars=drawn, baseline=_BASE - height_of(0))
