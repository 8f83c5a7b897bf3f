from django.contrib.auth.models import AnonymousUser, Group
from django.core import signing
from django.test import SimpleTestCase, override_settings, tag
from django.utils.functional import SimpleLazyObject
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.access.tickets import CLOCK_SKEW_SECONDS, SALT, make_ticket, read_ticket
from notifications.exceptions import InvalidRecipient, InvalidTicket, NotificationError

from ..clocks import later
from ..users import User

alice = User(pk=7, username="alice")


def now():
    return int(signing.time.time())


def signed(content, salt=SALT):
    return signing.Signer(salt=salt, sep=".").sign_object(content)


class TicketTests(SimpleTestCase):
    def assert_refused(self, ticket):
        with self.assertRaisesRegex(InvalidTicket, "not valid or too old; ask for a new one"):
            read_ticket(ticket)

    def test_a_ticket_stands_for_the_primary_key_of_its_user(self):
        self.assertEqual(read_ticket(make_ticket(alice)), 7)

    def test_a_ticket_may_be_shown_again(self):
        ticket = make_ticket(alice)
        self.assertEqual([read_ticket(ticket), read_ticket(ticket)], [7, 7])

    def test_a_ticket_is_a_token_that_fits_into_a_url_a_subprotocol_and_a_header(self):
        for user in (alice, User(pk=2**63 - 1), User(pk=0)):
            self.assertRegex(make_ticket(user), r"^[A-Za-z0-9_.\-]+$")

    def test_a_ticket_is_good_for_a_minute(self):
        ticket = make_ticket(alice)
        with later(59):
            self.assertEqual(read_ticket(ticket), 7)
        with later(61):
            self.assert_refused(ticket)

    def test_a_ticket_may_be_dated_ahead_as_far_as_two_clocks_differ_and_no_further(self):
        with later(CLOCK_SKEW_SECONDS - 1):
            ticket = make_ticket(alice)
        self.assertEqual(read_ticket(ticket), 7)
        for seconds in (CLOCK_SKEW_SECONDS + 2, 3600, 10**9):
            with later(seconds):
                ticket = make_ticket(alice)
            self.assert_refused(ticket)

    @override_settings(NOTIFICATIONS={"TICKET_SECONDS": 5})
    def test_the_life_of_a_ticket_is_a_setting(self):
        ticket = make_ticket(alice)
        with later(6):
            self.assert_refused(ticket)

    def test_a_ticket_of_another_site_is_refused(self):
        with override_settings(SECRET_KEY="of-another-site"):
            ticket = make_ticket(alice)
        self.assert_refused(ticket)

    def test_a_ticket_signed_with_a_fallback_key_is_accepted(self):
        with override_settings(SECRET_KEY="old"):
            ticket = make_ticket(alice)
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
            self.assertEqual(read_ticket(ticket), 7)

    def test_a_text_signed_for_another_purpose_is_no_ticket(self):
        self.assert_refused(signing.dumps("7", salt="password-reset"))
        self.assert_refused(signed(["7", now()], salt="password-reset"))

    def test_signed_content_other_than_a_primary_key_and_a_time_is_no_ticket(self):
        self.assertEqual(read_ticket(signed(["7", now()])), 7)
        for content in (
            *(["alice", now()], [None, now()], ["7"], ["7", "now"], ["7", None], "7", 7, {}, None),
            *([[], now()], ["7", float("nan")], ["7", float("inf")], ["7", 10**400]),
        ):
            with self.subTest(content):
                self.assert_refused(signed(content))

    def test_a_text_longer_than_any_ticket_is_refused(self):
        self.assert_refused("a" * 10_000_000)
        self.assert_refused(signed(["7" * 5000, now()]))

    @tag("slow")
    @given(st.integers(0), st.characters(exclude_categories=[]))
    def test_a_ticket_with_a_changed_character_is_refused(self, position, character):
        ticket = make_ticket(alice)
        position %= len(ticket)
        changed = ticket[:position] + character + ticket[position + 1 :]
        if changed != ticket:
            self.assert_refused(changed)

    @given(st.text(st.characters(exclude_categories=[])))
    @example("\ud800")
    def test_any_text_that_is_no_ticket_is_refused(self, text):
        self.assert_refused(text)

    def test_the_refusal_of_a_ticket_is_an_error_of_this_app(self):
        self.assertTrue(issubclass(InvalidTicket, NotificationError))


class MakeTicketTests(SimpleTestCase):
    def test_a_ticket_can_be_made_for_the_lazy_user_of_a_request(self):
        self.assertEqual(read_ticket(make_ticket(SimpleLazyObject(lambda: alice))), 7)

    def test_a_ticket_is_not_made_for_whoever_could_not_connect_with_it(self):
        for user, words in (
            (AnonymousUser(), "for a User, not for a AnonymousUser"),
            (SimpleLazyObject(AnonymousUser), "for a User, not for a AnonymousUser"),
            (None, "for a User, not for a NoneType"),
            (7, "for a User, not for a int"),
            ("alice", "for a User, not for a str"),
            (Group(pk=7), "for a User, not for a Group"),
            (User(), "has no primary key"),
            (User(pk=7, is_active=False), "user 7 is not active"),
        ):
            with self.subTest(words), self.assertRaisesRegex(InvalidRecipient, words):
                make_ticket(user)
