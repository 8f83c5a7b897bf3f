"""What measuring costs, as a share of the CPU time that the server under load uses meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perftests.load.control import Control
from perftests.measure.resources import ResourceMonitor

from .support import LoadTestCase

TIMED_COMMANDS = 20
GOALS = "< 1", "< 3"
"""For the samplers and for everything, in percent."""


class Instruments:
    """What the measuring adds to the server's process: it counts statements and obeys commands.

    `cpu_seconds` is counted, not compared: a pair of runs with and without differs by more from
    itself than it could show. The number of statements and commands, times what one costs.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self.cpu_seconds = 0.0

    @contextmanager
    def used(self) -> Iterator[None]:
        """Account for what is used while the block runs."""
        statements, commands = self._control.queries().total(), self._control.calls
        yield
        commands = self._control.calls - commands
        statements = self._control.queries().total() - statements
        counting = statements * self._control.counting_seconds()
        self.cpu_seconds = counting + commands * seconds_per_command(self._control)


def seconds_per_command(control: Control) -> float:
    """CPU time of the server for a command that does nothing but answer."""
    begun = control.cpu_seconds()
    for _ in range(TIMED_COMMANDS):
        ended = control.cpu_seconds()
    return (ended - begun) / TIMED_COMMANDS


def measure_overhead(
    test: LoadTestCase, monitors: Sequence[ResourceMonitor], instruments: Instruments
) -> None:
    """Record the shares of the samplers, of the instruments and of both.

    A sampler is set against what it samples, all together against the server.
    """
    # A second of load is too short for a goal: the first and the last sample weigh too much.
    sampler, everything = test.scaled(smoke=("", ""), standard=GOALS, extended=GOALS)
    server = monitors[0].cpu_seconds
    sampling = sum(monitor.own_cpu_seconds for monitor in monitors)
    sampled = sum(monitor.cpu_seconds for monitor in monitors)
    for what, share, ours in (
        ("the samplers", sampling / sampled, sampler),
        ("inside the server", instruments.cpu_seconds / server, ""),
        ("all of it", (sampling + instruments.cpu_seconds) / server, everything),
    ):
        test.measure(f"cost of measuring, {what}", 100 * share, "%", better="lower", ours=ours)
