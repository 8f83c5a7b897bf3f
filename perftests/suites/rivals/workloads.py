"""How much the rows R do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Amount, Count, Workload


class Contest(Workload):
    """R1"""

    sockets = Count("sockets of each server", 40, 1_000, 1_000, least=20)
    pushes = Count("messages to each socket in a round", 3, 24, 24)
    rate = Amount("messages a second to each socket", 12, 12, 12, least=1)


class Crash(Workload):
    """R2"""

    sockets = Count("sockets of each server", 10, 200, 500)
    seconds = Amount("length of the load", 1, 6, 20, least=0.5)
    rate = Amount("messages a second to each socket", 20, 20, 20, least=2)
