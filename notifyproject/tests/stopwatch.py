"""How long it takes to follow a page: told, and held to what the page promises."""

import resource
import sys
import time
from contextlib import contextmanager

import psutil

BUSY = 0.3
"""The share of the machine that others may take before minutes say more of them than of us."""


@contextmanager
def timed(case, what, most_seconds):
    """Fail the test where the block takes longer on a machine that is its own; say how long."""
    began, others = time.monotonic(), cpu_of_others()
    yield
    took = time.monotonic() - began
    share = (cpu_of_others() - others) / took / psutil.cpu_count()
    sys.stderr.write(f"\n{what}: {took:.0f} s of {most_seconds} s; others took {share:.0%} of it\n")
    if share < BUSY:
        case.assertLessEqual(took, most_seconds, what)


def cpu_of_others():
    """Seconds of all processors that were spent for neither this process nor what it started."""
    times = psutil.cpu_times()
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ours = sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, kinds))
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice - ours
