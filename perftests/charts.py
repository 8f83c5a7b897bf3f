"""The results of a run as Plotly figures: plain dicts, for plotly.js or any other Plotly."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .measure.histogram import LatencyHistogram
from .measure.results import Result, Series
from .measure.stats import has_tail

Figure = dict[str, Any]

# Of medium lightness, so that they stand out on white and on black alike.
COLOURS = (
    "#3b82c4",
    "#e07b39",
    "#3a9d5d",
    "#d1495b",
    "#8a63c9",
    "#2aa5a8",
    "#d65db1",
    "#9c7a4e",
    "#8d9440",
    "#7f8c8d",
)
DASHES = ("solid", "dash", "dot", "dashdot")

POINTS_PER_DECADE = 20
PERCENTILE_TICKS = {1: "0", 2: "50", 10: "90", 100: "99", 1_000: "99.9", 10_000: "99.99"}

# Panels from top to bottom, by the unit of the series they show.
PANELS = {"%": "CPU, % of one core", "MB": "Memory, MB", "": "Count"}
PANEL_GAP = 0.06
SECOND_IN_PANEL = ("uss", "file descriptors")  # dashed, beside rss and threads

Line = list[tuple[float | None, float | None]]


def latency_figure(results: Iterable[Result]) -> Figure | None:
    """Latency in ms by percentile, one line for each histogram; `None` when there is none.

    The percentile axis is that of HdrHistogram's plots, logarithmic in 1 / (1 - q), so that each
    further nine takes the same room. A line ends where fewer than ten samples lie beyond it.
    """
    traces: list[dict[str, Any]] = []
    for name, histogram in _histograms(results):
        if points := _percentiles(histogram):
            traces.append(_latency_trace(name, points, len(traces)))
    if not traces:
        return None
    layout = _layout("Latency by percentile", height=460)
    layout["xaxis"] = {
        "title": {"text": "Percentile, %"},
        "type": "log",
        "tickvals": list(PERCENTILE_TICKS),
        "ticktext": list(PERCENTILE_TICKS.values()),
    }
    layout["yaxis"] = {"title": {"text": "Latency, ms"}, "type": "log", "dtick": 1}
    return {"data": traces, "layout": layout}


def resource_figure(results: Sequence[Result]) -> Figure | None:
    """CPU, memory and other resources over the seconds of the run; `None` without such series.

    The tests stand one after the other, as they ran, and each series begins with its test. A
    line is broken between tests. The colour tells the process, the first word of the name.
    """
    lines = _lines(results)
    if not lines:
        return None
    units = [unit for unit in PANELS if unit in {unit for unit, _ in lines}]
    processes = list(dict.fromkeys(_process(name) for _, name in lines))
    layout = _layout("CPU and memory over time", height=200 + 160 * len(units))
    layout["xaxis"] = {"title": {"text": "Seconds of the run"}, "anchor": _axis("y", len(units))}
    layout |= _panels(units)
    layout["shapes"], layout["annotations"] = _test_marks(results)
    data = [
        _resource_trace(name, points, _axis("y", units.index(unit) + 1), processes)
        for (unit, name), points in lines.items()
    ]
    return {"data": data, "layout": layout}


def _layout(title: str, height: int) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "height": height,
        "margin": {"l": 60, "r": 16, "t": 56, "b": 48},
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
        "hovermode": "closest",
    }


def _name(result: Result) -> str:
    return result.row or result.test.rpartition(".")[2]


def _histograms(results: Iterable[Result]) -> Iterator[tuple[str, LatencyHistogram]]:
    for result in results:
        for name, text in sorted(result.histograms.items()):
            yield f"{_name(result)} {name}", LatencyHistogram.decode(text)


def _percentiles(histogram: LatencyHistogram) -> list[tuple[float, float]]:
    """Pairs of 1 / (1 - q) and the latency in ms there."""
    points = []
    step = 0
    while has_tail(histogram.count, 100 - 100 / (x := 10 ** (step / POINTS_PER_DECADE))):
        points.append((x, histogram.percentile(100 - 100 / x)))
        step += 1
    return points


def _latency_trace(name: str, points: list[tuple[float, float]], index: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [x for x, _ in points],
        "y": [latency for _, latency in points],
        "customdata": [round(100 - 100 / x, 3) for x, _ in points],
        "hovertemplate": "%{customdata} %: %{y:.3g} ms",
        "line": _line_style(index % len(COLOURS), index // len(COLOURS)),
    }


def _line_style(colour: int, dash: int) -> dict[str, Any]:
    return {
        "color": COLOURS[colour % len(COLOURS)],
        "dash": DASHES[dash % len(DASHES)],
        "width": 2,
    }


def _lines(results: Sequence[Result]) -> dict[tuple[str, str], Line]:
    """The points of each series of the whole run, by unit and name."""
    lines: dict[tuple[str, str], Line] = {}
    for start, result in _starts(results):
        for series in result.series:
            if series.unit in PANELS:
                line = lines.setdefault((series.unit, series.name), [])
                line.extend(_points(series, start))
                line.append((None, None))  # breaks the line before the next test
    return lines


def _starts(results: Sequence[Result]) -> Iterator[tuple[float, Result]]:
    start = 0.0
    for result in results:
        yield start, result
        start += result.seconds


def _points(series: Series, start: float) -> Iterator[tuple[float, float]]:
    for seconds, value in zip(series.seconds, series.values, strict=True):
        yield round(start + seconds, 2), round(value, 3)


def _axis(letter: str, number: int) -> str:
    return letter if number == 1 else f"{letter}{number}"


def _panels(units: list[str]) -> dict[str, Any]:
    """One y axis for each unit, from the top down."""
    height = (1 + PANEL_GAP) / len(units)
    return {
        _axis("yaxis", number): {
            "title": {"text": PANELS[unit]},
            "domain": [max(0, 1 - number * height + PANEL_GAP), 1 - (number - 1) * height],
            "rangemode": "tozero",
        }
        for number, unit in enumerate(units, start=1)
    }


def _test_marks(results: Sequence[Result]) -> tuple[list[Any], list[Any]]:
    """A thin line where each measured test begins, and its name above."""
    starts = [(start, _name(result)) for start, result in _starts(results) if result.series]
    place = {"yref": "paper", "xref": "x"}
    style = {"color": COLOURS[-1], "width": 1, "dash": "dot"}
    shapes = [
        {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": style, **place}
        for x, _ in starts
    ]
    labels = [
        {"text": name, "x": x, "y": 1, "yanchor": "bottom", "showarrow": False, **place}
        for x, name in starts
    ]
    return shapes, labels


def _process(name: str) -> str:
    return name.partition(" ")[0]


def _resource_trace(name: str, points: Line, axis: str, processes: list[str]) -> dict[str, Any]:
    process, _, quantity = name.partition(" ")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [seconds for seconds, _ in points],
        "y": [value for _, value in points],
        "yaxis": axis,
        "line": _line_style(processes.index(process), quantity in SECOND_IN_PANEL),
    }
