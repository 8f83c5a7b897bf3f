"""How much the rows W do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Amount, Count, Levels, Workload


class Steps(Workload):
    """W1"""

    connections = Levels(
        "connections after each step",
        (50, 100, 200, 300),
        (50, 100, 500, 1_000),
        (50, 100, 500, 1_000, 5_000),
        least=10,
        fewest=3,
    )


class Throughput(Workload):
    """W2"""

    clients = Count("clients of the part in both directions", 10, 10, 100, least=10)
    messages = Count("messages for each of them, both ways", 50, least=50)
    many = Count("clients of the part at full speed", 250, 500, 1_000)
    each = Count("messages for each of these", 40, 80, 1_000)


class Habits(Workload):
    """W3"""

    users = Count("users with habits", 15, 35, 140, least=5)
    seconds = Amount("length of the load", 2, 8, 60, least=1)
    rate = Amount("notifications a second; three times as many when there is news", 10, least=1)


class Resources(Workload):
    """W4"""

    sockets = Count("connections of the last step", 100, 500, 1_000, least=4)
    seconds = Amount("length of each of the four steps", 0.3, 2.5, 60, least=0.1)


class Broadcasts(Workload):
    """W5"""

    connections = Levels(
        "connections that are broadcast to, one after the other",
        (50, 300),
        (50, 1_000),
        (50, 5_000),
        fewest=1,
    )
    rate = Amount("broadcasts a second: one has to arrive before the next", 25, 4, 1)
    broadcasts = Count("broadcasts to each number of connections", 10)
    sockets = Count("sockets that tell what a push costs", 500, 1_000, 2_000)


class Return(Workload):
    """W6"""

    clients = Count("clients that come back; a tenth of them before", 300, 1_000, 5_000, least=100)
    queued = Count("notifications that wait for each", 10)


class Churn(Workload):
    """W7"""

    users = Count("users who come and go", 60, 300, 600, least=3)
    seconds = Amount("length of the load", 2, 8, 60, least=1)
    rate = Amount("notifications a second to all", 20, least=1)


class Silence(Workload):
    """W8"""

    silent = Count("silent clients, a third of each kind", 24, 60, 60, least=3)
    neighbours = Count("clients that behave", 50)
    pairs = Count("measurements with and without the silent", 5, 9, 60, least=5)
