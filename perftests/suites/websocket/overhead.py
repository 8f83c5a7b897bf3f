"""What measuring costs, as a share of the CPU time that the server under load uses meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perftests.load.server.control import Control
from perftests.measure.resources import ResourceMonitor

from ..kit.contexts import Pacing, Recorder

TIMED_COMMANDS = 20
Goals = tuple[str, str]
"""For the samplers and for everything, in percent."""

GOALS: Goals = ("< 1", "< 3")
NO_GOALS: Goals = ("", "")


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


def overhead_goals(pacing: Pacing) -> Goals:
    """None where the load lasts a second: the first and the last sample weigh too much."""
    return pacing.scaled(smoke=NO_GOALS, standard=GOALS, extended=GOALS)


def measure_overhead(
    recorder: Recorder,
    monitors: Sequence[ResourceMonitor],
    instruments: Instruments,
    goals: Goals,
) -> None:
    """Record the shares of the samplers, of the instruments and of both.

    A sampler is set against what it samples, all together against the server.
    """
    sampler, everything = goals
    server = monitors[0].cpu_seconds
    sampling = sum(monitor.own_cpu_seconds for monitor in monitors)
    sampled = sum(monitor.cpu_seconds for monitor in monitors)
    for what, share, goal in (
        ("the samplers", sampling / sampled, sampler),
        ("inside the server", instruments.cpu_seconds / server, ""),
        ("all of it", (sampling + instruments.cpu_seconds) / server, everything),
    ):
        name = f"cost of measuring, {what}"
        recorder.measure(name, 100 * share, "%", better="lower", goal=goal)
