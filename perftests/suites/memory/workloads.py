"""How much the rows M do: at smoke, standard and extended scale, or at every scale."""

from perftests.measure.leaks import MINIMUM_CYCLES
from perftests.workloads import Amount, Count, Workload


class Creation(Workload):
    """M1"""

    notifications = Count("notifications that are created", 1_000, 10_000, 100_000)
    traced = Count("notifications created while memory is traced", 250, 2_000, 10_000, least=10)


class Queues(Workload):
    """M2"""

    users = Count("users who have a queue", 20, 100, 200, least=5)
    queued = Count("notifications in each queue", 200, 200, 500, least=100)


class Rounds(Workload):
    """M3"""

    rounds = Count("rounds after the warm-up", 15, 25, 100, least=MINIMUM_CYCLES)
    sends = Count("notifications of each creator in a round", 2, 5, 20, least=2)
    users = Count("connected users", 10, 50, 200, least=10)


class Soak(Workload):
    """M4"""

    cycles = Count("cycles after the warm-up", 15, 40, 600, least=MINIMUM_CYCLES)
    seconds = Amount("length of a cycle", 0.1, 0.8, 1.0, least=0.05)
    rate = Amount("notifications a second", 80, 20, 20, least=1)
    steady = Count("users who stay", 10, 50, 200, least=10)
    passing = Count("users who leave and come back in each cycle", 5, 20, 50, least=5)

    def refusal(self) -> str:
        return "" if round(self.rate * self.seconds) else "in a cycle there is no notification"


class Recovery(Workload):
    """M5"""

    users = Count("users whose sockets are closed", 20, 100, 500, least=2)
    notifications = Count("notifications that are dropped", 500, 10_000, 50_000, least=100)


class Closing(Workload):
    """M6"""

    cycles = Count("cycles after the warm-up", 15, 25, 100, least=MINIMUM_CYCLES)
    users = Count("users who connect and close in each cycle", 10, 50, 200)
