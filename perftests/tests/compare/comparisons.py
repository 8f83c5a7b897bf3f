"""A comparison of every kind of finding, for the tests of the pages that show one."""

from datetime import UTC, datetime

from perftests.compare.differences import Difference, Differences
from perftests.compare.experiment import Comparison
from perftests.compare.reporting import Against, report_of
from perftests.compare.verdicts import judge
from perftests.measure.profiles import Shift

from ..sample_reports import ENVIRONMENT

SQL = (
    "SELECT durable_notifications_delivery.id, durable_notifications_delivery.recipient_id, "
    "durable_notifications_delivery.notification_id FROM durable_notifications_delivery "
    "WHERE durable_notifications_delivery.recipient_id IN (%s, %s, %s, %s, %s, %s, %s, %s) "
    "ORDER BY durable_notifications_delivery.notification_id ASC LIMIT 64"
)
EFFECTS = {"notify": 1.0, "acknowledge": 0.8, "push": 1.25, "connect": 1.05, "read all": 1.0}
SPREAD = {"connect": 0.3}
PAIRS = 28

MORE = (
    Difference(
        "served: a push to one",
        "statements",
        4,
        5,
        (f"0 → 1 × {SQL} (notifications/hub/delivery/push.py:120)",),
    ),
    Difference(
        "notify a list of users",
        "layer commands",
        101,
        201,
        ("100 → 200 × hint to a group (notifications/sending/fanout.py:133)",),
    ),
    Difference(
        "a connect that is over",
        "objects alive",
        0,
        1,
        ("0 → 1 × notifications.hub.sockets.socket.Socket",),
    ),
    Difference("a push to one", "bytes", 172, 165, ()),
)


def comparison(label=""):
    """Its report: one metric is slower, one faster, one unclear, and of some there is more."""
    ratios = {
        name: [effect * (1 + SPREAD.get(name, 0.02) * ((7 * n) % 11 - 5) / 5) for n in range(PAIRS)]
        for name, effect in EFFECTS.items()
    }
    against = Against(
        baseline="origin/main (0123456789ab)",
        candidate="fedcba987654 with changes",
        started_at=datetime.now(UTC),
        counted=Differences(MORE, "this processor, or its virtual machine, has no such counter"),
        paired=Comparison(judge(ratios), ratios, PAIRS),
        profiles={
            "push": [
                Shift(f"function_{n} (notifications/hub/sockets/socket.py)", 0.003, 0.0098)
                for n in range(5)
            ]
        },
    )
    parameters = {"against": "origin/main", "labels": [], "pairs": 112, "budget": 600}
    return report_of(against, label or against.title, parameters, ENVIRONMENT)
