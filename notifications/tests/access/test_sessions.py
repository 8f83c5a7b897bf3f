import os
from unittest import mock

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from notifications.access.sessions import read_sessions

from ..clocks import later
from ..engines import ENGINES, STORED, session_engine, store, stored

HOSTILE = (
    *("", "short", "nul\x00 in the cookie", "ü" * 40, "\ud800" * 20, "../../../etc/passwd"),
    *("with a space in it", "line\nbreak\nbreak", "x" * 100_000, "%00" * 10, "' OR 1=1 --;#"),
)


class SessionStore(DatabaseStore):
    """An engine that keeps in the database something else than Django's own does."""

    def load(self):
        return {**super().load(), "more": True}


class ReadSessionsTests(TransactionTestCase):
    def in_each(self, engines=ENGINES):
        for name in engines:
            with self.subTest(name), session_engine(name):
                yield name

    def test_each_key_is_read_as_the_session_of_its_own(self):
        for _ in self.in_each():
            keys = [stored(number=number) for number in range(3)]
            expected = {key: {"number": number} for number, key in enumerate(keys)}
            self.assertEqual(read_sessions(keys), expected)

    def test_a_key_that_cannot_be_a_session_gives_none_and_spoils_no_other(self):
        for _ in self.in_each():
            key = stored(a=1)
            found = read_sessions([*HOSTILE, key])
            self.assertEqual(found.pop(key), {"a": 1})
            self.assertEqual(found, dict.fromkeys(HOSTILE))

    def test_a_session_that_was_signed_out_is_gone(self):
        for _ in self.in_each(STORED):
            key = stored(a=1)
            store(key).flush()
            self.assertEqual(read_sessions([key]), {key: None})

    def test_a_session_that_has_expired_is_gone(self):
        for _ in self.in_each():
            key, kept = stored(a=1), stored(b=1)
            session = store()
            session["a"] = 1
            session.set_expiry(60)
            session.save()
            with later(61):
                found = read_sessions([key, session.session_key, kept])
            self.assertEqual(found, {key: {"a": 1}, session.session_key: None, kept: {"b": 1}})

    def test_the_age_of_the_cookie_bounds_every_session(self):
        for _ in self.in_each():
            key = stored(a=1)
            with later(13 * 86_400):
                self.assertEqual(read_sessions([key]), {key: {"a": 1}})
            with later(15 * 86_400):
                self.assertEqual(read_sessions([key]), {key: None})

    def test_reading_sessions_neither_creates_nor_deletes_files(self):
        with session_engine("file"):
            session = store()
            session["a"] = 1
            session.set_expiry(60)
            session.save()
            with later(61):
                read_sessions([session.session_key, "a" * 32])
            self.assertEqual(os.listdir(session.storage_path), [f"sessionid{session.session_key}"])

    def test_many_sessions_in_the_database_are_read_with_one_query(self):
        for _ in self.in_each(("db", "cached_db")):
            keys = [stored(number=number) for number in range(50)]
            caches["default"].clear()
            with self.assertNumQueries(1):
                self.assertEqual(len(list(filter(None, read_sessions(keys).values()))), 50)

    def test_sessions_that_the_cache_holds_are_read_without_a_query(self):
        for _ in self.in_each(("cache", "cached_db")):
            keys = [stored(number=number) for number in range(50)]
            with self.assertNumQueries(0):
                self.assertEqual(len(list(filter(None, read_sessions(keys).values()))), 50)

    def test_a_session_that_was_tampered_with_is_there_but_empty(self):
        key = stored(a=1)
        Session.objects.update(session_data="forged")
        with self.assertLogs("django.security", "WARNING"):
            self.assertEqual(read_sessions([key]), {key: {}})

    @override_settings(SESSION_ENGINE=__name__)
    def test_a_session_engine_that_loads_in_its_own_way_is_asked(self):
        key = stored(a=1)
        self.assertEqual(read_sessions([key]), {key: {"a": 1, "more": True}})

    def test_a_database_that_is_down_is_not_taken_for_a_session_that_is_gone(self):
        with (
            mock.patch.object(Session.objects, "filter", side_effect=OperationalError("down")),
            self.assertRaises(OperationalError),
        ):
            read_sessions(["a" * 32])

    def test_a_cache_that_is_down_is_not_taken_for_a_session_that_is_gone(self):
        with (
            session_engine("cache"),
            mock.patch.object(LocMemCache, "get", side_effect=ConnectionError("down")),
        ):
            (found,) = read_sessions(["a" * 32]).values()
        self.assertIsInstance(found, ConnectionError)

    def test_a_cached_session_is_read_from_its_row_while_the_cache_is_down(self):
        with session_engine("cached_db"):
            key = stored(a=1)
            with mock.patch.object(LocMemCache, "get", side_effect=ConnectionError("down")):
                self.assertEqual(read_sessions([key]), {key: {"a": 1}})

    def test_a_session_that_cannot_be_unpickled_spoils_no_other(self):
        for _ in self.in_each(("cache", "cached_db")):
            bad, good = stored(a=1), stored(b=2)
            cache = caches["default"]
            name = cache.make_key(store(bad).cache_key)
            cache._cache[name] = b"cno.such.module\nnothing\n."
            found = read_sessions([bad, good])
            self.assertEqual(found[good], {"b": 2})
            # The row behind the cache decides, as in Django.
            self.assertTrue(found[bad] == {"a": 1} or isinstance(found[bad], ImportError))

    def test_without_the_sessions_app_no_key_has_a_session(self):
        missing = RuntimeError("Model class Session doesn't declare an explicit app_label")
        with mock.patch.object(DatabaseStore, "get_model_class", side_effect=missing):
            self.assertEqual(read_sessions(["a" * 32]), {"a" * 32: None})
