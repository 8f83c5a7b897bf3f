from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import SimpleTestCase, TestCase, override_settings

from notifications.authentication import (
    Credentials,
    active_among,
    authenticate,
    credentials_in,
    ticket_in,
)
from notifications.tickets import make_ticket

from .users import User, make_user, make_users


def scope(*, query="", subprotocols=(), cookies=(), **rest):
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    return {
        "query_string": query.encode(),
        "subprotocols": list(subprotocols),
        "headers": headers,
        **rest,
    }


class TicketInTests(SimpleTestCase):
    def test_it_is_in_the_url(self):
        self.assertEqual(ticket_in(scope(query="ack=auto&ticket=a%3Ab")), "a:b")

    def test_or_among_the_subprotocols(self):
        self.assertEqual(ticket_in(scope(subprotocols=["notifications.v1", "ticket.a:b"])), "a:b")

    def test_the_one_in_the_url_counts_first(self):
        self.assertEqual(ticket_in(scope(query="ticket=a", subprotocols=["ticket.b"])), "a")

    def test_there_may_be_none(self):
        for asked in (
            scope(),
            scope(query="ticket="),
            scope(query="&&=;ticket"),
            scope(subprotocols=["notifications.v1", "ticket"]),
            {"headers": []},
            {"headers": [], "subprotocols": None},
        ):
            self.assertEqual(ticket_in(asked), "")

    def test_bytes_that_are_no_text_are_no_error(self):
        self.assertEqual(ticket_in({"query_string": b"\xff=\xfe&ticket=x"}), "x")


