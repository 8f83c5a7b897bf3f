"""What the options of `perf` mean; each refusal is a `PerftestsError`."""

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from perftests.conf import SCALES, Scale, configuration
from perftests.exceptions import PerftestsError
from perftests.records.storable import require_text
from perftests.reports import files
from perftests.reports.exports.formats import Destination

T = TypeVar("T", bound=str)
Number = TypeVar("Number", int, float)


def destinations(options: dict[str, Any]) -> list[Destination]:
    """The files that the report goes to; raises `PerftestsError` for one that cannot be written."""
    output = options["output"]
    reports = [Destination("json", output)] if output else []
    reports += map(Destination.parse, options["report"])
    for report in reports:
        files.require_writable(report.path)
    return reports


def chosen(option: str, value: str | None, choices: tuple[T, ...]) -> T | None:
    """The choice that an option names; `None` if it was not given."""
    for choice in choices:
        if choice == value:
            return choice
    if value is None:
        return None
    raise PerftestsError(f"{option} is {value!r}; it must be one of {', '.join(choices)}.")


def at_least_0(option: str, value: str | None, kind: Callable[[str], Number]) -> Number | None:
    """The number of this kind that an option gives; `None` if it was not given."""
    if value is None:
        return None
    try:
        number = kind(value)
    except ValueError:
        number = kind("-1")
    if number >= 0:  # which NaN is not
        return number
    whole = "a whole number" if kind is int else "a number"
    raise PerftestsError(f"{option} is {value!r}; it must be {whole}, 0 or more.")


def scale_of(options: dict[str, Any]) -> Scale:
    """The scale of a run with these options."""
    return chosen("--scale", options["scale"], SCALES) or configuration.SCALE or "standard"


def label_of(options: dict[str, Any]) -> str:
    """The name that the options give to what is stored; empty without one."""
    try:
        return require_text("--label", as_typed(options["label"]))
    except ValueError as error:
        raise PerftestsError(f"{error}.") from None


def given(names: Iterable[str], options: dict[str, Any]) -> str:
    """Those of these options that were given, as they are written; empty without any."""
    written = (f"--{n.replace('_', '-').removesuffix('-tests')}" for n in names if options[n])
    return ", ".join(written)


def as_typed(argument: str) -> str:
    """The argument as UTF-8, also where the locale (`LC_ALL=C`) has made something else of it."""
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        return argument
