"""How much the row F does: at smoke, standard and extended scale."""

from perftests.workloads import Amount, Count, Workload


class Storm(Workload):
    """F1"""

    clients = Count("clients that come and go", 20, 200, 1_000, least=2)
    rate = Amount("notifications a second", 10, 20, 20, least=1)
    fault = Amount("seconds that each fault lasts", 1, 6, 30, least=0.5)
    calm = Amount("seconds of calm after each", 2, 8, 15, least=1)
