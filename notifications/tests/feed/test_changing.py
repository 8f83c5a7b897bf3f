import json
from unittest import mock

from django.db import transaction
from django.test import Client, TransactionTestCase, override_settings

from notifications.feed import changes
from notifications.feed.contract import VERBS
from notifications.models import Delivery
from notifications.send import notify
from notifications.wire.hints import Changed, user_group

from ..listening import ListeningMixin
from ..users import make_user
from .case import FeedTestCase, bearer, failing_at

OF_ONE = [verb for verb in VERBS if verb != "delete"]
AFTER = {
    "ack": "delivered",
    "seen": "seen",
    "read": "read",
    "unread": "seen",
    "archive": "archived",
    "unarchive": "delivered",
}
BEFORE = {"unread": "read", "unarchive": "archived"}


class ChangingTests(FeedTestCase):
    def prepare(self, verb, *ids):
        if verb in BEFORE:
            self.mark(BEFORE[verb], *ids)

    def test_each_verb_changes_one_and_tells_the_counts(self):
        for number, verb in zip((*self.ids, *self.ids[:2]), AFTER, strict=True):
            with self.subTest(verb):
                Delivery.objects.update(
                    delivered_at=None, seen_at=None, read_at=None, archived_at=None
                )
                self.prepare(verb, number)
                done = self.post(f"{verb}-one", number).json()
                self.assertEqual(done["changed"], 1)
                self.assertEqual(done["counts"], self.get("counts").json())
                delivery = Delivery.objects.get(recipient=self.alice, notification=number)
                self.assertEqual(delivery.state, AFTER[verb])
                self.assertEqual(self.post(f"{verb}-one", number).json()["changed"], 0)

    def test_each_verb_changes_many_and_nothing_of_others(self):
        for verb in AFTER:
            with self.subTest(verb):
                self.prepare(verb, *self.ids[:2])
                done = self.post(verb, ids=[*self.ids[:2], self.others, 10**12]).json()
                self.assertEqual(done["changed"], 2)
        self.assertEqual(self.states(self.bob), ["queued"])

    def test_one_and_many_are_deleted_for_their_user_alone(self):
        shared = notify([self.alice, self.bob], "shared").pk
        self.assertEqual(self.delete(shared).json()["changed"], 1)
        self.assertEqual(self.post("delete", ids=self.ids[:2]).json()["changed"], 2)
        self.assertEqual(self.titles(), ["n3", "n2"])
        self.assertEqual(self.states(self.bob), ["queued", "queued"])

    def test_every_endpoint_answers_the_id_of_another_user_by_404_and_changes_nothing(self):
        self.mark("read", self.ids[0])
        before = self.states(), self.states(self.bob)
        for number in (self.others, 10**12):
            answers = [self.post(f"{verb}-one", number) for verb in OF_ONE]
            answers += [self.post(verb, ids=[number]) for verb in VERBS]
            answers += [self.get("one", number), self.delete(number)]
            for answer in answers:
                with self.subTest(answer.request["PATH_INFO"]):
                    self.assert_problem(answer, 404, "not-found")
        self.assertEqual((self.states(), self.states(self.bob)), before)

    def test_all_up_to_an_id_are_those_that_have_been_delivered(self):
        self.mark("delivered", self.ids[0], self.ids[2], self.ids[3])
        self.assertEqual(self.post("read", upto=self.ids[2]).json()["changed"], 2)
        self.assertEqual(self.states(), ["read", "queued", "read", "delivered"])
        self.assertEqual(self.post("unread", upto=self.ids[3]).json()["changed"], 2)
        self.assertEqual(self.post("archive", upto=self.ids[0]).json()["changed"], 1)
        self.assertEqual(self.post("unarchive", upto=self.ids[3]).json()["changed"], 1)
        self.assertEqual(self.post("delete", upto=self.ids[3]).json()["changed"], 3)
        self.assertEqual(self.titles(), ["n1"])

    def test_all_up_to_an_id_are_changed_however_many_they_are(self):
        self.mark("delivered", *self.ids)
        with mock.patch.object(changes, "AT_ONCE", 2):
            for verb in ("seen", "read", "unread", "archive", "unarchive", "delete"):
                with self.subTest(verb):
                    self.assertEqual(self.post(verb, upto=self.ids[3]).json()["changed"], 4)

    def test_nothing_has_changed_when_the_database_fails_midway(self):
        self.mark("delivered", *self.ids)
        before = self.states()
        for verb in ("seen", "read", "archive", "delete"):
            for named in ({"upto": self.ids[3]}, {"ids": self.ids}):
                with self.subTest(verb, named=named), mock.patch.object(changes, "AT_ONCE", 2):
                    with failing_at(2, "UPDATE", "DELETE"), self.assertLogs("notifications.feed"):
                        answer = self.post(verb, **named)
                    self.assert_problem(answer, 503, "unavailable")
                    self.assertEqual(self.states(), before)

    def test_nothing_has_changed_when_the_counts_behind_a_change_cannot_be_read(self):
        self.mark("delivered", *self.ids)
        before = self.states()
        for post in (
            lambda: self.post("read", upto=self.ids[3]),
            lambda: self.post("read-one", self.ids[0]),
            lambda: self.delete(self.ids[0]),
        ):
            with failing_at(1, "SELECT COUNT"), self.assertLogs("notifications.feed"):
                self.assert_problem(post(), 503, "unavailable")
            self.assertEqual(self.states(), before)

    def test_a_body_that_makes_no_sense_is_refused_before_anything_changes(self):
        for body in (
            {"ids": []},
            {"ids": [0]},
            {"ids": ["1"]},
            {"ids": [1.5]},
            {"ids": list(range(1, 1002))},
            {"ids": self.ids, "upto": 1},
            {"upto": 0},
            {"upto": None},
            {"all": True},
        ):
            with self.subTest(str(body)[:40]):
                self.assert_problem(self.post("read", **body), 400, "invalid")
        self.assert_problem(self.post("ack", upto=5), 400, "invalid")
        self.assert_problem(self.post("read"), 400, "invalid")
        self.assertEqual(self.states(), ["queued"] * 4)

    def test_a_body_that_cannot_be_read_is_refused(self):
        for body in (b"{", b"\xff", b"[" * 9000, b"7"):
            with self.subTest(body[:3]):
                answer = self.client.post("/notifications/read/", body, "application/json")
                self.assert_problem(answer, 400, "invalid")
        answer = self.client.post("/notifications/read/", b" " * 17_000, "application/json")
        self.assert_problem(answer, 413, "too-large")
        form = "application/x-www-form-urlencoded"
        answer = self.client.post(f"/notifications/{self.ids[0]}/ack/", b"", form)
        self.assertEqual(answer.json()["changed"], 1)
        for kind in ("text/plain", "multipart/form-data; boundary=x", "multipart/form-data"):
            answer = self.client.post("/notifications/read/", b"--x", kind)
            self.assert_problem(answer, 415, "media-type")


