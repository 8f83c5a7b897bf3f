"""How long to wait before the next try."""

import random

MAX_DOUBLINGS = 16
"""Beyond, doubling changes nothing here, and a float ends at 1,024 of them."""


def backoff(failures: int, *, first: float, longest: float) -> float:
    """Seconds before the next try after so many failures in a row: doubled each time, up to
    `longest`, and at random between half of it and all, so that not all come back at once."""
    most = min(longest, first * 2.0 ** min(max(0, failures - 1), MAX_DOUBLINGS))
    return random.uniform(most / 2, most)  # noqa: S311 - jitter
