from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlencode

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import override_settings
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store.own.listing import Filters, page

from .case import FeedTestCase, bearer

ITEM = {
    *("id", "level", "category", "title", "body", "url", "actor", "target", "data", "created_at"),
    "edited_at",
    *("delivered_at", "seen_at", "read_at", "archived_at"),
}


class ListTests(FeedTestCase):
    def test_the_list_has_all_that_is_known_of_each_notification(self):
        sent = notify(self.alice, "Shipped", level="success", url="/orders/1/", data={"order": 1})
        self.mark("read", sent.pk)
        [newest, *_] = self.get("list").json()["items"]
        self.assertEqual(newest.keys(), ITEM)
        self.assertEqual((newest["id"], newest["data"]), (sent.pk, {"order": 1}))
        created = Notification.objects.get(pk=sent.pk).created_at
        self.assertEqual(datetime.fromisoformat(newest["created_at"]), created)
        self.assertTrue(newest["delivered_at"] and newest["seen_at"] and newest["read_at"])
        self.assertIsNone(newest["archived_at"])

    def test_pages_lead_from_the_newest_to_the_oldest(self):
        first = self.get("list", query="?limit=3").json()
        self.assertEqual([item["title"] for item in first["items"]], ["n3", "n2", "n1"])
        last = self.get("list", query=f"?limit=3&cursor={first['next']}").json()
        self.assertEqual([item["title"] for item in last["items"]], ["n0"])
        self.assertIsNone(last["next"])

    def test_pages_lead_on_below_the_highest_ids_that_a_database_has(self):
        for highest in (2**63 - 2, 2**63 - 1):
            Notification.objects.create(pk=highest, title=str(highest))
            Delivery.objects.create(recipient=self.alice, notification_id=highest)
        cursor = self.get("list", query="?limit=1").json()["next"]
        self.assertEqual(self.titles(f"?limit=1&cursor={cursor}"), [str(2**63 - 2)])
        self.assertEqual(self.titles("?limit=1&cursor=" + "9" * 19), [str(2**63 - 2)])

    def test_the_filters_of_the_query_are_those_of_the_list(self):
        team = Group.objects.create(name="team")
        notify(self.alice, "about", target=team, category="teams", level="error")
        self.mark("read", self.ids[0])
        self.mark("archived", self.ids[1])
        later = (timezone.now() + timedelta(hours=1)).isoformat()
        for query, titles in (
            ("archived=true", ["n1"]),
            ("unread=false", ["n0"]),
            ("unseen=true", ["about", "n3", "n2"]),
            ("category=teams&category=none", ["about"]),
            ("level=error&level=warning", ["about"]),
            (urlencode({"target": f"auth.group:{team.pk}"}), ["about"]),
            (urlencode({"target": f"auth.Group:{team.pk}"}), ["about"]),
            ("target=auth.group:0", []),
            ("target=no.model:1", []),
            (urlencode({"since": later}), []),
            ("since=0001-01-01T00:00:00Z&limit=1", ["about"]),
            (urlencode({"since": "9999-12-31T23:59:59-12:00"}), []),
        ):
            with self.subTest(query):
                self.assertEqual(self.titles(f"?{query}"), titles)

    def test_a_target_is_found_by_an_app_label_with_capitals(self):
        order = ContentType.objects.create(app_label="Shop", model="order")
        about = Notification.objects.filter(pk=self.ids[2])
        about.update(target_content_type=order, target_object_id="17")
        self.assertEqual(self.titles("?target=Shop.order:17"), ["n2"])

    def test_the_query_is_refused_where_it_makes_no_sense(self):
        for query, word in (
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=ten", "limit"),
            ("limit=" + "9" * 5000, "limit"),
            ("limit=1&limit=2", "once"),
            ("cursor=0", "cursor"),
            ("cursor=-1", "cursor"),
            ("unread=1", "unread"),
            ("level=loud", "level"),
            ("category=%00", "category"),
            ("since=yesterday", "since"),
            ("since=2026-01-01T00:00:00", "since"),
            ("target=order:1", "target"),
            ("unraed=true", "unraed"),
        ):
            with self.subTest(query):
                problem = self.assert_problem(self.get("list", query=f"?{query}"), 400, "invalid")
                self.assertIn(word, problem)

    def test_a_page_that_the_client_knows_is_not_sent_again(self):
        etag = self.get("list")["ETag"]
        self.assertEqual(self.get("list", headers={"if-none-match": etag}).status_code, 304)
        self.mark("seen", self.ids[0])
        self.assertEqual(self.get("list", headers={"if-none-match": etag}).status_code, 200)

    def test_a_row_that_cannot_be_encoded_is_left_out_and_logged(self):
        listed, _ = page(self.alice.pk, Filters(), None, 9)
        listed[2].content["data"] = {"half a pair": "\ud800"}
        with (
            patch("notifications.store.own.listing.page", return_value=(listed, 0)),
            self.assertLogs("notifications", "ERROR") as logs,
        ):
            self.assertEqual(self.titles(), ["n3", "n2", "n0"])
        self.assertIn(f"Notification {self.ids[1]} is left out", logs.output[0])

    @override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
    def test_times_are_told_in_utc_where_the_site_has_none(self):
        moment = datetime(2026, 1, 31, 21, 0)
        Notification.objects.filter(pk__in=self.ids).update(created_at=moment)
        [item, *_] = self.get("list").json()["items"]
        expected = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
        self.assertEqual(datetime.fromisoformat(item["created_at"]), expected)
        self.assertEqual(len(self.titles("?since=2026-01-31T12:00:00Z")), 4)
        self.assertEqual(self.titles("?since=2026-01-31T12:00:01Z"), [])