class AccessTests(FeedTestCase):
    def test_nobody_is_answered_by_401_everywhere(self):
        nobody = Client()
        for client in (nobody, Client(headers={"authorization": "Bearer nonsense"})):
            for answer in (
                client.get("/notifications/"),
                client.get("/notifications/poll/"),
                client.get("/notifications/counts/"),
                client.get(f"/notifications/{self.ids[0]}/"),
                client.post("/notifications/ticket/", content_type="application/json"),
                client.post("/notifications/read/", {"ids": [1]}, "application/json"),
            ):
                self.assert_problem(answer, 401, "unauthenticated")
                self.assertEqual(answer["WWW-Authenticate"], "Bearer")

    def test_a_session_that_changes_something_has_to_show_the_csrf_token(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.alice)
        detail = self.assert_problem(self.post("read", client=client, ids=self.ids), 403, "csrf")
        self.assertIn("X-Csrftoken", detail)
        self.assertEqual(self.states(), ["queued"] * 4)
        token = "a" * 32
        client.cookies["csrftoken"] = token
        client.defaults["HTTP_X_CSRFTOKEN"] = token
        self.assertEqual(self.post("read", client=client, ids=self.ids).json()["changed"], 4)

    @override_settings(CSRF_HEADER_NAME="HTTP_X_XSRF_TOKEN")
    def test_pages_show_the_csrf_token_whatever_the_site_calls_its_header(self):
        for header in ("X-XSRF-Token", "X-CSRFToken"):
            token = "a" * 32
            client = Client(enforce_csrf_checks=True, headers={header: token})
            client.force_login(self.alice)
            client.cookies["csrftoken"] = token
            answer = self.post("read", client=client, ids=self.ids)
            self.assertEqual(answer.status_code, 200, header)

    def test_a_page_of_somebody_who_is_not_signed_in_any_more_is_answered_by_401(self):
        for of, status in ((self.alice.pk, 200), (self.bob.pk, 401), ("%61lice", 401)):
            headers = {"Notifications-User": str(of)}
            for path in ("", "poll/", "counts/"):
                answer = self.client.get(f"/notifications/{path}", headers=headers)
                self.assertEqual(answer.status_code, status, path)
        body, headers = json.dumps({"ids": self.ids}), {"Notifications-User": str(self.bob.pk)}
        url = "/notifications/read/"
        answer = self.client.post(url, body, "application/json", headers=headers)
        self.assertIn("Somebody else", self.assert_problem(answer, 401, "unauthenticated"))
        self.assertEqual(self.states(), ["queued"] * 4)

    def test_a_ticket_needs_no_csrf_token_and_makes_no_other_ticket(self):
        client = bearer(self.alice)
        self.assertEqual(self.post("read", client=client, ids=self.ids).json()["changed"], 4)
        self.assert_problem(self.post("ticket", client=client), 403, "session-needed")

    def test_a_session_gets_a_ticket_that_is_good_for_the_feed(self):
        answer = self.post("ticket")
        self.assertEqual(answer["Cache-Control"], "no-store")
        made = answer.json()
        self.assertEqual(made["seconds"], 60)
        client = Client(headers={"authorization": f"Bearer {made['ticket']}"})
        self.assertEqual(client.get("/notifications/counts/").json()["unread"], 4)

    def test_a_ticket_of_somebody_inactive_lets_nobody_in(self):
        client = bearer(self.bob)
        self.bob.is_active = False
        self.bob.save()
        self.assert_problem(client.get("/notifications/"), 401, "unauthenticated")

    def test_a_token_that_is_no_ticket_leaves_the_session_in_force(self):
        answer = self.get("counts", headers={"authorization": "Bearer of-a-proxy"})
        self.assertEqual(answer.status_code, 200)

    def test_other_methods_are_told_which_there_are(self):
        for answer, allowed in (
            (self.client.put("/notifications/", {}, "application/json"), "HEAD, GET"),
            (self.client.get("/notifications/read/"), "POST"),
            (self.client.post("/notifications/counts/"), "HEAD, GET"),
            (self.client.post(f"/notifications/{self.ids[0]}/"), "HEAD, DELETE, GET"),
        ):
            self.assert_problem(answer, 405, "method-not-allowed")
            self.assertEqual(answer["Allow"], allowed)

    def test_a_head_request_is_answered_as_a_get_without_a_body(self):
        answer = self.client.head("/notifications/counts/")
        self.assertEqual((answer.status_code, answer.content), (200, b""))


