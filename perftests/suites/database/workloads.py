"""How much the rows D do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Count, Levels, Workload


class Budget(Workload):
    """D1"""

    rows = Levels("rows at which statements are counted", (10, 200), (10, 2_000), (10, 10_000))


class Service(Workload):
    """D1"""

    clients = Count("clients of the server", 30, least=10)


class Growth(Workload):
    """D2"""

    deliveries = Levels(
        "deliveries at which reading is timed",
        (1_000, 10_000),
        (10_000, 100_000),
        (10_000, 100_000, 1_000_000),
        least=300,
    )


class Writes(Workload):
    """D3"""

    recipients = Count("deliveries that are written at once", 2_000, 10_000, 100_000, least=5)
    stored = Levels(
        "deliveries of at most 1,000 users that are stored when more are written",
        (0, 20_000),
        (0, 300_000),
        (0, 300_000, 3_000_000),
        least=0,
    )


class Writers(Workload):
    """D4"""

    writers = Count("processes that write", 3, 4, 8, least=2)
    users = Count("users whom all of them write to", 20, 100, 500)
    notifications = Count("notifications that are marked", 20, 50, 100)
