"""Whatever is sent, no frame is longer than the protocol says."""

import asyncio
import json

from django.test import SimpleTestCase, tag
from hypothesis import given
from hypothesis import strategies as st

from notifications.hub import Socket
from notifications.hub.delivery.unread import _frames, _merged
from notifications.models import Delivery, Notification
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.wire import protocol
from notifications.wire.protocol import MAX_BYTES, MAX_IDS_PER_FRAME, FrameRefused

BIGGEST_ID = 2**63 - 1

characters = st.sampled_from(["x", "é", "€", "🎉", "\x1f", '"', "\\"])
bodies = st.builds(lambda character, count: character * count, characters, st.integers(1, 70_000))
changes = st.dictionaries(
    st.sampled_from(["seen", "read", "archived"]), st.integers(1, 3 * MAX_IDS_PER_FRAME)
)


def frame_of(number, body):
    return protocol.notification({"id": number, "title": "n", "body": body})


class FrameSizeTests(SimpleTestCase):
    def check(self, texts):
        for text in texts:
            self.assertLessEqual(len(text.encode()), MAX_BYTES)

    @tag("slow")
    @given(st.lists(bodies, max_size=64))
    def test_batch_frames_are_never_longer_than_the_limit(self, found):
        frames = [(number, frame_of(number, body)) for number, body in enumerate(found, 1)]
        frames = [frame for frame in frames if protocol.fits(frame[1])]
        texts = asyncio.run(self.pushed(frames))
        self.check(texts)
        items = [item for text in texts for item in items_in(json.loads(text))]
        self.assertEqual([item["id"] for item in items], [number for number, _ in frames])

    async def pushed(self, frames):
        texts = []

        async def send(message):
            texts.append(message["text"])

        socket = Socket(send, lambda: None, window=64)
        socket.greet("{}", 0)
        socket.push(frames)
        return texts[1:]

    @given(bodies)
    def test_a_notification_fits_exactly_when_its_frame_is_within_the_limit(self, body):
        text = frame_of(BIGGEST_ID, body)
        self.assertEqual(protocol.fits(text), len(text.encode()) <= MAX_BYTES)

    @given(st.lists(changes, min_size=1, max_size=5))
    def test_state_frames_are_never_longer_than_the_limit(self, told):
        merged = {}
        for counts in told:
            ids = {
                kind: dict.fromkeys(range(BIGGEST_ID - n, BIGGEST_ID)) for kind, n in counts.items()
            }
            merged = _merged(merged, ids)
        self.check(_frames(BIGGEST_ID, BIGGEST_ID, merged))

    @given(st.text())
    def test_error_frames_are_never_longer_than_the_limit(self, quoted):
        detail = (quoted or "x") * 70_000
        self.check([protocol.error(FrameRefused("malformed", detail))])

    def test_hello_frames_are_never_longer_than_the_limit(self):
        numbers = dict.fromkeys(("unread", "upto", "queued", "dropped", "window"), BIGGEST_ID)
        self.check([protocol.hello(**numbers, retry=(1e300, 1e308))])


def items_in(frame):
    return frame["items"] if frame["type"] == "batch" else [frame]


@quick()
class TooLongNotificationTests(HubTestCase):
    async def test_a_notification_too_long_for_a_frame_is_left_out_and_logged_once(self):
        await write_rows([self.ada], 2)
        long, _ = [row async for row in Notification.objects.order_by("pk")]
        await Notification.objects.filter(pk=long.pk).aupdate(body="🎉" * 17_000)
        with self.assertLogs("notifications.hub.delivery.frames", "ERROR") as logs:
            for _ in range(2):
                async with self.connected(self.ada) as client:
                    await client.until(lambda: client.arrived, "the other")
                    await client.settle()
                    self.assertNotIn(long.pk, client.arrived)
        self.assertLessEqual(len(logs.records), 2)  # once in each of two hubs
        self.assertEqual(await Delivery.objects.queued().acount(), 2)