class LimitTests(FeedTestCase):
    @override_settings(NOTIFICATIONS={"REQUESTS_PER_MINUTE": 2})
    def test_a_user_who_asks_too_often_is_told_when_to_come_again(self):
        for left in (1, 0):
            answer = self.get("counts")
            self.assertEqual(answer["RateLimit-Policy"], '"user";q=2;w=60')
            self.assertRegex(answer["RateLimit"], rf'^"user";r={left};t=\d+$')
        refused = self.get("counts")
        self.assert_problem(refused, 429, "too-many-requests")
        self.assertTrue(0 < int(refused["Retry-After"]) <= 60)
        self.assertEqual(bearer(self.bob).get("/notifications/counts/").status_code, 200)


class LiveTests(ListeningMixin, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.alice = make_user("alice")
        self.number = notify(self.alice, "title").pk
        self.client.force_login(self.alice)
        self.listener = self.listen(user_group(self.alice.pk))

    def heard(self):
        return [hint for _, hint in self.listener.heard()]

    def post(self, verb):
        answer = self.client.post(
            f"/notifications/{self.number}/{verb}/", content_type="application/json"
        )
        self.assertEqual(answer.status_code, 200, answer.content)

    def test_each_change_is_told_to_the_users_other_tabs(self):
        for verb in ("ack", "seen", "read", "unread", "archive", "unarchive"):
            self.post(verb)
        self.client.delete(f"/notifications/{self.number}/")
        told = ["seen", "read", "marked_unread", "archived", "unarchived", "deleted"]
        self.assertEqual(self.heard(), [Changed(change, [self.number]) for change in told])

    def test_nothing_is_told_of_what_does_not_change(self):
        self.post("read")
        self.post("read")
        self.assertEqual(len(self.heard()), 1)

    def test_a_change_of_a_request_in_a_transaction_is_told_behind_its_commit(self):
        with transaction.atomic():
            self.post("read")
            self.assertEqual(self.heard(), [])
        self.assertEqual(self.heard(), [Changed("read", [self.number])])
