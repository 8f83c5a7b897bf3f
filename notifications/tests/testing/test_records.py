from django.test import TestCase

from notifications.send import notify
from notifications.testing import (
    Outbox,
    aassert_not_notified,
    aassert_notified,
    asent,
    assert_not_notified,
    assert_notified,
    sent,
)

from ..users import make_user


class RecordsTests(TestCase):
    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")

    def test_sent_lists_the_oldest_first_and_narrows_to_a_user_and_to_fields(self):
        first = notify(self.ada, "first", category="a")
        second = notify([self.ada, self.bob], "second", data={"n": 1})
        self.assertEqual(sent(), [first, second])
        self.assertEqual(sent(self.bob.pk), [second])
        self.assertEqual(sent(self.ada, category="a"), [first])
        self.assertEqual(sent(data__n=1), [second])

    def test_a_second_notification_fails_an_assertion_of_one_and_is_listed(self):
        notify(self.ada, "Hello")
        notify(self.ada, "Hello")
        assert_notified(self.ada, title="Hello", times=2)
        with self.assertRaisesRegex(AssertionError, "sent 2 .*title='Hello', not 1.*'Hello'"):
            assert_notified(self.ada, title="Hello")

    def test_an_assertion_of_a_user_who_got_nothing_says_so(self):
        notify(self.bob, "Hello")
        with self.assertRaisesRegex(AssertionError, "ada was sent 0 notifications, not 1.*nothing"):
            assert_notified(self.ada)

    def test_a_notification_that_should_not_be_is_named(self):
        notify(self.ada, "Hello")
        assert_not_notified(self.ada, title="Bye")
        with self.assertRaisesRegex(AssertionError, "ada was sent notifications: 'Hello'"):
            assert_not_notified(self.ada)

    def test_a_field_that_a_notification_has_not_is_refused(self):
        with self.assertRaisesRegex(TypeError, "No field of a notification: .*'subject'"):
            assert_not_notified(self.ada, subject="Hello")

    def test_an_outbox_counts_only_what_was_sent_after_it_was_made(self):
        notify(self.ada, "before")
        outbox = Outbox()
        outbox.assert_not_notified(self.ada)
        after = notify(self.ada, "after")
        self.assertEqual(outbox.sent(), [after])

    async def test_async_tests_ask_in_the_same_words(self):
        await aassert_not_notified(self.ada)
        self.assertEqual(await asent(), [])
        with self.assertRaises(AssertionError):
            await aassert_notified(self.ada)
