"""How much the row S does: at smoke, standard and extended scale."""

from perftests.workloads import Count, Levels, Workload


class Crowd(Workload):
    """S1"""

    processes = Count("server processes", 2, 2, 2, least=2)
    sockets = Levels("sockets of all together", (20, 60), (1_000, 18_000), (1_000, 18_000))
    messages = Count("messages that arrive at each level, at least", 300, 90_000, 360_000)
    own = Count("users who get a notification of their own", 20, 1_000, 1_000)

    def refusal(self) -> str:
        most = self.sockets[0]
        return f"own is more than the {most} sockets at first" if self.own > most else ""
