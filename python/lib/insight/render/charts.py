"""Charts: their geometry, inline SVG that says in words what it shows, and bars for a terminal.

Colours and letters come from the page's style. Geometry is in units of the drawing, WIDTH by HEIGHT, top left first.
"""

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

Points = Sequence[tuple[str, int | float | None]]
"""Labels and values; None is a gap, not a zero."""

WIDTH, HEIGHT, STRIP = 720, 240, 44
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 4, 22, 30
_LABELS = 8
_HALF_LABEL = 20
_FEW = 16
_SATURDAY = 5
_GROUND = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Bar:
    """One bar; `is_weekend` when its label is a Saturday or a Sunday."""

    label: str
    value: int | float
    x: float
    y: float
    width: float
    height: float
    is_weekend: bool


@dataclass(frozen=True)
class Mark:
    """A text beside an axis: at the left end of a line of the grid, or below the middle of a bar."""

    text: str
    x: float
    y: float


def lay_out(points: Points) -> list[Bar]:
    """Return one bar a point that has a value."""
    top = _round_up(max((value for _, value in points if value is not None), default=0))
    step = _step(points)
    return [
        Bar(label, value, _LEFT + index * step + step * 0.12, _y(value, top), step * 0.76, _GROUND - _y(value, top), on)
        for index, (label, value) in enumerate(points)
        if value is not None
        for on in [_is_weekend(label)]
    ]


def grid(points: Points) -> list[Mark]:
    """Return the lines of the grid with what they stand for."""
    top = _round_up(max((value for _, value in points if value is not None), default=0))
    return [Mark(f"{top * share:g}", _LEFT, _y(top * share, top)) for share in (0, 0.5, 1)]


def ticks(points: Points) -> list[Mark]:
    """Return the labels below the bars, as many as there is room for; the last bar always has one."""
    every, last = max(1, -(-len(points) // _LABELS)), len(points) - 1
    shown = [at for at in range(0, len(points), every) if at == last or last - at >= every]
    wanted = dict.fromkeys([*shown, *([last] if points else [])])
    return [Mark(short(points[at][0]), _LEFT + (at + 0.5) * _step(points), HEIGHT - 10) for at in wanted]


def has_values(points: Points) -> bool:
    """Say whether there is room for the values above the bars."""
    return len(points) <= _FEW


def bars(key: str, title: str, points: Points) -> str:
    """Return the SVG of one bar a point; `key` makes its ids the only ones on the page."""
    drawn = lay_out(points)
    parts = [*_opening(key, title, describe(points), HEIGHT)]
    for mark in grid(points):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{mark.y:.1f}" y2="{mark.y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{mark.y + 4:.1f}" text-anchor="end">{mark.text}</text>')
    parts += map(_bar, drawn)
    if has_values(points):
        parts += [_text(_number(bar.value), bar.x + bar.width / 2, bar.y - 6, "value") for bar in drawn]
    parts += [_text(mark.text, min(mark.x, WIDTH - _HALF_LABEL), mark.y) for mark in ticks(points)]
    return "\n".join([*parts, "</svg>"])


def parts(key: str, title: str, points: Points) -> str:
    """Return the SVG of one bar whose parts are the points, in their order, each as wide as its share."""
    whole = sum(value for _, value in points if value) or 1
    drawn, x = [*_opening(key, title, describe_parts(points), STRIP)], 0.0
    for number, (label, value) in enumerate(points):
        if value:
            width = WIDTH * value / whole
            hint = f"<title>{html.escape(label)}: {_number(value)}</title>"
            drawn.append(f'<rect class="part{number}" x="{x:.2f}" y="0" width="{width:.2f}" height="22">{hint}</rect>')
            if width > len(label) * 8 + 24:
                count = f'<tspan class="value">{_number(value)}</tspan>'
                drawn.append(f'<text x="{x + 2:.1f}" y="38">{html.escape(label)} {count}</text>')
            x += width
    return "\n".join([*drawn, "</svg>"])


def describe(points: Points) -> str:
    """Return the chart in words: span, highest and lowest, mean."""
    known = [(label, value) for label, value in points if value is not None]
    if not known:
        return "No values."
    highest = max(known, key=lambda point: point[1])
    lowest = min(known, key=lambda point: point[1])
    mean = math.fsum(value for _, value in known) / len(known)
    paler = " Saturdays and Sundays are paler." if any(_is_weekend(label) for label, _ in points) else ""
    return (
        f"From {points[0][0]} to {points[-1][0]}: at most {_number(highest[1])} on {highest[0]}, "
        f"at least {_number(lowest[1])} on {lowest[0]}, {mean:,.1f} on average.{paler}"
    )


def describe_parts(points: Points) -> str:
    """Return the parts in words."""
    return ", ".join(f"{label} {_number(value or 0)}" for label, value in points) + "." if points else "No values."


def short(label: str) -> str:
    """Return a day or a month as an axis shows it; any other label as it is."""
    try:
        if len(label) == len("2026-10"):
            return f"{date.fromisoformat(f'{label}-01'):%b %Y}"
        day = date.fromisoformat(label)
    except ValueError:
        return label
    return f"{day.day} {day:%b}"


def terminal(points: Points, width: int = 50) -> Iterator[str]:
    """Yield one line of text a point: label, bar, value."""
    highest = max((value for _, value in points if value is not None), default=0) or 1
    longest = max((len(label) for label, _ in points), default=0)
    for label, value in points:
        if value is None:
            yield f"{label:<{longest}}  (no data)"
        else:
            eighths = round(value / highest * width * 8)
            bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
            yield f"{label:<{longest}}  {bar} {_number(value)}"


def _opening(key: str, title: str, words: str, height: int) -> Iterator[str]:
    names = f'aria-labelledby="{key}-title" aria-describedby="{key}-text"'
    yield f'<svg viewBox="0 0 {WIDTH} {height}" role="img" {names}>'
    yield f'<title id="{key}-title">{html.escape(title)}</title>'
    yield f'<desc id="{key}-text">{html.escape(words)}</desc>'


def _bar(bar: Bar) -> str:
    css = "bar weekend" if bar.is_weekend else "bar"
    return (
        f'<rect class="{css}" x="{bar.x:.2f}" y="{bar.y:.2f}" width="{bar.width:.2f}" height="{bar.height:.2f}">'
        f"<title>{html.escape(bar.label)}: {_number(bar.value)}</title></rect>"
    )


def _text(text: str, x: float, y: float, css: str = "tick") -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{html.escape(text)}</text>'


def _number(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _step(points: Points) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(len(points), 1)


def _is_weekend(label: str) -> bool:
    try:
        return date.fromisoformat(label).weekday() >= _SATURDAY
    except ValueError:
        return False


def _y(value: float, top: int) -> float:
    return _GROUND - (_GROUND - _TOP) * value / top


def _round_up(highest: float) -> int:
    """Return the next of 2, 4, 10, 20, 40, 100, ... so that half of it is a whole number too."""
    power = 1
    while True:
        for factor in (2, 4, 10):
            if highest <= factor * power:
                return factor * power
        power *= 10
