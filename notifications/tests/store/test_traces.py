import contextlib

from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext

from notifications.db.traces import in_words
from notifications.models import Delivery
from notifications.send import notify
from notifications.store import marking
from notifications.store.own.changing import take_back

from ..users import make_user

PHONE, COMPUTER = 0b0101, 0b1010
WEBSOCKET_PHONE, HTTP_COMPUTER = ["websocket", "handheld"], ["http", "computer"]
CODE = ["code"]


class TracedCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ada, cls.bob = make_user("ada"), make_user("bob")
        cls.ids = [notify([cls.ada, cls.bob], f"n{number}").pk for number in range(3)]

    def words(self, user=None):
        mine = Delivery.objects.filter(recipient=user or self.ada).order_by("notification_id")
        return [in_words(traces) for traces in mine.values_list("traces", flat=True)]

    @contextlib.contextmanager
    def statements(self):
        found = []
        with CaptureQueriesContext(connection) as queries:
            yield found
        found += [query["sql"] for query in queries]


@override_settings(NOTIFICATIONS={"TRACE_DEVICES": True})
class TracesTests(TracedCase):
    def test_one_statement_keeps_different_traces_of_many(self):
        first, second, third = self.ids
        marked = {
            self.ada.pk: {first: PHONE, second: COMPUTER},
            self.bob.pk: {third: COMPUTER, first: PHONE},
        }
        with self.statements() as found:
            self.assertEqual(marking.mark("delivered", marked), 4)
        self.assertEqual(len(found), 1)
        of_first, of_second = {"delivered_at": WEBSOCKET_PHONE}, {"delivered_at": HTTP_COMPUTER}
        self.assertEqual(self.words(), [of_first, of_second, {}])
        self.assertEqual(self.words(self.bob), [of_first, {}, of_second])

    def test_a_mark_leaves_its_trace_at_each_step_that_was_not_so_before(self):
        first, second, third = self.ids
        marking.mark("delivered", {self.ada.pk: {first: PHONE}})
        marking.change("read", {self.ada.pk: {first: COMPUTER, second: PHONE}})
        marking.mark("archived", {self.ada.pk: {third: PHONE, first: PHONE}})
        read = {"seen_at": HTTP_COMPUTER, "read_at": HTTP_COMPUTER}
        all_ = dict.fromkeys(("delivered_at", "seen_at", "read_at"), WEBSOCKET_PHONE)
        last = {"delivered_at": WEBSOCKET_PHONE}
        self.assertEqual(self.words(), [last | read, all_, last])

    def test_a_delivery_that_was_marked_before_keeps_the_trace_of_that(self):
        marked = {self.ada.pk: {self.ids[0]: PHONE}}
        self.assertEqual(marking.change("seen", marked), {self.ada.pk: [self.ids[0]]})
        other = {self.ada.pk: {self.ids[0]: COMPUTER}}
        self.assertEqual(marking.change("seen", other), {})
        self.assertEqual(self.words()[0]["seen_at"], WEBSOCKET_PHONE)

    def test_the_trace_goes_with_the_mark_that_is_taken_back(self):
        for taken_with in (True, False):
            marking.mark("read", {self.ada.pk: {self.ids[0]: COMPUTER}})
            self.assertIn("read_at", self.words()[0])
            settings = {"TRACE_DEVICES": taken_with}
            with self.subTest(settings), override_settings(NOTIFICATIONS=settings):
                self.assertEqual(take_back("marked_unread", self.ada.pk, self.ids), self.ids[:1])
                kept = {"delivered_at": HTTP_COMPUTER, "seen_at": HTTP_COMPUTER}
                self.assertEqual(self.words(), [kept, {}, {}])

    def test_marks_without_a_trace_are_marks_all_the_same(self):
        self.assertEqual(marking.mark("read", {self.ada.pk: self.ids}), 3)
        self.assertEqual(self.words(), [{}] * 3)

    def test_reading_all_leaves_the_trace_of_who_asked(self):
        Delivery.objects.mark_delivered()
        marking.read_all(self.ada.pk, self.ids[1], trace=COMPUTER)
        known = {"delivered_at": CODE, "seen_at": HTTP_COMPUTER, "read_at": HTTP_COMPUTER}
        self.assertEqual(self.words(), [known, known, {"delivered_at": CODE}])

    def test_verbs_of_a_queryset_are_told_as_code_of_the_site(self):
        marking.mark("delivered", {self.ada.pk: {self.ids[0]: PHONE}})
        mine = Delivery.objects.filter(recipient=self.ada)
        mine.mark_seen()
        later = {"delivered_at": CODE, "seen_at": CODE}
        self.assertEqual(self.words(), [later | {"delivered_at": WEBSOCKET_PHONE}, later, later])
        mine.mark_archived()
        mine.mark_read()
        self.assertEqual([known["read_at"] for known in self.words()], [CODE] * 3)
        self.assertEqual(self.words(self.bob), [{}] * 3)


class UntracedTests(TracedCase):
    def test_without_the_setting_no_mark_touches_the_traces(self):
        marked = {self.ada.pk: {self.ids[0]: PHONE}}
        with self.statements() as found:
            marking.mark("delivered", marked)
            marking.change("seen", marked)
            marking.change_unlocked("read", marked)
            marking.read_all(self.ada.pk, self.ids[0], trace=PHONE)
            Delivery.objects.filter(recipient=self.bob).mark_read()
        updates = [sql for sql in found if "UPDATE" in sql]
        self.assertEqual(len(updates), 5)
        for sql in updates:
            self.assertNotIn("trace", sql)
        self.assertFalse(Delivery.objects.exclude(traces=None).exists())

    def test_with_the_setting_each_mark_is_as_many_statements_as_without(self):
        numbers = []
        for traced in (False, True):
            user = make_user(f"of{traced}")
            sent = notify(user, "title").pk
            with override_settings(NOTIFICATIONS={"TRACE_DEVICES": traced}):
                with self.statements() as found:
                    for kind in ("delivered", "seen", "read", "archived"):
                        marking.change(kind, {user.pk: {sent: PHONE}})
                numbers.append(len(found))
        self.assertEqual(numbers, [4, 4])
