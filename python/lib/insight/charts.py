"""Charts: inline SVG that says in words what it shows. Colours come from the page's style."""

import math
from collections.abc import Iterator, Sequence

Points = Sequence[tuple[str, int | float | None]]
"""Labels, which are plain ASCII, and values; None is a gap, not a zero."""

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 28
_LABELS = 6


def bars(key: str, title: str, points: Points) -> str:
    """Return the SVG of one bar a point; `key` makes its ids the only ones on the page, `title` is safe in HTML."""
    top = _round_up(max((value for _, value in points if value is not None), default=0))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{key}-title {key}-text">',
        f'<title id="{key}-title">{title}</title>',
        f'<desc id="{key}-text">{describe(points)}</desc>',
        *_grid(top),
        *_bars(points, top),
        *_axis(points),
        "</svg>",
    ]
    return "\n".join(parts)


def describe(points: Points) -> str:
    """Return the chart in words: span, highest and lowest, mean. Plain ASCII, safe in HTML."""
    known = [(label, value) for label, value in points if value is not None]
    if not known:
        return "No values."
    highest = max(known, key=lambda point: point[1])
    lowest = min(known, key=lambda point: point[1])
    mean = math.fsum(value for _, value in known) / len(known)
    return (
        f"From {points[0][0]} to {points[-1][0]}: at most {highest[1]:g} on {highest[0]}, "
        f"at least {lowest[1]:g} on {lowest[0]}, {mean:.1f} on average."
    )


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
            yield f"{label:<{longest}}  {bar} {value:,}"


def _grid(top: int) -> Iterator[str]:
    for share in (0, 0.5, 1):
        y = _y(top * share, top)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:g}</text>'


def _bars(points: Points, top: int) -> Iterator[str]:
    step = (WIDTH - _LEFT - _RIGHT) / max(len(points), 1)
    for index, (label, value) in enumerate(points):
        if value is not None:
            x, y = _LEFT + index * step, _y(value, top)
            yield (
                f'<rect class="bar" x="{x + step * 0.1:.2f}" y="{y:.2f}" width="{step * 0.8:.2f}" '
                f'height="{HEIGHT - _BOTTOM - y:.2f}"><title>{label}: {value:g}</title></rect>'
            )


def _axis(points: Points) -> Iterator[str]:
    step = (WIDTH - _LEFT - _RIGHT) / max(len(points), 1)
    every = max(1, -(-len(points) // _LABELS))
    for index in range(0, len(points), every):
        x = _LEFT + (index + 0.5) * step
        anchor = "start" if index == 0 else "middle"
        yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{points[index][0]}</text>'


def _y(value: float, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _round_up(highest: float) -> int:
    """Return the next of 2, 4, 10, 20, 40, 100, ... so that half of it is a whole number too."""
    power = 1
    while True:
        for factor in (2, 4, 10):
            if highest <= factor * power:
                return factor * power
        power *= 10
