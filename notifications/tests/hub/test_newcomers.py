"""Whatever one newcomer shows, the others of the batch get the answers of their own."""

import asyncio
import logging
import random
from contextlib import suppress
from unittest import mock

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.core.cache.backends.locmem import LocMemCache
from django.db import DatabaseError, connection
from django.test import TransactionTestCase, override_settings, tag
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.access.authentication import Admission, Credentials, authenticate
from notifications.hub import get_hub
from notifications.tickets import make_ticket

from ..clients import MemoryClient
from ..engines import cookie, session_engine, sign_in, store
from ..hubs import HubTestCase, User, quick
from ..users import make_user

OWN_PAGE = (b"origin", b"http://testserver")
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
MISSING = "no.such.module.Backend"


class NeverRightBackend(ModelBackend):
    def get_user(self, user_id):
        raise KeyError(user_id)


class UnwellBackend(ModelBackend):
    """A directory that does not answer."""

    def get_user(self, user_id):
        raise ConnectionError("nobody answers")


class Raising:
    """A user of some middleware; whatever it is asked for, it raises."""

    def __init__(self, error, **given):
        self.__dict__.update(given)
        self.error = error

    def __getattr__(self, name):
        raise self.error


class Named:
    """A user of some middleware that is no model."""

    is_authenticated = True

    def __init__(self, pk):
        self.pk = pk


HOSTILE_COOKIES = (
    *(b"", b"a", b"a" * 32, b"a" * 60_000, b"../../../../etc/passwd", b"\xff\xfe" * 16),
    *(b'"' + b"\\000" * 32 + b'"', b"\x00" * 32, b"a\x00" * 20, b"%00" * 20, b"a b c d e f g"),
    *(b"a:b:c:d:e", b".eJx:1:1", b"a" * 129, b"=" * 40, b"\x7f" * 40),
)
HOSTILE_QUERIES = (
    *("ticket=x", "ticket=" + "x" * 60_000, "ticket=%00", "ticket=%ff%fe", "ticket=a.b&ticket=c.d"),
    *("ticket=.", "ticket=..", "ticket=%ed%a0%80", "ticket=a:b:c"),
)
HOSTILE_SUBPROTOCOLS = (
    "ticket.x",
    "ticket.\ud800",
    "ticket.\x00",
    "ticket.ü",
    "ticket." + "x" * 9999,
)
HOSTILE_HEADERS = (b"Bearer x", b"Bearer \x00", b"Bearer \xff", b"Bearer " + b"x" * 60_000)
HOSTILE_USERS = (
    *(Raising(ValueError("no")), Raising(LookupError("no"), is_authenticated=True)),
    *(Named(None), Named([]), Named({}), Named(10**30), Named(-(10**30)), Named("\x00")),
    *(
        Named("\ud800"),
        Named(float("nan")),
        Named(float("inf")),
        Named(object()),
        Named("9" * 5000),
    ),
    *(User(), User(pk=2**63), User(pk=-1), Named(10**400), "a text", 7),
)
HOSTILE_SESSIONS = (
    {SESSION_KEY: "9" * 30},
    {SESSION_KEY: "9" * 5000},
    {SESSION_KEY: "\x00"},
    {SESSION_KEY: []},
    {SESSION_KEY: None},
    {BACKEND_SESSION_KEY: "not.in.the.settings"},
    {BACKEND_SESSION_KEY: []},
    {BACKEND_SESSION_KEY: MISSING},
    {BACKEND_SESSION_KEY: f"{__name__}.NeverRightBackend"},
    {HASH_SESSION_KEY: ""},
    {HASH_SESSION_KEY: None},
    {HASH_SESSION_KEY: 7},
    {HASH_SESSION_KEY: "\ud800"},
    {HASH_SESSION_KEY: "forged"},
)


