from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import SimpleTestCase, TestCase, override_settings

from notifications.access.authentication import (
    Credentials,
    active_among,
    authenticate,
    credentials_in,
    ticket_in,
)
from notifications.access.tickets import make_ticket, read_ticket
from notifications.exceptions import InvalidTicket

from ..users import User, make_user, make_users


def scope(*, query="", subprotocols=(), cookies=(), authorization=None, **rest):
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode("latin-1")))
    return {
        "query_string": query.encode(),
        "subprotocols": list(subprotocols),
        "headers": headers,
        **rest,
    }


class TicketInTests(SimpleTestCase):
    def test_a_ticket_is_found_in_the_url(self):
        self.assertEqual(ticket_in(scope(query="ack=auto&ticket=a%3Ab")), "a:b")

    def test_a_ticket_is_found_among_the_subprotocols(self):
        self.assertEqual(ticket_in(scope(subprotocols=["notifications.v1", "ticket.a:b"])), "a:b")

    def test_a_ticket_in_the_url_counts_before_one_among_the_subprotocols(self):
        self.assertEqual(ticket_in(scope(query="ticket=a", subprotocols=["ticket.b"])), "a")

    def test_a_ticket_is_found_in_a_bearer_header(self):
        for header in ("Bearer a.b", "bearer a.b", "BEARER  a.b "):
            self.assertEqual(ticket_in(scope(authorization=header)), "a.b")

    def test_an_authorization_header_of_another_kind_holds_no_ticket(self):
        for header in ("Basic a.b", "Bearer", "Bearer ", "a.b", "", "Digest x, Bearer y"):
            self.assertEqual(ticket_in(scope(authorization=header)), "")

    def test_different_tickets_in_one_request_are_refused(self):
        for asked in (
            scope(query="ticket=a.b&ticket=c.d"),
            scope(subprotocols=["ticket.a.b", "ticket.c.d"]),
        ):
            with self.assertRaises(InvalidTicket):
                read_ticket(ticket_in(asked))
        self.assertEqual(ticket_in(scope(query="ticket=a.b&ticket=a.b")), "a.b")

    def test_a_request_without_a_ticket_gives_an_empty_text(self):
        for asked in (
            scope(),
            scope(query="ticket="),
            scope(query="&&=;ticket"),
            scope(subprotocols=["notifications.v1", "ticket"]),
            {"headers": []},
            {"headers": [], "subprotocols": None},
        ):
            self.assertEqual(ticket_in(asked), "")

    def test_bytes_that_are_no_text_do_not_hide_a_ticket_in_the_url(self):
        self.assertEqual(ticket_in({"query_string": b"\xff=\xfe&ticket=x"}), "x")


