"""Notifications over a shaped link, beside bare messages over another one of the same profile."""

import time
from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from notifications.models import Notification
from notifications.tickets import make_ticket
from perftests.load.beacon import Beacon, BeaconListener
from perftests.load.client import NotificationClient
from perftests.load.control import Sent
from perftests.load.shapes import constant
from perftests.load.shaping import LinkProfile
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.stats import percentile
from perftests.measure.units import milliseconds

from .links import open_link
from .support import Expected, LoadTestCase, latencies_ns
from .visits import traffic

BODY = "x" * 2000
FRAME_HEADER_BYTES = 4

PER_SECOND = 10

SLACK_MS = 25
"""How much longer than its profile says a link may take by itself before it is doubted."""

ADDED_MS = "< 20"


class ShapedUsers:
    """Users behind one kind of link, and as many listeners to a beacon behind another of it."""

    def __init__(
        self,
        test: LoadTestCase,
        profile: LinkProfile,
        users: Sequence[AbstractBaseUser],
        beacon: Beacon,
    ) -> None:
        self.pks = [user.pk for user in users]
        self._test = test
        self._profile = profile
        self._beacon = beacon
        url = open_link(test, profile).websocket_url
        clients = [NotificationClient(url, make_ticket(user)) for user in users]
        self.clients = test.swarm.connect_clients(clients)
        test.assertEqual(len(self.clients), len(users), f"not connected: {test.swarm.failures}")
        self._listeners = test.swarm.run(beacon.listen(profile, len(users)))

    @property
    def listened(self) -> bool:
        """Whether the listeners have got everything."""
        wanted = len(self._beacon.due_ns)
        return all(len(listener.arrived_ns) == wanted for listener in self._listeners)

    def measure(self, sent: Sent, doubt: str) -> None:
        """Record what the server adds to the time that the link takes by itself."""
        name = self._profile.name
        due_ns = dict(zip(sent.ids, sent.due_ns, strict=True))
        ways_ns = {
            f"{name}, link alone": [ns for li in self._listeners for ns in self._ways_ns(li)],
            f"{name}, delivery": latencies_ns(self.clients, due_ns),
        }
        for what, taken_ns in ways_ns.items():
            self._test.record_histogram(what, LatencyHistogram.from_nanoseconds(taken_ns))
        alone, delivery = (milliseconds(percentile(ns, 50)) for ns in ways_ns.values())
        doubt = doubt or link_doubt(alone, self._profile, self._beacon.size)
        self._test.measure(f"{name}, link alone p50", alone, "ms", better="lower")
        self._test.measure(f"{name}, delivery p50", delivery, "ms", better="lower")
        added = delivery - alone
        self._test.measure(f"{name}, added at p50", added, "ms", ours=ADDED_MS, doubt=doubt)

    def _ways_ns(self, listener: BeaconListener) -> list[int]:
        due_and_arrived = zip(self._beacon.due_ns, listener.arrived_ns, strict=True)
        return [arrived_ns - due_ns for due_ns, arrived_ns in due_and_arrived]


def open_beacon(test: LoadTestCase) -> Beacon:
    """A beacon whose messages are as long as the notifications, on the loop of the swarm."""
    frame = Notification(pk=1, title="Load", body=BODY).frame(created_at=timezone.now())
    beacon = test.swarm.run(Beacon(FRAME_HEADER_BYTES + len(frame)).open())
    test.addCleanup(lambda: test.swarm.run(beacon.close()))
    return beacon


def send_over(
    test: LoadTestCase, groups: Sequence[ShapedUsers], beacon: Beacon, seconds: float
) -> tuple[Sent, Expected]:
    """Notify all users, and let the beacon send as often; returns when all has arrived."""
    pks = [pk for group in groups for pk in group.pks]
    clients = [client for group in groups for client in group.clients]
    warm = test.warm_up(clients, pks)
    with traffic(test, pks, constant(PER_SECOND, seconds=seconds), body=BODY) as sent:
        # The time itself is meant: half a period behind, the two do not disturb each other.
        time.sleep(0.5 / PER_SECOND)
        test.swarm.run(beacon.shine(round(PER_SECOND * seconds), PER_SECOND))
    expected = [([*warm, *sent[0].ids], client) for client in clients]
    test.await_arrival(expected)
    test.swarm.wait_until(
        lambda: all(group.listened for group in groups), test.timeout_seconds, "the beacon"
    )
    return sent[0], expected


def link_doubt(taken_ms: float, profile: LinkProfile, size: int) -> str:
    """Why a link cannot be trusted; empty when it took as long as its profile says."""
    typical_ms = 1000 * profile.typical_down_seconds(size)
    if taken_ms <= typical_ms + SLACK_MS:
        return ""
    return f"the link took {taken_ms:.0f} ms, where its profile says {typical_ms:.0f} ms"
