"""Notifications over a shaped link, beside bare messages over another one of the same profile."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from notifications.models import Notification
from notifications.tickets import make_ticket
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.network.beacon import Beacon, BeaconListener
from perftests.load.network.link import Link
from perftests.load.network.shaping import LinkProfile
from perftests.load.schedule.shapes import constant
from perftests.load.server.control import Sent
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.stats import percentile
from perftests.measure.units import milliseconds

from ..kit.arrivals import latencies_ns, offered_doubt
from ..kit.clients import Clients
from ..kit.contexts import Recorder
from ..kit.visits import traffic

BODY = "x" * 2000
FRAME_HEADER_BYTES = 4

PER_SECOND = 10

SLACK_MS = 25
"""How much longer than its profile says a link may take by itself before it is doubted."""

ADDED_MS = "< 20"
REQUIRED_ADDED_MS = "< 60"


class ShapedUsers:
    """Users behind a link, and as many listeners to a beacon behind another of its kind."""

    def __init__(
        self, clients: Clients, link: Link, users: Sequence[AbstractBaseUser], beacon: Beacon
    ) -> None:
        self.pks = [user.pk for user in users]
        self._profile = link.profile
        self._beacon = beacon
        self.sockets = clients.connect_all(
            [NotificationClient(link.websocket_url, make_ticket(user)) for user in users]
        )
        self._listeners = clients.swarm.run(beacon.listen(link.profile, len(users)))

    @property
    def listened(self) -> bool:
        """Whether the listeners have got everything."""
        wanted = len(self._beacon.due_ns)
        return all(len(listener.arrived_ns) == wanted for listener in self._listeners)

    def measure(self, recorder: Recorder, sent: Sent, doubt: str) -> None:
        """Record what the server adds to the time that the link takes by itself."""
        name = self._profile.name
        due_ns = sent.due_ns_of
        newest = len(sent.ids)
        ways_ns = {
            f"{name}, link alone": [
                ns for li in self._listeners for ns in self._ways_ns(li)[-newest:]
            ],
            f"{name}, delivery": latencies_ns(self.sockets, due_ns),
        }
        for what, taken_ns in ways_ns.items():
            recorder.record_histogram(what, LatencyHistogram.from_nanoseconds(taken_ns))
        alone, delivery = (milliseconds(percentile(ns, 50)) for ns in ways_ns.values())
        doubt = doubt or link_doubt(alone, self._profile, self._beacon.size)
        recorder.measure(f"{name}, link alone p50", alone, "ms", better="lower")
        recorder.measure(f"{name}, delivery p50", delivery, "ms", better="lower")
        added = delivery - alone
        recorder.measure(
            f"{name}, added at p50",
            added,
            "ms",
            required=REQUIRED_ADDED_MS,
            goal=ADDED_MS,
            doubt=doubt,
        )

    def _ways_ns(self, listener: BeaconListener) -> list[int]:
        due_and_arrived = zip(self._beacon.due_ns, listener.arrived_ns, strict=True)
        return [arrived_ns - due_ns for due_ns, arrived_ns in due_and_arrived]


@contextmanager
def open_beacon(swarm: Swarm) -> Iterator[Beacon]:
    """A beacon whose messages are as long as the notifications, on the loop of the swarm."""
    frame = Notification(pk=1, title="Load", body=BODY).frame(created_at=timezone.now())
    beacon = swarm.run(Beacon(FRAME_HEADER_BYTES + len(frame)).open())
    try:
        yield beacon
    finally:
        swarm.run(beacon.close())


def warm_up(clients: Clients, groups: Sequence[ShapedUsers]) -> list[int]:
    """The ids of a few notifications to all users, that no latency counts."""
    receivers = [client for group in groups for client in group.sockets]
    return clients.warm_up(receivers, [pk for group in groups for pk in group.pks])


def send_over(
    clients: Clients,
    groups: Sequence[ShapedUsers],
    beacon: Beacon,
    seconds: float,
    ids: list[int],
) -> tuple[Sent, str]:
    """Notify all users, and let the beacon send as often; returns when all has arrived.

    What is sent is added to the `ids`. Also why not to trust the times.
    """
    pks = [pk for group in groups for pk in group.pks]
    load = constant(PER_SECOND, seconds=seconds)
    with clients.swarm.watch() as watch:
        with traffic(clients.server, pks, load, body=BODY) as sent:
            # The time itself is meant: half a period behind, the two do not disturb each other.
            time.sleep(0.5 / PER_SECOND)
            clients.swarm.run(beacon.shine(round(PER_SECOND * seconds), PER_SECOND))
        ids += sent[0].ids
        clients.await_arrival([(ids, client) for group in groups for client in group.sockets])
        clients.wait_until(lambda: all(group.listened for group in groups), "the beacon")
    return sent[0], watch.doubt or offered_doubt(sent[0])


def link_doubt(taken_ms: float, profile: LinkProfile, size: int) -> str:
    """Why a link cannot be trusted; empty when it took as long as its profile says."""
    typical_ms = 1000 * profile.typical_down_seconds(size)
    if taken_ms <= typical_ms + SLACK_MS:
        return ""
    return f"the link took {taken_ms:.0f} ms, where its profile says {typical_ms:.0f} ms"
