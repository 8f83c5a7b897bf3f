"""Whatever happens in whatever order: nothing is lost, shown twice or counted wrong."""

import asyncio
from unittest import mock

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.test import TransactionTestCase, override_settings, tag
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from notifications.models import Delivery, Notification
from notifications.send import notify

from ..clients import LIMIT_SECONDS, MemoryClient

User = get_user_model()

WINDOW = 3
DEVICES = 3
devices = st.integers(0, DEVICES - 1)


class Device:
    """A client as it should be: shows each id once, and remembers that over reconnects.

    `unread` is what the protocol says that it shows as the user's count.
    """

    def __init__(self):
        self.client = None
        self.screen = []
        self.acked = set()
        self.unread = None
        self._upto = 0
        self._taken = 0

    @property
    def in_flight(self):
        return set(self.client.arrived) - self.acked

    def look(self):
        """Put on the screen what has arrived since the last look."""
        if self.client is None:
            return
        for frame in self.client.frames[self._taken :]:
            if frame["type"] in ("hello", "state"):
                self._upto = frame["upto"]
                ahead = sum(number > self._upto for number in self.screen)
                self.unread = frame["unread"] + ahead
            for item in frame.get("items", [frame]):
                if item["type"] == "notification":
                    self._show(item["id"])
        self._taken = len(self.client.frames)

    def _show(self, notification_id):
        if notification_id not in self.screen:
            self.screen.append(notification_id)
            self.unread += notification_id > self._upto

    def forget_connection(self):
        self.look()
        self.client, self.acked, self._taken = None, set(), 0


