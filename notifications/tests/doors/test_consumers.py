import asyncio

from django.conf import settings
from django.test import Client, override_settings, tag

from notifications.access.tickets import SUBPROTOCOL, make_ticket
from notifications.hub import get_hub
from notifications.models import Delivery
from notifications.send import anotify

from ..clients import MemoryClient
from ..hubs import HubTestCase, User
from ..logs import silence


class ConsumerAuthenticationTests(HubTestCase):
    def setUp(self):
        super().setUp()
        silence(self, "notifications.access.origins")

    async def test_a_ticket_in_the_url_is_greeted(self):
        async with self.connected(self.ada) as client:
            hello = client.frames[0]
        self.assertRegex(hello.pop("epoch"), r"^[0-9a-f]{32}$")
        self.assertEqual(
            hello,
            {
                "type": "hello",
                "protocol": 1,
                "unread": 0,
                "upto": 0,
                "queued": 0,
                "dropped": 0,
                "window": 64,
                "retry": [1.0, 5.0],
            },
        )

    async def test_a_ticket_among_the_subprotocols_is_greeted_and_selects_our_subprotocol(self):
        offered = [SUBPROTOCOL, f"ticket.{make_ticket(self.ada)}"]
        async with self.connected(subprotocols=offered) as client:
            self.assertEqual(client.messages[0]["subprotocol"], SUBPROTOCOL)
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_ticket_in_a_header_is_greeted(self):
        header = (b"authorization", f"Bearer {make_ticket(self.ada)}".encode())
        async with self.connected(headers=[header]) as client:
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_header_that_is_no_ticket_of_ours_does_not_spoil_the_session(self):
        headers = [*await self.cookies(b"http://testserver"), (b"authorization", b"Bearer other")]
        async with self.connected(headers=headers) as client:
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_session_that_has_ended_does_not_spoil_a_ticket_in_a_header(self):
        header = (b"authorization", f"Bearer {make_ticket(self.ada)}".encode())
        async with self.connected(headers=[(b"cookie", b"sessionid=gone"), header]) as client:
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_session_of_our_own_page_is_greeted(self):
        async with self.connected(headers=await self.cookies(b"http://testserver")) as client:
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_session_from_a_foreign_page_is_refused_before_accept(self):
        async with self.connected(headers=await self.cookies(b"http://evil.example")) as client:
            self.assertEqual([m["type"] for m in client.messages], ["websocket.close"])

    @tag("slow")
    async def test_a_session_without_an_origin_is_refused_before_accept(self):
        async with self.connected(headers=(await self.cookies(b""))[:1]) as client:
            self.assertEqual([m["type"] for m in client.messages], ["websocket.close"])

    async def test_a_foreign_page_with_a_ticket_is_refused(self):
        headers = [(b"origin", b"http://evil.example")]
        async with self.connected(self.ada, headers=headers) as client:
            self.assertEqual([m["type"] for m in client.messages], ["websocket.close"])

    async def test_a_user_of_another_middleware_is_greeted(self):
        headers = [(b"origin", b"http://testserver")]
        async with self.connected(headers=headers, scope={"user": self.ada}) as client:
            self.assertEqual(client.frames[0]["type"], "hello")

    async def test_a_page_of_nobody_is_closed_with_4401(self):
        async with self.connected(headers=[(b"origin", b"http://testserver")]) as client:
            self.assertEqual(
                (client.messages[0]["type"], client.close_code), ("websocket.accept", 4401)
            )

    async def test_a_forged_ticket_is_closed_with_4401(self):
        async with self.connected(query="ticket=forged") as client:
            self.assertEqual(client.close_code, 4401)

    @override_settings(NOTIFICATIONS={"TICKET_SECONDS": -1})
    async def test_an_old_ticket_is_closed_with_4401(self):
        async with self.connected(self.ada) as client:
            self.assertEqual(client.close_code, 4401)

    async def test_a_ticket_of_a_deactivated_user_is_closed_with_4401(self):
        await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
        async with self.connected(self.ada) as client:
            self.assertEqual(client.close_code, 4401)

    @override_settings(NOTIFICATIONS={"MAX_SOCKETS_PER_USER": 1})
    async def test_one_socket_too_many_closes_another_one_with_4429(self):
        async with self.connected(self.ada) as first, self.connected(self.ada) as second:
            self.assertEqual((first.close_code, second.close_code), (4429, None))

    async def test_signing_out_closes_the_sockets_of_that_session_alone(self):
        browser = Client()
        await browser.aforce_login(self.ada)
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
        headers = [(b"cookie", cookie), (b"origin", b"http://testserver")]
        async with self.connected(headers=headers) as tab, self.connected(self.ada) as phone:
            await browser.alogout()
            await tab.until_closed(4403)
            await phone.settle()
            self.assertIsNone(phone.close_code)

    async def test_deactivating_an_account_closes_all_its_sockets(self):
        async with self.connected(self.ada) as client:
            self.ada.is_active = False
            await self.ada.asave()
            await client.until_closed(4403)

    async def cookies(self, origin):
        browser = Client()
        await browser.aforce_login(self.ada)
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
        return [(b"cookie", cookie), (b"origin", origin)]