class CredentialsTests(SimpleTestCase):
    def session_in(self, *cookies):
        return credentials_in(scope(cookies=cookies)).session_key

    def test_a_ticket_counts_first(self):
        shown = credentials_in(scope(query="ticket=x", user=User(pk=7), cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials(ticket="x"))

    def test_then_the_user_whom_a_middleware_has_found(self):
        user = User(pk=7)
        shown = credentials_in(scope(user=user, cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials(user=user, session_key="abc"))

    def test_then_the_session(self):
        self.assertEqual(
            credentials_in(scope(cookies=["sessionid=abc"])), Credentials("", None, "abc")
        )
        shown = credentials_in(scope(user=AnonymousUser(), cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials("", None, "abc"))

    def test_somebody_may_show_nothing(self):
        self.assertEqual(credentials_in(scope()), Credentials())
        self.assertEqual(credentials_in(scope(cookies=["csrftoken=abc"])), Credentials())

    def test_the_session_is_found_among_other_cookies(self):
        self.assertEqual(self.session_in("a=1; sessionid=abc; b=2"), "abc")
        self.assertEqual(self.session_in("a=1", "sessionid=abc", "b=2"), "abc")
        self.assertEqual(self.session_in('quoted="x y"; sessionid=abc'), "abc")

    def test_a_strange_cookie_does_not_hide_the_session(self):
        for strange in (
            "a[b]=1",
            "a b=1",
            "=1",
            "naked",
            'a={"b": 1}',
            "ü=ü",
            "expires=never",
            ";",
        ):
            with self.subTest(strange):
                self.assertEqual(self.session_in(f"{strange}; sessionid=abc"), "abc")

    @override_settings(SESSION_COOKIE_NAME="login")
    def test_its_name_is_a_setting(self):
        self.assertEqual(self.session_in("login=abc; sessionid=x"), "abc")


class AuthenticateTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")
        cls.bob = make_user("bob")
        cls.gone = make_user("gone", is_active=False)

    def session_of(self, user):
        self.client.force_login(user)
        return self.client.session.session_key

    def who(self, **shown):
        return authenticate([Credentials(**shown)])[0]

    def test_by_ticket(self):
        self.assertEqual(self.who(ticket=make_ticket(self.alice)), self.alice.pk)

    def test_by_the_user_of_a_middleware(self):
        self.assertEqual(self.who(user=self.alice), self.alice.pk)

    def test_by_session(self):
        self.assertEqual(self.who(session_key=self.session_of(self.alice)), self.alice.pk)

    @override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
    def test_by_session_in_a_signed_cookie(self):
        self.client.force_login(self.alice)
        cookie = self.client.cookies[settings.SESSION_COOKIE_NAME]
        self.assertEqual(self.who(session_key=cookie.value), self.alice.pk)

    def test_nobody_for_what_is_not_valid(self):
        for shown in (
            {},
            {"ticket": "forged"},
            {"session_key": "unknown"},
            {"session_key": "\x00ü"},
            {"session_key": self.session_of(self.alice)[:-1]},
            {"user": User(pk=10**6)},
        ):
            with self.subTest(shown):
                self.assertIsNone(self.who(**shown))

    def test_nobody_for_a_bad_ticket_in_spite_of_a_session(self):
        session_key = self.session_of(self.alice)
        self.assertIsNone(self.who(ticket="forged", session_key=session_key))

    def test_nobody_for_one_who_is_inactive(self):
        for shown in (
            {"ticket": make_ticket(self.gone)},
            {"user": self.gone},
            {"session_key": self.session_of(self.gone)},
        ):
            with self.subTest(shown):
                self.assertIsNone(self.who(**shown))

    def test_nobody_for_one_who_is_deleted(self):
        ticket, session_key = make_ticket(self.alice), self.session_of(self.alice)
        User.objects.filter(pk=self.alice.pk).delete()
        self.assertIsNone(self.who(ticket=ticket))
        self.assertIsNone(self.who(session_key=session_key))

    def test_nobody_after_the_password_was_changed(self):
        session_key = self.session_of(self.alice)
        self.alice.set_password("another")
        self.alice.save()
        self.assertIsNone(self.who(session_key=session_key))

    def test_nobody_after_signing_out(self):
        session_key = self.session_of(self.alice)
        self.client.logout()
        self.assertIsNone(self.who(session_key=session_key))

    def test_a_session_signed_before_the_key_was_changed_keeps_its_name(self):
        with override_settings(SECRET_KEY="old"):
            session_key = self.session_of(self.alice)
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
            self.assertEqual(self.who(session_key=session_key), self.alice.pk)
        self.assertTrue(Session.objects.filter(session_key=session_key).exists())

    def test_each_of_many_gets_the_own_answer(self):
        newcomers = [
            Credentials(ticket=make_ticket(self.bob)),
            Credentials(),
            Credentials(user=self.gone),
            Credentials(session_key=self.session_of(self.alice)),
            Credentials(ticket=make_ticket(self.bob)),
        ]
        pks = [self.bob.pk, None, None, self.alice.pk, self.bob.pk]
        self.assertEqual(authenticate(newcomers), pks)
        self.assertEqual(authenticate([]), [])

    def test_many_tickets_are_one_query(self):
        users = list(make_users(50))
        with self.assertNumQueries(1):
            pks = authenticate([Credentials(ticket=make_ticket(user)) for user in users])
        self.assertEqual(pks, [user.pk for user in users])

    def test_nobody_at_all_is_no_query(self):
        with self.assertNumQueries(0):
            self.assertEqual(authenticate([Credentials(), Credentials(ticket="x")]), [None, None])


class ActiveAmongTests(TestCase):
    def test_it_leaves_out_who_is_inactive_or_missing(self):
        alice, gone = make_user("alice"), make_user("gone", is_active=False)
        self.assertEqual(active_among({alice.pk, gone.pk, 10**6}), {alice.pk})

    def test_it_is_one_query_and_none_for_nobody(self):
        pks = set(make_users(1000).values_list("pk", flat=True))
        with self.assertNumQueries(1):
            self.assertEqual(active_among(pks), pks)
        with self.assertNumQueries(0):
            self.assertEqual(active_among(set()), set())
