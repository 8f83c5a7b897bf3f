from datetime import timedelta
from importlib import import_module

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.test import TestCase, override_settings
from django.utils import timezone

from notifications.sessions import load_sessions


class SessionStore(DatabaseStore):
    """An engine that keeps in the database something else than Django's own does."""

    def load(self):
        return {**super().load(), "more": True}


def stored(**data):
    session = DatabaseStore()
    session.update(data)
    session.create()
    return session.session_key


class LoadSessionsTests(TestCase):
    def loaded(self, *keys):
        return {key: dict(session.items()) for key, session in load_sessions(keys).items()}

    def test_each_key_gets_the_session_of_its_own(self):
        keys = [stored(number=number) for number in range(3)]
        expected = {key: {"number": number} for number, key in enumerate(keys)}
        self.assertEqual(self.loaded(*keys), expected)

    def test_many_are_one_query(self):
        keys = [stored(number=number) for number in range(50)]
        with self.assertNumQueries(1):
            self.assertEqual(len(self.loaded(*keys)), 50)

    def test_what_does_not_exist_is_empty(self):
        for key in ("unknown-session", "short", "nul\x00 in the cookie", "ü" * 40):
            with self.subTest(key):
                self.assertEqual(self.loaded(key), {key: {}})

    def test_what_has_expired_is_empty(self):
        key = stored(a=1)
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        self.assertEqual(self.loaded(key), {key: {}})

    def test_a_strange_key_hurts_no_other(self):
        key = stored(a=1)
        self.assertEqual(self.loaded("nul\x00 in the cookie", key)[key], {"a": 1})

    def test_what_was_tampered_with_is_empty(self):
        key = stored(a=1)
        Session.objects.update(session_data="forged")
        with self.assertLogs("django.security", "WARNING"):
            self.assertEqual(self.loaded(key), {key: {}})

    def test_other_engines_are_asked_for_each(self):
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cached_db"):
            session = import_module("django.contrib.sessions.backends.cached_db").SessionStore()
            session["a"] = 1
            session.create()
            self.assertEqual(self.loaded(session.session_key), {session.session_key: {"a": 1}})

    @override_settings(SESSION_ENGINE=__name__)
    def test_an_engine_of_the_project_that_loads_in_its_own_way_is_asked(self):
        key = stored(a=1)
        self.assertEqual(self.loaded(key), {key: {"a": 1, "more": True}})