class CredentialsTests(SimpleTestCase):
    def session_in(self, *cookies):
        return credentials_in(scope(cookies=cookies)).session_key

    def test_a_ticket_counts_before_a_user_and_a_session(self):
        shown = credentials_in(scope(query="ticket=x", user=User(pk=7), cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials(ticket="x"))

    def test_without_a_ticket_the_user_of_a_middleware_is_shown_beside_the_session(self):
        user = User(pk=7)
        shown = credentials_in(scope(user=user, cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials(user=user, session_key="abc"))

    def test_without_a_ticket_and_a_user_the_session_is_shown(self):
        self.assertEqual(
            credentials_in(scope(cookies=["sessionid=abc"])), Credentials("", None, "abc")
        )

    def test_a_bearer_header_beside_a_session_is_kept_apart_as_it_may_be_of_a_proxy(self):
        shown = credentials_in(scope(cookies=["sessionid=abc"], authorization="Bearer x"))
        self.assertEqual(shown, Credentials("", None, "abc", "x"))

    def test_a_page_says_in_the_url_whose_it_is(self):
        shown = credentials_in(scope(query="user=7", cookies=["sessionid=abc"]))
        self.assertEqual(shown, Credentials(session_key="abc", of="7"))

    def test_a_request_without_ticket_user_and_session_shows_no_credentials(self):
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
    def test_the_name_of_the_session_cookie_is_a_setting(self):
        self.assertEqual(self.session_in("login=abc; sessionid=x"), "abc")


def pks_of(answers):
    return [answer and answer.pk for answer in answers]


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
        return pks_of(authenticate([Credentials(**shown)]))[0]

    def test_a_ticket_authenticates_its_user(self):
        self.assertEqual(self.who(ticket=make_ticket(self.alice)), self.alice.pk)

    def test_a_page_lets_in_nobody_but_the_user_whose_it_is(self):
        session, pk = self.session_of(self.alice), str(self.alice.pk)
        for shown in (
            {"session_key": session},
            {"user": self.alice},
            {"ticket": make_ticket(self.alice)},
        ):
            self.assertEqual(self.who(**shown, of=pk), self.alice.pk)
            for other in (str(self.bob.pk), f"{pk} {pk}", f"0{pk}", "ada"):
                self.assertIsNone(self.who(**shown, of=other))

    def test_the_user_of_a_middleware_is_authenticated(self):
        self.assertEqual(self.who(user=self.alice), self.alice.pk)

    def test_a_session_authenticates_its_user(self):
        self.assertEqual(self.who(session_key=self.session_of(self.alice)), self.alice.pk)

    @override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
    def test_a_session_in_a_signed_cookie_authenticates_its_user(self):
        self.client.force_login(self.alice)
        cookie = self.client.cookies[settings.SESSION_COOKIE_NAME]
        self.assertEqual(self.who(session_key=cookie.value), self.alice.pk)

    def test_credentials_that_are_not_valid_authenticate_nobody(self):
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

    def test_a_bad_ticket_authenticates_nobody_in_spite_of_a_session(self):
        session_key = self.session_of(self.alice)
        self.assertIsNone(self.who(ticket="forged", session_key=session_key))

    def test_an_inactive_user_is_not_authenticated(self):
        for shown in (
            {"ticket": make_ticket(User(pk=self.gone.pk))},
            {"user": self.gone},
            {"session_key": self.session_of(self.gone)},
        ):
            with self.subTest(shown):
                self.assertIsNone(self.who(**shown))

    def test_a_deleted_user_is_not_authenticated(self):
        ticket, session_key = make_ticket(self.alice), self.session_of(self.alice)
        User.objects.filter(pk=self.alice.pk).delete()
        self.assertIsNone(self.who(ticket=ticket))
        self.assertIsNone(self.who(session_key=session_key))

    def test_a_session_from_before_a_change_of_password_authenticates_nobody(self):
        session_key = self.session_of(self.alice)
        self.alice.set_password("another")
        self.alice.save()
        self.assertIsNone(self.who(session_key=session_key))

    def test_a_session_that_was_signed_out_authenticates_nobody(self):
        session_key = self.session_of(self.alice)
        self.client.logout()
        self.assertIsNone(self.who(session_key=session_key))

    def test_a_session_signed_with_a_fallback_key_authenticates_and_keeps_its_key(self):
        with override_settings(SECRET_KEY="old"):
            session_key = self.session_of(self.alice)
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
            self.assertEqual(self.who(session_key=session_key), self.alice.pk)
        self.assertTrue(Session.objects.filter(session_key=session_key).exists())

    def test_each_of_many_newcomers_gets_an_answer_of_its_own(self):
        newcomers = [
            Credentials(ticket=make_ticket(self.bob)),
            Credentials(),
            Credentials(user=self.gone),
            Credentials(session_key=self.session_of(self.alice)),
            Credentials(ticket=make_ticket(self.bob)),
        ]
        pks = [self.bob.pk, None, None, self.alice.pk, self.bob.pk]
        self.assertEqual(pks_of(authenticate(newcomers)), pks)
        self.assertEqual(authenticate([]), [])

    def test_many_tickets_are_authenticated_with_one_query(self):
        users = list(make_users(50))
        with self.assertNumQueries(1):
            found = authenticate([Credentials(ticket=make_ticket(user)) for user in users])
        self.assertEqual(pks_of(found), [user.pk for user in users])

    def test_newcomers_without_a_valid_credential_cost_no_query(self):
        with self.assertNumQueries(0):
            self.assertEqual(authenticate([Credentials(), Credentials(ticket="x")]), [None, None])


class ActiveAmongTests(TestCase):
    def test_active_users_among_keys_leave_out_the_inactive_and_the_missing(self):
        alice, gone = make_user("alice"), make_user("gone", is_active=False)
        self.assertEqual(active_among({alice.pk, gone.pk, 10**6}), {alice.pk})

    def test_active_users_among_keys_take_one_query_and_none_without_keys(self):
        pks = set(make_users(1000).values_list("pk", flat=True))
        with self.assertNumQueries(1):
            self.assertEqual(active_among(pks), pks)
        with self.assertNumQueries(0):
            self.assertEqual(active_among(set()), set())
