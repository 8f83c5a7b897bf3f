"""How much the rows N do: at smoke, standard and extended scale, or at every scale."""

from perftests.workloads import Amount, Count, Workload


class Volume(Workload):
    """N1"""

    users = Count("connected users, who get the notifications in turn", 20)
    batches = Count("batches of notifications", 3, 10, 100)
    each = Count("notifications in a batch", 100)
    recipients = Count(
        "recipients of the one notification to many", 10_000, 100_000, 1_000_000, least=1_000
    )


class Senders(Workload):
    """N2"""

    users = Count("connected users", 20, 200, 200)
    each = Count("notifications to each user", 25)
    senders = Count("threads that send at once", 20)


class Connections(Workload):
    """N3"""

    few = Count("connections of the smaller server", 20, 100, 100, least=20)
    times = Count("how many times as many the other has", 10, least=2)
    pairs = Count("measurements of both", 5, 7, 15, least=5)


class Queues(Workload):
    """N4"""

    users = Count("users who have a queue", 20, 50, 200)
    queued = Count("notifications in each queue", 200)


class Stages(Workload):
    """N5"""

    users = Count("connected users, who all get each notification", 10, 20, 100)
    seconds = Amount("length of each stage", 0.2, 0.5, 5.0, least=0.1)


class Statistics(Workload):
    """N6"""

    users = Count("recipients of each notification", 1_000, 10_000, 10_000)
    notifications = Count("notifications to all of them", 10, least=2)


class Latency(Workload):
    """N7"""

    sockets = Count("connected users, each with one socket", 100, 1_000, 1_000)
    seconds = Amount("length of the load", 3, 10, 60, least=0.5)
    rate = Amount("notifications a second", 50, 200, 200, least=1)
    each = Count("recipients of a notification, in turn", 10, 5, 5)

    def refusal(self) -> str:
        return "each is more than sockets" if self.each > self.sockets else ""


class Fanout(Workload):
    """N8"""

    users = Count("connected users, who all get each notification", 100, 1_000, 1_000)
    notifications = Count("notifications, one after the other", 10)


class Outside(Workload):
    """N9"""

    sockets = Count("connected users, each with one socket", 100, 1_000, 1_000)
    idle = Amount("seconds without any load", 2, 10, 30, least=0.5)
    seconds = Amount("length of the load", 3, 10, 60, least=0.5)
    rate = Amount("notifications a second", 50, 200, 200, least=1)
    each = Count("recipients of a notification, in turn", 10, 5, 5)

    def refusal(self) -> str:
        return "each is more than sockets" if self.each > self.sockets else ""