class DeliveryMachine(RuleBasedStateMachine):
    """One user with several devices, another user beside, and everything that can go wrong."""

    @initialize()
    def begin(self):
        self.loop = asyncio.new_event_loop()
        self.ada = User.objects.create_user(f"ada {User.objects.count()}")
        self.bob = User.objects.create_user(f"bob {User.objects.count()}")
        self.devices = [Device() for _ in range(DEVICES)]
        self.committed = []
        self.late = []
        self.pruned = False
        for number in range(2):
            self.connect(number)

    @rule(listed=st.lists(st.booleans(), min_size=1, max_size=WINDOW + 2))
    def send(self, listed):
        """Live: by the user's group, or announced to all hubs."""
        for by_group in listed:
            everybody = User.objects.filter(pk=self.ada.pk)
            recipients = [self.ada, self.bob] if by_group else everybody
            self.committed.append(notify(recipients, "n").pk)
        self.time_passes(5)

    @rule(count=st.integers(1, 2 * WINDOW))
    def send_and_lose_the_hint(self, count):
        for _ in range(count):
            self.commit()

    @rule()
    def send_before_a_transaction_with_a_lower_id_commits(self):
        with transaction.atomic():  # takes an id, and shows nothing
            taken = Notification.objects.create(title="n")
            self.late.append(taken.pk)
            taken.delete()
        self.send([True])

    @precondition(lambda self: self.late)
    @rule()
    def commit_late_transaction(self):
        self.commit(self.late.pop(0))

    def commit(self, pk=None):
        """Without a hint; the notification is never there without its delivery."""
        with transaction.atomic():
            notification = Notification.objects.create(pk=pk, title="n")
            Delivery.objects.create(recipient=self.ada, notification=notification)
        self.committed.append(notification.pk)

    @rule(device=devices)
    def connect(self, device):
        device = self.devices[device]
        if device.client is None:
            device.client = MemoryClient(self.ada)
            self.run(device.client.connect())
            self.time_passes(2)

    @rule(device=devices)
    def disconnect(self, device):
        device = self.devices[device]
        if device.client is not None:
            device.client.reading.set()
            self.run(device.client.disconnect())
            device.forget_connection()

    @rule()
    def restart_the_server(self):
        """Sockets end without a word; the hub with them."""
        for device in self.devices:
            if device.client is not None:
                self.run(device.client.cancel())
                device.forget_connection()

    # What is drawn must not depend on what has arrived by now: masks and positions do not.
    @rule(device=devices, mask=st.integers(1, 2**WINDOW - 1))
    def acknowledge_some(self, device, mask):
        device = self.devices[device]
        if device.client is not None:
            in_flight = enumerate(sorted(device.in_flight))
            ids = [number for position, number in in_flight if mask >> position & 1]
            if ids:
                self.acknowledge(device, ids)

    @rule(device=devices)
    def lose_an_ack(self, device):
        """The client has sent it; the server never gets it, as the connection breaks."""
        device = self.devices[device]
        if device.client is not None:
            device.look()
            self.disconnect(self.devices.index(device))

    @rule(device=devices)
    def stop_reading(self, device):
        if (client := self.devices[device].client) is not None:
            client.reading.clear()

    @rule(device=devices)
    def read_again(self, device):
        if (client := self.devices[device].client) is not None:
            client.reading.set()

    @rule(device=devices, kind=st.sampled_from(["seen", "read", "archive"]))
    def mark(self, device, kind):
        device = self.devices[device]
        if device.client is not None and device.in_flight:
            ids = [min(device.in_flight)]
            device.client.send({"type": kind, "ids": ids})
            device.acked.update(ids)

    @precondition(lambda self: self.committed)
    @rule(position=st.integers(0, 100))
    def prune(self, position):
        self.pruned = True  # nobody is told that there is less to count
        gone = self.committed.pop(position % len(self.committed))
        Delivery.objects.filter(notification=gone).delete()
        Notification.objects.filter(pk=gone).delete()

    @rule(milliseconds=st.integers(0, 60))
    def time_passes(self, milliseconds):
        self.run(asyncio.sleep(milliseconds / 1000))

    @invariant()
    def credit_is_never_exceeded(self):
        for device in getattr(self, "devices", ()):
            if device.client is not None and device.client.close_code is None:
                assert len(device.in_flight) <= WINDOW, device.client.frames

    @invariant()
    def order_is_kept_within_a_batch(self):
        for device in getattr(self, "devices", ()):
            for batch in device.client.of("batch") if device.client is not None else ():
                ids = [item["id"] for item in batch["items"]]
                assert ids == sorted(ids), batch

    def teardown(self):
        if not hasattr(self, "loop"):
            return
        try:
            self.run(self.come_back_until_all_is_there())
            for device in self.devices:
                assert len(device.screen) == len(set(device.screen))
            for number in range(DEVICES):
                self.disconnect(number)
        finally:
            self.run(asyncio.sleep(0))
            self.loop.close()

    async def come_back_until_all_is_there(self):
        deadline = self.loop.time() + LIMIT_SECONDS
        while not await self.all_is_there():
            assert self.loop.time() < deadline, (
                self.committed,
                [(device.screen, device.unread) for device in self.devices],
            )
            if not any(device.client is not None for device in self.devices):
                self.devices[0].client = await MemoryClient(self.ada).connect()
            for device in self.devices:
                if device.client is None:
                    continue
                device.client.reading.set()
                device.look()
                if device.in_flight:
                    self.acknowledge(device, sorted(device.in_flight))
            await asyncio.sleep(0.01)

    async def all_is_there(self):
        """Each committed delivery was on a screen, the database knows it, and all devices count it.

        Who is connected stays connected: what is missing has to come without a new replay.
        """
        shown = {number for device in self.devices for number in device.screen}
        if not set(self.committed) <= shown:
            return False
        queued, unread = await asyncio.to_thread(self.count_rows)
        counted = {device.unread for device in self.devices if device.client is not None}
        return queued == 0 and (self.pruned or counted == {unread})

    def count_rows(self):
        try:
            rows = Delivery.objects.filter(recipient=self.ada)
            return rows.queued().count(), rows.unread().count()
        finally:
            connections.close_all()  # of this thread, whose end nobody sees

    def acknowledge(self, device, ids):
        device.client.ack(ids)
        device.acked.update(ids)

    def run(self, awaitable):
        async def limited():
            async with asyncio.timeout(2 * LIMIT_SECONDS):
                return await awaitable

        return self.loop.run_until_complete(limited())


@tag("slow")
class DeliveryPropertyTests(TransactionTestCase):
    @override_settings(
        NOTIFICATIONS={
            "WINDOW": WINDOW,
            "SWEEP_SECONDS": 0.1,
            "SWEEP_GRACE_SECONDS": 0,
            "ACK_FLUSH_SECONDS": 0.005,
            "WATCH_SECONDS": 0.02,
        }
    )
    @mock.patch("notifications.hub.delivery.unread.STALE_SECONDS", 0.02)
    @mock.patch("notifications.hub.delivery.unread.PAUSE_SECONDS", 0.01)
    def test_every_committed_delivery_is_shown_once_and_counted_right_whatever_happens(self):
        run_state_machine_as_test(
            DeliveryMachine,
            settings=settings(
                max_examples=100,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
