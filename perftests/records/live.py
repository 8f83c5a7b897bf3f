"""What a run is doing now: few enough numbers and lines to be stored anew every second."""

from dataclasses import dataclass, replace

from .events import Event, Figure, Progress, Started, TestEnded, TestStarted
from .results import Result
from .storable import plain

MOST_POINTS = 180
"""Of each curve: three minutes, at one a second."""

MOST_CURVES = 5
"""Of what is measured; further ones are left out."""

MOST_LINES = 20
LONGEST_LINE = 300

Point = tuple[float, float]
"""Seconds since the run began, and a value."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What is measured while a test runs."""

    name: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """A run that goes on, or how far it came; `ended` of its `tests` have a result.

    The test that runs now, since `since` seconds after the beginning, is on `done` of `total`
    steps; `curves` are what it measures meanwhile. `cpu` is in % of one core, `memory`
    in MB, both of the measuring process and all that it has started. `lines` are the last of the
    log. `ending` says why the run ended early: the name of a signal, or a sentence.
    """

    tests: int = 0
    ended: int = 0
    suite: str = ""
    row: str = ""
    title: str = ""
    since: float = 0.0
    text: str = ""
    done: float | None = None
    total: float | None = None
    curves: tuple[Curve, ...] = ()
    cpu: tuple[Point, ...] = ()
    memory: tuple[Point, ...] = ()
    lines: tuple[str, ...] = ()
    ending: str = ""

    def heard(self, event: Event, seconds: float) -> "Live":
        """The same after an event that came so many seconds after the beginning."""
        match event:
            case Started(tests=tests):
                return replace(self, tests=tests)
            case TestStarted():
                return self._begun(event, seconds)
            case Progress():
                return self._progressed(event)
            case Figure():
                return replace(self, curves=_drawn(self.curves, event, seconds))
            case TestEnded(result=result):
                ended = replace(self._between_tests(), ended=self.ended + 1)
                return ended.said(_line_of(result))
        return self

    def used(self, seconds: float, cpu: float | None, memory: float) -> "Live":
        """The same with one more reading of what the run uses; the oldest go."""
        cpus = self.cpu if cpu is None else _with(self.cpu, (seconds, cpu))
        return replace(self, cpu=cpus, memory=_with(self.memory, (seconds, memory)))

    def said(self, *lines: str) -> "Live":
        """The same with further lines of the log; the oldest go."""
        told = (*self.lines, *(plain(line, LONGEST_LINE) for line in lines))
        return replace(self, lines=told[-MOST_LINES:])

    def _begun(self, test: TestStarted, seconds: float) -> "Live":
        suite, row, title = map(plain, (test.suite, test.row, test.title))
        return replace(self._between_tests(), suite=suite, row=row, title=title, since=seconds)

    def _between_tests(self) -> "Live":
        return replace(self, row="", title="", text="", done=None, total=None, curves=())

    def _progressed(self, progress: Progress) -> "Live":
        text = plain(progress.text, LONGEST_LINE)
        live = replace(self, text=text, done=progress.done, total=progress.total)
        # What comes in steps would soon be all that the log has.
        return live if progress.total else live.said(f"{self.row} {text}".strip())


def _drawn(curves: tuple[Curve, ...], figure: Figure, seconds: float) -> tuple[Curve, ...]:
    """The curves with one more point, of one of them or of a new one."""
    name, unit = plain(figure.name, LONGEST_LINE), plain(figure.unit, LONGEST_LINE)
    known = {(curve.name, curve.unit): curve for curve in curves}
    before = known.get((name, unit), Curve(name, unit, ()))
    known[name, unit] = replace(before, points=_with(before.points, (seconds, figure.value)))
    return tuple(known.values())[:MOST_CURVES]


def _with(points: tuple[Point, ...], point: Point) -> tuple[Point, ...]:
    return (*points, point)[-MOST_POINTS:]


def _line_of(result: Result) -> str:
    name = f"{result.row} {result.title}".strip()
    return f"{name}: {result.verdict}, {result.outcome}, {result.seconds:.1f} s"
