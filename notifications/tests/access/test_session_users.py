"""Whom sessions name, asked for together, beside what Django's `get_user` says of each alone."""

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
    get_user_model,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.access.session_users import SignedIn, signed_in

OLD_KEYS = ["the key before", "the key before that"]


class Picky(ModelBackend):
    """Finds users in a way of its own."""

    def get_user(self, user_id):
        user = super().get_user(user_id)
        return None if user is None or user.username == "bob" else user


class Trusting(ModelBackend):
    """Finds users as Django does, and lets in whomever it finds."""

    def user_can_authenticate(self, user):
        return True


class NobodyWithB(ModelBackend):
    def user_can_authenticate(self, user):
        return super().user_can_authenticate(user) and not user.username.startswith("b")


class NotOfDjango:
    """Knows two users, of a class of its own without a hash."""

    def get_user(self, user_id):
        return {1: Stranger(1), 2: Stranger(2)}.get(user_id)


class Stranger:
    is_authenticated = True

    def __init__(self, pk):
        self.pk = pk


OWN = f"{__name__}.{{}}".format
TOGETHER = [
    "django.contrib.auth.backends.ModelBackend",
    "django.contrib.auth.backends.AllowAllUsersModelBackend",
    "django.contrib.auth.backends.RemoteUserBackend",
    OWN("Trusting"),
    OWN("NobodyWithB"),
]
EACH = [OWN("Picky"), OWN("NotOfDjango")]
KNOWN = [*TOGETHER, *EACH]
UNKNOWN = ["django.contrib.auth.backends.BaseBackend", "no.such.Backend", "", None, 7]

ABSENT = object()


def sessions(backends):
    """What sessions may hold, as choices that `Case.data` makes entries of."""
    users = st.sampled_from(["ada", "bob", "ina", "gone", "no key", 1, 2, ABSENT])
    hashes = st.sampled_from(["now", *OLD_KEYS, "unknown key", "another's", "", None, ABSENT])
    whole = st.tuples(users, st.sampled_from(backends), hashes)
    return st.one_of(st.none(), st.just({}), whole)


@override_settings(AUTHENTICATION_BACKENDS=KNOWN, SECRET_KEY_FALLBACKS=OLD_KEYS)
class SignedInTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        make = get_user_model().objects.create_user
        cls.users = {name: make(name, password=name) for name in ("ada", "bob", "ina")}
        cls.users["ina"].is_active = False
        cls.users["ina"].save()

    def data(self, choice):
        if not choice:
            return choice
        name, backend, secret = choice
        user = self.users.get(name, self.users["ada"])
        pk = {"gone": 10**6, "no key": "x"}.get(name, user.pk if name in self.users else name)
        entries = {
            SESSION_KEY: pk if pk is ABSENT or isinstance(name, int) else str(pk),
            BACKEND_SESSION_KEY: backend,
            HASH_SESSION_KEY: self.hash(user, secret),
        }
        return {key: value for key, value in entries.items() if value is not ABSENT}

    def hash(self, user, secret):
        if secret == "now":
            return user.get_session_auth_hash()
        if secret == "another's":
            return next(u for u in self.users.values() if u != user).get_session_auth_hash()
        if secret in ("", None, ABSENT):
            return secret
        return user._get_session_auth_hash(secret=secret)

    def alone(self, data):
        """What Django says of one session: the user's key, nothing, or what it raises."""
        request = HttpRequest()
        request.session = SessionStore()
        request.session._session_cache = dict(data or {})
        try:
            user = get_user(request)
        except ValidationError as error:
            return type(error)
        return user.pk if user.is_authenticated else None

    def together(self, found):
        if isinstance(found, SignedIn):
            return found.pk
        return None if found is None else type(found)

    @given(st.lists(sessions(KNOWN + UNKNOWN), max_size=12))
    def test_many_sessions_name_the_users_that_get_user_names_one_by_one(self, choices):
        batch = {f"session-{n}": self.data(choice) for n, choice in enumerate(choices)}
        found = signed_in(batch)
        self.assertEqual(
            {key: self.together(of_one) for key, of_one in found.items()},
            {key: self.alone(data) for key, data in batch.items()},
        )

    @given(st.lists(sessions(TOGETHER + UNKNOWN), max_size=12))
    def test_a_batch_of_sessions_of_backends_like_django_s_is_one_query(self, choices):
        batch = {f"session-{n}": self.data(choice) for n, choice in enumerate(choices)}
        with CaptureQueriesContext(
            connection,
        ) as queries:
            signed_in(batch)
        self.assertLessEqual(len(queries), 1)
