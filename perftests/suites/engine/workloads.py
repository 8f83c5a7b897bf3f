"""How much the rows E do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Amount, Count, Levels, Workload


class Push(Workload):
    """E1: the push alone."""

    sockets = Count("sockets of each kind", 120, 1_000, 1_000)


class Rivals(Workload):
    """E1, beside the stock layers; E3, E4"""

    users = Count("connected users", 60, 1_000, 1_000)


class Acks(Workload):
    """E2"""

    users = Count("connected users", 60, 1_000, 1_000)
    seconds = Amount("time until a client acknowledges", 0.1, 1, 1, least=0.1)


class Connects(Workload):
    """E5"""

    users = Count("users who connect at once", 50, 1_000, 1_000)


class Frames(Workload):
    """E6"""

    users = Count("clients that send acks", 120, 1_000, 1_000)


class Idle(Workload):
    """E7"""

    connections = Levels(
        "connections after each step",
        (50, 75, 100, 125),
        (250, 500, 750, 1_000),
        (1_000, 2_000, 3_000, 4_000, 5_000),
        least=10,
        fewest=3,
    )


class Storing(Workload):
    """E8"""

    recipients = Count("rows by notify and by plain SQL", 10_000, 100_000, 100_000)
    bulk = Count("rows by bulk_create", 1_000, 10_000, 20_000)
    saves = Count("rows by a loop that saves", 200, 1_000, 2_000)

    def refusal(self) -> str:
        most = max(self.bulk, self.saves)
        return "bulk or saves is more than recipients" if most > self.recipients else ""


class StoredAcks(Workload):
    """E9"""

    users = Count("users, each with ten acks", 2_000, 10_000, 50_000)


class Replay(Workload):
    """E10"""

    users = Count("users who have a queue", 50, 100, 100)
    each = Count("notifications in each queue", 100, 500, 2_000)


class Sizes(Workload):
    """E11"""

    sockets = Levels("sockets that are pushed to", (20, 100), (100, 1_000), (100, 1_000, 5_000))


SIZES = (1, 4, 16, 64, 256, 1_000)


class Audience(Workload):
    """E12"""

    sizes = Levels("recipients of a notification", (1, 30), SIZES, SIZES)
    most = Count("notifications in a round, at most", 5, 50, 50, least=5)
