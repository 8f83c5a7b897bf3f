"""Units: conversion to the ones we store, and numbers as people read them.

Prefixes are decimal: 1 kB is 1,000 bytes and 1 MB is 1,000,000 bytes.
"""

import math

MISSING = "–"
FIXED_DECIMALS = {"%": 1, "×": 2}
SIGNIFICANT_DIGITS = 3
MEASURES = {"ns", "µs", "us", "ms", "s", "min", "h", "B", "kB", "KiB", "MB", "MiB", "GB", "%", "×"}


def milliseconds(nanoseconds: float) -> float:
    """Nanoseconds as milliseconds."""
    return nanoseconds / 1_000_000


def kilobytes(size: float) -> float:
    """Bytes as kB."""
    return size / 1_000


def megabytes(size: float) -> float:
    """Bytes as MB."""
    return size / 1_000_000


def format_value(value: float | None, unit: str) -> str:
    """A value for people, such as "12.3 ms"; a dash for None, infinity and not-a-number.

    Percentages have one decimal, ratios two, everything else three significant digits,
    of which none before the decimal point is lost.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{_number(value, unit)} {unit}".rstrip()


def is_count(unit: str) -> bool:
    """Whether a number of this unit is one of things, and no time, size, share, ratio or rate."""
    return unit not in MEASURES and not unit.endswith("/s")


def _number(value: float, unit: str) -> str:
    if unit == "%" and 99.9 < value < 100:
        value = 99.9  # 99.97 % must not read as perfect
    if unit in FIXED_DECIMALS:
        return f"{value:,.{FIXED_DECIMALS[unit]}f}"
    text = f"{value:,.{_decimals(value)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimals(value: float) -> int:
    if value == 0:
        return 0
    digits_before_the_point = math.floor(math.log10(abs(value))) + 1
    return max(0, SIGNIFICANT_DIGITS - digits_before_the_point)
