"""What a push costs the server's CPU, beside the least that an ASGI server can do for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from perftests.conf import Server
from perftests.load.server.control import Control
from perftests.measure.stats import median

from .clients import Clients
from .contenders import Floor, Ours
from .contest import Question, measure_ratio, run_rounds
from .contexts import Pacing, Recorder

COUNTED = 5

PUSH_GOALS: dict[Server, str] = {"daphne": "<= 1.15", "uvicorn": "<= 1.1"}
"""What we hold ourselves to with many sockets; with fewer, what is done once for all of them
weighs more."""

SHARED = 0.95
"""Frames for each message, below which too many shared one."""


@dataclass(frozen=True, slots=True)
class PushCosts:
    """By round, µs of the server's CPU for each message that arrived, and why not to trust them.

    `bare` is that of a bare ASGI application that sends a text of the same length, `push` ours.
    """

    bare: Sequence[float]
    push: Sequence[float]
    doubt: str

    def measure(self, recorder: Recorder, *, required: str = "", goal: str = "") -> None:
        """Record both, and push ÷ bare."""
        measure_cost(recorder, "bare", self.bare)
        measure_cost(recorder, "push", self.push)
        measure_ratio(
            recorder,
            "push ÷ bare",
            self.bare,
            self.push,
            required=required,
            goal=goal,
            doubt=self.doubt,
        )


def queries_per_broadcast(ours: Ours, control: Control) -> int:
    """How many queries the server asks for each notification to all who are connected.

    Of two attempts the lower counts: a sweep, of which there is one in several seconds, falls into
    one of them at most.
    """
    return min(_queries(ours, control) for _ in range(2))


def _queries(ours: Ours, control: Control) -> int:
    before = control.queries()
    for _ in range(COUNTED):
        ours.push(1)
    asked = control.queries() - before
    ours.acknowledge(COUNTED)
    return sum(times // COUNTED for times in asked.values())


def measure_cost(recorder: Recorder, name: str, costs: Sequence[float]) -> None:
    """Record the median of what one kind of message costs."""
    recorder.measure(f"{name}, server CPU per message", median(costs), "µs", better="lower")


def compare_pushes(
    pacing: Pacing, clients: Clients, floor: Floor, ours: Ours, *limits: str
) -> PushCosts:
    """Push once to all sockets of either kind, in turns.

    This process stores the notifications; the server finds out and pushes them. The clients
    acknowledge between the rounds: what is compared is the push alone. Of many rounds with one
    push each, one that was disturbed does not count in the median. There are more of them while
    nobody can tell whether push ÷ bare keeps its `limits`.
    """
    rounds = pacing.scaled(smoke=7, standard=25, extended=50)
    with clients.swarm.watch() as watch:
        costs = run_rounds(
            pacing,
            rounds,
            {"bare": partial(floor.broadcast, 1), "push": partial(ours.broadcast, 1)},
            Question("bare", "push", limits),
        )
    return PushCosts(
        costs["bare"], costs["push"], watch.saturation or shared_doubt(ours.frames_each)
    )


def shared_doubt(frames_each: float) -> str:
    """Why the two cannot be compared; empty when each notification was a frame of its own.

    The server puts all that it finds at once into one frame, which is cheaper.
    """
    return "" if frames_each >= SHARED else f"only {frames_each:.2f} frames for each notification"
