from unittest import mock

from django.core import signing
from django.test import SimpleTestCase, override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.exceptions import InvalidTicket, NotificationError
from notifications.tickets import SALT, make_ticket, read_ticket

from .users import User

alice = User(pk=7, username="alice")


def later(seconds):
    """As if this much time had passed: the clock is what signing reads."""
    now = signing.time.time()
    return mock.patch.object(signing.time, "time", return_value=now + seconds)


class TicketTests(SimpleTestCase):
    def assert_refused(self, ticket):
        with self.assertRaisesRegex(InvalidTicket, "not valid or too old; ask for a new one"):
            read_ticket(ticket)

    def test_it_stands_for_the_primary_key(self):
        self.assertEqual(read_ticket(make_ticket(alice)), 7)

    def test_it_may_be_shown_again(self):
        ticket = make_ticket(alice)
        self.assertEqual([read_ticket(ticket), read_ticket(ticket)], [7, 7])

    def test_it_fits_into_a_url_and_into_a_subprotocol(self):
        self.assertRegex(make_ticket(alice), r"^[A-Za-z0-9_:\-]+$")

    def test_it_is_good_for_a_minute(self):
        ticket = make_ticket(alice)
        with later(59):
            self.assertEqual(read_ticket(ticket), 7)
        with later(61):
            self.assert_refused(ticket)

    @override_settings(NOTIFICATIONS={"TICKET_SECONDS": 5})
    def test_how_long_is_a_setting(self):
        ticket = make_ticket(alice)
        with later(6):
            self.assert_refused(ticket)

    def test_it_rejects_a_ticket_of_another_site(self):
        with override_settings(SECRET_KEY="of-another-site"):
            ticket = make_ticket(alice)
        self.assert_refused(ticket)

    def test_it_accepts_one_signed_before_the_key_was_changed(self):
        with override_settings(SECRET_KEY="old"):
            ticket = make_ticket(alice)
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
            self.assertEqual(read_ticket(ticket), 7)

    def test_it_rejects_what_was_signed_for_another_purpose(self):
        self.assert_refused(signing.dumps("7", salt="password-reset"))

    def test_it_rejects_what_is_no_primary_key(self):
        self.assert_refused(signing.dumps("alice", salt=SALT))

    @given(st.integers(0), st.characters(exclude_categories=[]))
    def test_it_rejects_a_changed_ticket(self, position, character):
        ticket = make_ticket(alice)
        position %= len(ticket)
        changed = ticket[:position] + character + ticket[position + 1 :]
        if changed != ticket:
            self.assert_refused(changed)

    @given(st.text(st.characters(exclude_categories=[])))
    @example("\ud800")
    def test_it_rejects_any_other_text(self, text):
        self.assert_refused(text)

    def test_its_refusal_is_an_error_of_this_app(self):
        self.assertTrue(issubclass(InvalidTicket, NotificationError))
