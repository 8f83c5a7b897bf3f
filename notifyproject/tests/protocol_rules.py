"""docs/reference/protocol.md, rule by rule, as tests to inherit for each server."""

import json
import time

from django.contrib.auth.models import User
from websockets.sync.client import connect

from notifications.send import edit, notify, recall
from notifications.store.pruning import prune
from notifications.tickets import make_ticket
from perftests.load.server.process import ServerProcess

from .protocol_device import LIMIT_SECONDS, Device

WINDOW = 8


RECONNECT = {1000, 1001, 1006, 1011, 1012, 4408, 4419, 4503}


class Conformance:
    """Every test is a rule; the servers below differ in nothing that a client may see."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        limits = {"WINDOW": WINDOW, "MAX_REFUSED_FRAMES": 7, "MAX_SOCKETS_PER_USER": 4}
        environment = {"PERF_NOTIFICATIONS": json.dumps(limits)}
        cls.server = cls.enterClassContext(ServerProcess(cls.make, environment=environment))

    def setUp(self):
        self.ada = User.objects.create_user("ada")
        self.devices = []
        self.addCleanup(lambda: [device.socket.close() for device in self.devices])

    def device(self, *early_frames, device=None):
        device = device or Device()
        ticket = make_ticket(self.ada)
        self.devices.append(device.connect(self.server.websocket_url, ticket, *early_frames))
        return device

    def greeted(self):
        device = self.device()
        device.until_greeted()
        return device

    def send(self, count, **content):
        return [notify([self.ada], "n", **content) for _ in range(count)]

    def assert_counts(self, device, number):
        """It does when all is quiet, however long it is quiet before on a busy machine."""
        device.until(lambda: device.count == number, f"a count of {number}")
        device.until_quiet()
        self.assertEqual(device.count, number)

    def test_hello_is_the_first_frame_and_has_every_field(self):
        self.send(2)
        hello = self.device().until_greeted()
        self.assertEqual(
            set(hello),
            {"type", "protocol", "epoch", "unread", "upto", "queued", "dropped", "window", "retry"},
        )
        self.assertEqual((hello["type"], hello["protocol"], hello["window"]), ("hello", 1, WINDOW))
        self.assertEqual((hello["unread"], hello["queued"]), (2, 2))

    def test_frames_of_a_client_before_the_hello_are_answered_after_it_in_order(self):
        [stored] = self.send(1)
        read = {"type": "read", "ids": [stored.pk]}
        device = self.device(read, {"type": "ping"}, {"type": "dance"}, {"type": "ping"})
        device.until(lambda: len(device.of("pong")) == 2 and device.of("state"), "the answers")
        self.assertEqual(device.frames[0]["type"], "hello")
        answers = [f["type"] for f in device.frames if f["type"] in ("pong", "error")]
        self.assertEqual(answers, ["pong", "error", "pong"])

    def test_the_queue_comes_oldest_first_and_at_most_a_window_without_an_ack(self):
        stored = [notification.pk for notification in self.send(2 * WINDOW + 3)]
        device = self.greeted()
        for upto in (WINDOW, 2 * WINDOW, len(stored)):
            device.until(lambda upto=upto: len(device.arrived) == upto, f"{upto} notifications")
            device.until_quiet()
            self.assertEqual(device.arrived, stored[:upto])
            device.ack()
        for batch in device.of("batch"):
            self.assertGreaterEqual(len(batch["items"]), 1)

    def test_only_notifications_that_were_not_acknowledged_come_again(self):
        first, second = self.send(2)
        device = self.greeted()
        device.until_shown(first, second)
        device.ack([first.pk])
        device.send({"type": "ping"})
        device.until_frame("pong")
        device.socket.close()
        self.device(device=device)
        device.until(lambda: device.arrived, "a duplicate")
        device.until_quiet()
        self.assertEqual(device.arrived, [second.pk])
        self.assertEqual(device.shown, [first.pk, second.pk])

    def test_an_ack_counts_on_the_connection_that_brought_the_notification(self):
        [stored] = self.send(1)
        device = self.greeted()
        device.until_shown(stored)
        other = self.device()
        other.until_shown(stored)
        device.socket.close()
        self.device({"type": "ack", "ids": [stored.pk]}, device=device)  # too early
        device.until(lambda: device.arrived == [stored.pk], "it again")

    def test_each_device_gets_every_notification_sent_while_it_is_connected(self):
        first, second = self.greeted(), self.greeted()
        for number in range(2 * WINDOW):
            [sent] = self.send(1)
            for device in (first, second) if number % 2 else (second, first):
                device.until_shown(sent)
                device.ack([sent.pk])

    def test_the_unread_count_is_that_of_the_rows_on_every_device_when_all_is_quiet(self):
        stored = self.send(3)
        first = self.greeted()
        live = self.send(2)
        second = self.greeted()  # before the last ones, which are live for both of them
        live += self.send(WINDOW)
        first.send({"type": "read", "ids": [stored[0].pk, live[0].pk]})
        late = self.send(2)
        for device in (first, second):
            deadline = time.monotonic() + LIMIT_SECONDS
            while late[-1].pk not in device.shown and time.monotonic() < deadline:
                device.until_quiet()
                device.ack()
            device.until_shown(*late)
            self.assert_counts(device, 13)

    def test_a_state_frame_names_what_has_changed_in_every_tab_and_nothing_else(self):
        stored = self.send(3)
        theirs = notify([User.objects.create_user("bob")], "n")
        tabs = [self.greeted(), self.greeted()]
        ids = [notification.pk for notification in stored]
        for tab in tabs:
            tab.until_shown(*stored)
        tabs[0].send({"type": "read", "ids": [*ids[:2], theirs.pk, 10**15]})
        expected = {"type": "state", "unread": 1, "upto": theirs.pk, "read": ids[:2]}
        for tab in tabs:
            self.assertEqual(tab.until_frame("state"), expected)
        tabs[0].send({"type": "read", "ids": ids[:2]})
        tabs[0].send({"type": "seen", "ids": [ids[0], theirs.pk]})
        tabs[1].send({"type": "archive", "ids": ids[:1]})
        for tab in tabs:
            tab.until(lambda tab=tab: len(tab.of("state")) == 2, "the second state")
            tab.until_quiet()
            self.assertEqual(len(tab.of("state")), 2)
            self.assertEqual(tab.of("state")[1]["archived"], ids[:1])

    def test_an_edit_and_a_recall_are_told_to_every_device_and_count_nothing(self):
        kept, gone = self.send(2)
        devices = [self.greeted(), self.greeted()]
        for device in devices:
            device.until_shown(kept, gone)
        devices[0].ack()
        edit(kept, title="edited")
        recall(gone)
        self.send(1)
        prune(365, batch_size=10, done=lambda _: None)
        for device in devices:
            item = device.until_frame("edited")["item"]
            self.assertEqual((item["id"], item["title"]), (kept.pk, "edited"))
            device.until(lambda device=device: gone.pk not in device.shown, "the recall")
            self.assert_counts(device, 2)
            self.assertEqual(device.arrived.count(kept.pk), 1)

    def test_read_all_takes_what_was_acknowledged_and_not_what_is_newer(self):
        stored = self.send(3)
        device = self.greeted()
        device.until_shown(*stored)
        device.ack()
        device.send({"type": "read_all", "upto": stored[1].pk})
        state = device.until_frame("state")
        self.assertEqual(state["read"], [notification.pk for notification in stored[:2]])
        self.assertEqual(device.count, 1)

    def test_wrong_frames_are_refused_with_their_code_until_there_were_too_many(self):
        wrong = [
            ("nonsense", "malformed"),
            ({"type": "ack", "ids": []}, "malformed"),
            ({"type": "ack", "ids": list(range(1, 1002))}, "malformed"),
            ({"type": "dance"}, "unknown"),
            ({"type": "ack", "ids": [10**18] * 1000}, "oversized"),
            (b"{}", "binary"),
            ({"type": "read_all", "upto": 0}, "malformed"),
        ]
        device = self.greeted()
        device.send({"type": "seen", "ids": list(range(1, 1001)), "sent_at": 17})  # is not
        for number, (frame, code) in enumerate(wrong, 1):
            device.send(frame)
            device.until(lambda n=number: len(device.of("error")) == n, "an error")
            self.assertEqual(device.of("error")[-1]["code"], code)
        self.assertEqual(device.until_closed(), 4400)

    def test_no_frame_is_longer_than_a_client_need_take(self):
        stored = self.send(WINDOW, body="🎉" * 1900)
        device = self.greeted()
        device.until_shown(*stored)  # its library closes at a longer one

    def test_a_resync_is_about_the_list_alone_and_all_waiting_notifications_follow(self):
        device, witness = self.greeted(), Device()
        bob = User.objects.create_user("bob")
        self.devices.append(witness.connect(self.server.websocket_url, make_ticket(bob)))
        sent = self.send(1100)
        witness.until_shown(notify([bob], "the server has heard of all of them"))
        taken = 0
        while taken < len(sent):
            device.until(lambda taken=taken: len(device.arrived) > taken, "more")
            device.ack(device.arrived[taken:])
            taken = len(device.arrived)
        device.until_frame("resync")
        self.assertEqual(set(device.shown), {notification.pk for notification in sent})
        [after] = self.send(1)
        device.until_shown(after)

    def test_a_client_that_is_not_signed_in_is_closed_with_4401(self):
        device = Device()
        self.devices.append(device.connect(self.server.websocket_url, "forged"))
        self.assertEqual(device.until_closed(), 4401)

    def test_a_user_who_may_not_sign_in_any_more_is_closed_with_4403(self):
        device = self.greeted()
        User.objects.filter(pk=self.ada.pk).update(is_active=False)
        self.assertEqual(device.until_closed(), 4403)

    def test_one_connection_too_many_closes_the_one_that_was_silent_longest_with_4429(self):
        devices = [self.greeted() for _ in range(4)]
        for device in devices[1:]:
            device.send({"type": "ping"})
            device.until_frame("pong")
        self.greeted()
        self.assertEqual(devices[0].until_closed(), 4429)

    def test_a_server_that_ends_says_to_come_back_and_ids_keep_their_meaning(self):
        first, second = self.send(2)
        device = self.greeted()
        device.until_shown(first, second)
        self.server.stop()
        self.assertIn(device.until_closed(), RECONNECT)
        self.server.start()
        epoch = device.epoch
        self.device(device=device)
        device.until(lambda: device.arrived == [first.pk, second.pk], "both again")
        self.assertEqual(device.epoch, epoch)
        self.assertEqual(device.shown, [first.pk, second.pk])

    def test_a_client_that_asks_for_auto_ack_needs_no_acks(self):
        [stored] = self.send(1)
        url = f"{self.server.websocket_url}/ws/notifications/?ack=auto&ticket="
        with connect(url + make_ticket(self.ada)) as plain:
            frames = [json.loads(plain.recv(LIMIT_SECONDS)) for _ in range(2)]
        self.assertEqual([frame["type"] for frame in frames], ["hello", "notification"])
        self.assertEqual(frames[1]["id"], stored.pk)
