"""How much the rows C do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Amount, Count, Workload


class Links(Workload):
    """C1"""

    users = Count("users behind each link", 10, 20, 100)
    seconds = Amount("length of the load", 1, 5, 60, least=0.5)


class Cuts(Workload):
    """C2"""

    clients = Count("clients behind the link", 30, 100, 500)
    cuts = Count("how often all connections are cut", 2, 3, 30)
    pause = Amount("seconds from one cut to the next", 0.5, 2, 2, least=0.5)
    rate = Amount("notifications a second to all", 10, least=1)


class Freezes(Workload):
    """C3"""

    users = Count("users, half of them behind the link that freezes", 20, 60, 200, least=2)
    seconds = Amount("how long it is frozen, at least", 2, 30, 60, least=0.5)