class OneTests(FeedTestCase):
    def test_one_is_found_in_the_list_and_in_the_archive(self):
        self.mark("archived", self.ids[0])
        for number, title in ((self.ids[0], "n0"), (self.ids[1], "n1")):
            self.assertEqual(self.get("one", number).json()["title"], title)

    def test_the_notification_of_another_user_and_none_are_not_found_alike(self):
        for number in (self.others, 10**12, 10**30, "0", "-1", "abc", "1.0", "%00"):
            with self.subTest(number):
                self.assert_problem(self.get("one", number), 404, "not-found")


class CountTests(FeedTestCase):
    def test_the_counts_are_exact_and_have_an_etag_of_their_own(self):
        self.mark("seen", self.ids[0])
        self.mark("read", self.ids[1])
        self.mark("archived", self.ids[2])
        response = self.get("counts")
        self.assertEqual(response.json(), {"unread": 2, "unseen": 1})
        known = {"if-none-match": response["ETag"]}
        notify(self.bob, "nothing new for alice")
        self.assertEqual(self.get("counts", headers=known).status_code, 304)
        notify(self.alice, "something new")
        self.assertEqual(self.get("counts", headers=known).json(), {"unread": 3, "unseen": 2})

    def test_list_and_counts_take_less_than_eight_queries(self):
        for name, most in (("list", 4), ("counts", 3), ("poll", 5)):
            with self.subTest(name), self.assertNumQueries(most):
                self.assertEqual(self.get(name).status_code, 200)


class PollTests(FeedTestCase):
    def test_a_poll_of_a_wsgi_site_answers_at_once_with_list_and_counts(self):
        response = self.get("poll", query="?limit=1")
        self.assertEqual(response.json()["counts"], {"unread": 4, "unseen": 4})
        self.assertEqual([item["title"] for item in response.json()["items"]], ["n3"])
        known = {"if-none-match": response["ETag"]}
        self.assertEqual(self.get("poll", query="?limit=1", headers=known).status_code, 304)

    def test_an_unreasonable_wait_is_refused(self):
        for query in ("wait=61", "wait=-1", "wait=long"):
            with self.subTest(query):
                response = self.get("poll", query=f"?{query}")
                self.assertIn("wait", self.assert_problem(response, 400, "invalid"))


class ReadingByTicketTests(FeedTestCase):
    def test_a_ticket_reads_what_its_user_has(self):
        client = bearer(self.bob)
        [item] = client.get("/notifications/").json()["items"]
        self.assertEqual(item["id"], self.others)
        self.assertEqual(Delivery.objects.get(recipient=self.bob).state, "queued")