class ConsumerFrameTests(HubTestCase):
    async def test_a_ping_gets_a_pong(self):
        async with self.connected(self.ada) as client:
            client.send({"type": "ping"})
            await client.until_frame("pong")

    async def test_each_wrong_frame_gets_an_error_that_says_why(self):
        wrong = [
            ("nonsense", "malformed"),
            ("[]", "malformed"),
            ('{"type": "dance"}', "unknown"),
            ('{"type": "ack"}', "malformed"),
            ('{"type": "ack", "ids": ["1"]}', "malformed"),
            ('{"type": "ack", "ids": [' + "1," * 20_000 + "1]}", "oversized"),
        ]
        with self.settings(NOTIFICATIONS={"MAX_REFUSED_FRAMES": 100}):
            async with self.connected(self.ada) as client:
                for text, _ in wrong:
                    client.send(text)
                client.send_bytes(b"{}")
                await client.until(lambda: len(client.of("error")) == len(wrong) + 1, "the errors")
                codes = [frame["code"] for frame in client.of("error")]
                self.assertEqual(codes, [code for _, code in wrong] + ["binary"])
                self.assertTrue(all(frame["detail"] for frame in client.of("error")))

    @override_settings(NOTIFICATIONS={"MAX_REFUSED_FRAMES": 100})
    async def test_each_odd_frame_gets_one_error_and_the_socket_stays_open(self):
        odd = (
            "",
            "null",
            '\ufeff{"type": "ping"}',
            '{"type": "ping"} {"type": "ping"}',
            '{"type": "ping", "x": "\ud800"}',
            '{"type": "ping", "x": "\\ud800"}',
            '{"type": "pi\x00ng"}',
            '{"type": "\\u0000"}',
            '{"type": "ping", "x": NaN}',
            # Some versions of Python take the nesting.
            '{"x": ' + "[" * 8000 + "]" * 8000 + ', "type": "nothing"}',
            '{"type": ' + "[" * 16_000,
            '{"type": "ack", "type": "read", "ids": [1]}',
            *(
                f'{{"type": "ack", "ids": [{number}]}}'
                for number in ("1.0", "1e3", "1e400", "-0", "true", '"1"', 2**63, 2**64, "9" * 9000)
            ),
            '{"type": "read_all", "upto": 1.5}',
            "👋" * 5000,
        )
        async with self.connected(self.ada) as client:
            for text in odd:
                with self.subTest(text[:40]):
                    before = len(client.of("error"))
                    client.send(text)
                    await client.settle()
                    self.assertEqual(len(client.of("error")), before + 1)
            self.assertIsNone(client.close_code)

    async def test_a_ping_with_deep_nesting_gets_one_answer_and_the_socket_stays_open(self):
        async with self.connected(self.ada) as client:
            client.send('{"x": ' + "[" * 8000 + "]" * 8000 + ', "type": "ping"}')
            await client.settle()
            self.assertEqual(len(client.of("error") + client.of("pong")), 2)  # `settle` pings, too
            self.assertIsNone(client.close_code)

    async def test_several_wrong_frames_close_the_socket_with_4400(self):
        async with self.connected(self.ada) as client:
            for _ in range(5):
                client.send("nonsense")
            await client.until_closed(4400)
            self.assertEqual(len(client.of("error")), 5)

    @override_settings(NOTIFICATIONS={"FRAMES_PER_SECOND": 5, "MAX_REFUSED_FRAMES": 3})
    async def test_too_many_frames_get_errors_and_close_the_socket_with_4400(self):
        async with self.connected(self.ada) as client:
            for _ in range(30):
                client.send({"type": "ping"})
            await client.until_closed(4400)
            self.assertEqual({f["code"] for f in client.of("error")}, {"too_frequent"})

    @override_settings(NOTIFICATIONS={"FRAMES_PER_SECOND": 5, "MAX_REFUSED_FRAMES": 3})
    async def test_only_acks_of_sent_notifications_may_be_as_frequent_as_they_like(self):
        sent = [(await anotify([self.ada], "one")).pk for _ in range(30)]
        async with self.connected(self.ada) as client:
            for number in sent:
                client.ack([number])
            await client.settle()
            self.assertEqual(client.of("error"), [])
            for number in sent:
                client.ack([number])
            await client.until_closed(4400)
            self.assertEqual({f["code"] for f in client.of("error")}, {"too_frequent"})

    async def test_an_ack_of_a_notification_never_sent_here_changes_nothing(self):
        notification = await anotify([self.bob], "for bob")
        async with self.connected(self.ada) as client:
            client.ack([notification.pk])
            await client.settle()
        self.assertEqual(await Delivery.objects.queued().acount(), 1)

    async def test_nobody_marks_the_notifications_of_others(self):
        notification = await anotify([self.bob], "for bob")
        async with self.connected(self.ada) as client:
            for kind in ("seen", "read", "archive"):
                client.send({"type": kind, "ids": [notification.pk]})
            client.send({"type": "read_all", "upto": notification.pk})
            await client.settle()
        delivery = await Delivery.objects.aget()
        self.assertEqual(
            (delivery.seen_at, delivery.read_at, delivery.archived_at), (None, None, None)
        )


class ConsumerLifetimeTests(HubTestCase):
    async def test_a_server_that_stops_says_so_and_writes_the_acks(self):
        await anotify([self.ada], "one")
        client = await MemoryClient(self.ada).connect()
        client.ack()
        await client.settle()
        await client.cancel()
        self.assertEqual(client.close_code, 4503)
        self.assertEqual(await Delivery.objects.queued().acount(), 0)

    async def test_the_last_socket_takes_the_hub_with_it(self):
        async with self.connected(self.ada):
            hub = get_hub()
            self.assertFalse(hub.retired)
        self.assertTrue(hub.retired)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        self.assertEqual([task for task in tasks if "notifications" in repr(task)], [])
