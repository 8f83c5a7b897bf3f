"""What both databases, JSON and every terminal can take; nothing else is ever stored.

PostgreSQL refuses NUL and what is too long for its column, SQLite stores both; neither they nor
UTF-8 take lone surrogates; JSON knows neither NaN nor infinity. So each limit is looked at here,
twice: `require_text` and `require_number` refuse what an author hands in, with a sentence, and
`storable` makes sure of a whole result, whatever way its parts have come.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, get_args

from ..measure.series import Phase, Series
from .results import Outcome, Result
from .targets import Better, Metric

T = TypeVar("T")

LONGEST_TEXT = 100_000
LONGEST_REPR = 1_000
LONGEST = {"test": 255, "suite": 64, "row": 16, "name": 255, "unit": 64}
"""The characters that the columns have room for; all other texts end at `LONGEST_TEXT`."""

MISFITS = re.compile("[\0\ud800-\udfff]")


def require_text(what: str, value: object, longest: int = LONGEST_TEXT) -> str:
    """`value`, if it is text that can be stored; raises `ValueError` with what is wrong."""
    if not isinstance(value, str):
        raise ValueError(f"{what} has to be text, not {shown(value)}")
    if len(value) > longest:
        raise ValueError(f"{what} has {len(value):,} characters, at most {longest:,} are stored")
    if MISFITS.search(value):
        raise ValueError(f"{what} holds NUL or a lone surrogate: {shown(value)}")
    return str.__str__(value)  # not a subclass of it, such as Django's SafeString


def require_name(what: str, value: object) -> str:
    """The same for the name of something recorded, which can't be empty or long."""
    if not (name := require_text(what, value, LONGEST["name"])):
        raise ValueError(f"{what} is empty")
    return name


def require_number(what: str, value: Any) -> float:
    """`value` as a float, also where it is numpy's, a `Decimal` or a `Fraction`.

    Raises `ValueError` for what is no number, not finite or beyond a float.
    """
    try:
        if isinstance(value, (str, bytes, bytearray)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} is {shown(value)}, which is no number for a float") from None
    if not math.isfinite(number):
        raise ValueError(f"{what} is {number}; give None and a doubt for what has no value")
    return number


def require_metric(metric: Metric) -> Metric:
    """`metric`, if every part of it can be stored; raises `ValueError` with what is wrong."""
    name = require_name("the name of a metric", metric.name)
    unit = require_text(f"the unit of {name!r}", metric.unit, LONGEST["unit"])
    doubt = require_text(f"the doubt of {name!r}", metric.doubt)
    if metric.better not in get_args(Better):
        raise ValueError(f"{name!r} is better when {shown(metric.better)}, which is no direction")
    value, low, high = (
        None if number is None else require_number(repr(name), number)
        for number in (metric.value, metric.low, metric.high)
    )
    return replace(metric, name=name, value=value, low=low, high=high, unit=unit, doubt=doubt)


def require_series(series: Series) -> Series:
    """The same for a series, whose numbers go together in pairs."""
    if not isinstance(series, Series):
        raise ValueError(f"a series has to be a Series, not {shown(series)}")
    name = require_name("the name of a series", series.name)
    unit = require_text(f"the unit of {name!r}", series.unit, LONGEST["unit"])
    what = f"a number of {name!r}"
    seconds, values = (
        tuple(require_number(what, number) for number in numbers)
        for numbers in (series.seconds, series.values)
    )
    if len(seconds) != len(values):
        raise ValueError(f"{name!r} has {len(seconds)} seconds for {len(values)} values")
    return Series(name, unit, seconds, values, tuple(map(_require_phase, series.phases)))


def plain(text: object, longest: int = LONGEST_TEXT) -> str:
    """Any text as one that can be stored: what cannot is escaped, the middle of a long one cut."""
    text = text if isinstance(text, str) else shown(text)
    text = text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    if len(text) <= longest:
        return text
    mark = " […] "
    head = (longest - len(mark)) // 2
    return text[:head] + mark + text[head + len(mark) - longest :]


def stored_name(test: str) -> str:
    """The label of a test as its result has it."""
    return plain(test, LONGEST["test"])


def shown(value: object) -> str:
    """The repr of anything, also of what has none, at a length that people read."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<a {type(value).__name__} whose repr raises {type(error).__name__}>"
    return plain(text, LONGEST_REPR)


def storable(result: Result) -> Result:
    """`result` as it can be stored and told: the very same, as a rule.

    What cannot be stored stands in the detail, as its repr, and makes the test an error.
    """
    misfits: list[str] = []

    def keep(check: Callable[[T], T], items: Iterable[T]) -> Iterator[T]:
        for item in items:
            try:
                yield check(item)
            except Exception as error:  # whatever it is, the rest of the result is kept
                misfits.append(f"It cannot be stored: {plain(str(error), LONGEST_REPR)}")
                misfits.append(shown(item))

    def text(name: str) -> str:
        value, longest = getattr(result, name), LONGEST.get(name, LONGEST_TEXT)
        kept = keep(lambda value: require_text(f"the {name}", value, longest), [value])
        return next(kept, plain(value, longest))

    kept = replace(
        result,
        test=text("test"),
        suite=text("suite"),
        row=text("row"),
        title=text("title"),
        metrics=tuple(keep(require_metric, result.metrics)),
        series=tuple(keep(require_series, result.series)),
        histograms=dict(keep(_require_histogram, result.histograms.items())),
        notes=tuple(keep(require_note, result.notes)),
        seconds=next(keep(_require_seconds, [result.seconds]), 0.0),
        detail=plain(result.detail),
    )
    if not misfits:
        return kept
    detail = plain("\n".join(filter(None, (kept.detail, *misfits))))
    return replace(kept, outcome=Outcome.ERROR, detail=detail)


def require_note(note: object) -> str:
    """`note`, if it can be stored; raises `ValueError` with what is wrong."""
    return require_text("a note", note)


def _require_histogram(histogram: tuple[str, str]) -> tuple[str, str]:
    name, encoded = histogram
    return require_name("the name of a histogram", name), require_text("a histogram", encoded)


def _require_phase(phase: Phase) -> Phase:
    name = require_name("the name of a phase", phase.name)
    return Phase(require_number(f"the beginning of {name!r}", phase.seconds), name)


def _require_seconds(seconds: float) -> float:
    return require_number("the time of the test", seconds)