class NewcomersTests:
    """Through real consumers; for each session engine."""

    engine = ""

    def setUp(self):
        super().setUp()
        self.enterContext(session_engine(self.engine))
        backends = [MODEL_BACKEND, MISSING]
        backends += [f"{__name__}.{name}" for name in ("NeverRightBackend", "UnwellBackend")]
        self.enterContext(override_settings(AUTHENTICATION_BACKENDS=backends))
        # Django and we log what strangers tamper with.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def good(self):
        yield {"user": self.ada}
        yield {"subprotocols": [f"ticket.{make_ticket(self.bob)}"]}
        yield {"headers": [(b"authorization", f"Bearer {make_ticket(self.ada)}".encode())]}
        yield {"headers": [OWN_PAGE], "scope": {"user": self.bob}}
        for user in (self.ada, self.bob):
            yield self.by_cookie(cookie(sign_in(user, backend=MODEL_BACKEND)).encode())

    def hostile(self):
        yield from map(self.by_cookie, HOSTILE_COOKIES)
        yield from ({"query": query} for query in HOSTILE_QUERIES)
        yield from ({"subprotocols": [name]} for name in HOSTILE_SUBPROTOCOLS)
        yield from ({"headers": [(b"authorization", value)]} for value in HOSTILE_HEADERS)
        yield from ({"headers": [OWN_PAGE], "scope": {"user": user}} for user in HOSTILE_USERS)
        yield from (self.by_session(**changed) for changed in HOSTILE_SESSIONS)

    def by_cookie(self, value):
        name = settings.SESSION_COOKIE_NAME.encode()
        return {"headers": [(b"cookie", name + b"=" + value), OWN_PAGE]}

    def by_session(self, **changed):
        session = sign_in(self.ada, backend=MODEL_BACKEND).session
        if self.engine == "signed_cookies":
            session = store()
            session.update(dict(sign_in(self.ada, backend=MODEL_BACKEND).session.items()))
        session.update(changed)
        session.save()
        return self.by_cookie(session.session_key.encode())

    async def answers(self, shown):
        clients = [MemoryClient(**one) for one in shown]
        await asyncio.gather(*(client.connect() for client in clients))
        given = [client.close_code or client.frames[0]["type"] for client in clients]
        await asyncio.gather(*(client.disconnect() for client in clients))
        return given

    @tag("slow")
    async def test_hostile_newcomers_are_refused_and_all_the_others_are_greeted(self):
        good = await sync_to_async(lambda: list(self.good()))()
        hostile = await sync_to_async(lambda: list(self.hostile()))()
        expected = [(one, "hello") for one in good * 3] + [(one, 4401) for one in hostile]
        for seed in range(3):
            random.Random(seed).shuffle(expected)
            given = await self.answers([one for one, _ in expected])
            for (one, right), answer in zip(expected, given, strict=True):
                self.assertEqual(answer, right, one)

    async def test_only_newcomers_whose_authentication_fails_are_told_to_come_again(self):
        unwell = f"{__name__}.UnwellBackend"
        good = await sync_to_async(lambda: list(self.good()))()
        one = await sync_to_async(lambda: self.by_session(**{BACKEND_SESSION_KEY: unwell}))()
        other = {"headers": [OWN_PAGE], "scope": {"user": Raising(OSError("unwell"))}}
        given = await self.answers([one, *good, other])
        self.assertEqual(given, [4503, *["hello"] * len(good), 4503])


@quick()
class DatabaseSessionTests(NewcomersTests, HubTestCase):
    engine = "db"


@tag("slow")
@quick()
class CachedDatabaseSessionTests(NewcomersTests, HubTestCase):
    engine = "cached_db"


@tag("slow")
@quick()
class CacheSessionTests(NewcomersTests, HubTestCase):
    engine = "cache"

    async def test_newcomers_with_tickets_are_greeted_while_the_cache_of_sessions_is_down(self):
        good = await sync_to_async(lambda: list(self.good()))()
        with mock.patch.object(LocMemCache, "get", side_effect=ConnectionError("down")):
            given = await self.answers(good)
        self.assertEqual(given, ["hello"] * 4 + [4503] * 2)


@tag("slow")
@quick()
class FileSessionTests(NewcomersTests, HubTestCase):
    engine = "file"


@tag("slow")
@quick()
class CookieSessionTests(NewcomersTests, HubTestCase):
    engine = "signed_cookies"


class LostBackend(ModelBackend):
    """Asks with a connection whose server is gone until somebody opens another."""

    def get_user(self, user_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return super().get_user(user_id)


@quick()
@override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.LostBackend"])
class LostBackendConnectionTests(HubTestCase):
    async def test_an_authentication_backend_that_lost_its_connection_is_asked_again(self):
        with session_engine("cache"):
            key = await sync_to_async(lambda: cookie(sign_in(self.ada)))()
            headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode()), OWN_PAGE]
            async with self.connected(self.bob):
                await get_hub()._worker.run(self.lose_connection)
                async with self.connected(headers=headers) as client:
                    self.assertEqual(client.frames[0]["type"], "hello")

    @staticmethod
    def lose_connection():
        if connection.vendor == "sqlite":
            return  # nobody else can end a connection
        with connection.cursor() as cursor, suppress(DatabaseError):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


anything = st.text(st.characters(exclude_categories=[]), max_size=50)
credentials = st.builds(
    Credentials,
    ticket=st.just("") | anything,
    user=st.none() | st.builds(Named, st.integers() | st.floats() | anything),
    session_key=anything,
    bearer=anything,
)


class AuthenticateTests(TransactionTestCase):
    @tag("slow")
    def test_a_good_ticket_is_let_in_whatever_other_newcomers_show(self):
        ada = make_user("ada")

        # One user for all examples, which write nothing.
        @hypothesis_settings(deadline=None)
        @given(st.lists(credentials, max_size=8), st.integers(0, 8))
        def check(newcomers, position):
            newcomers.insert(position, Credentials(ticket=make_ticket(ada)))
            self.assertIn(Admission(ada.pk), authenticate(newcomers)[: position + 1])

        check()
