from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection, connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.translation import gettext_lazy

from notifications.exceptions import InvalidRecipient
from notifications.send import notify

from ..users import User
from .audiences import USERS, UsersTestCase

NO_LISTS = (bytearray(b"\x01"), memoryview(b"\x01"), gettext_lazy("1"), lazystr("1"))
"""What gives numbers, or texts of them, to whoever iterates over it."""


class RefusedRecipientTests(UsersTestCase):
    def assert_refused(self, recipients, message):
        with (
            self.subTest(recipients),
            CaptureQueriesContext(connection) as queries,
            self.assertRaisesRegex(InvalidRecipient, message),
        ):
            notify(recipients, "Hi")
        self.assertEqual([query for query in queries if "INSERT" in query["sql"]], [])

    def test_a_value_that_is_no_recipient_is_refused(self):
        message = "is not a recipient; give a user, a list of users or primary keys, a QuerySet of"
        for recipients in (
            None,
            7,
            1.5,
            True,
            "alice",
            b"alice",
            object(),
            USERS,
            AnonymousUser(),
            *NO_LISTS,
        ):
            self.assert_refused(recipients, message)

    def test_the_lazy_user_of_a_request_without_a_session_is_refused_as_a_recipient(self):
        lazy = SimpleLazyObject(AnonymousUser)
        self.assert_refused(lazy, "AnonymousUser.* is not a recipient")
        self.assert_refused([lazy], "AnonymousUser.* is not a saved user")

    def test_a_list_of_recipients_with_one_that_is_no_user_is_refused(self):
        for bad, message in (
            (None, "None is not a saved user"),
            (True, "True is not a saved user"),
            (1.5, "1.5 is not a saved user"),
            (float("inf"), "inf is not a saved user"),
            (AnonymousUser(), "AnonymousUser.* is not a saved user"),
            (Group.objects.get(name="staff"), "Group: staff.* is not a saved user"),
            (User(username="unsaved"), "user unsaved is not saved yet"),
            ("alice", "'alice' is not a primary key of a user"),
            ([1], r"\[1\] is not a primary key of a user"),
            (object(), "object.* is not a primary key of a user"),
        ):
            self.assert_refused([self.users[0], bad], message)

    def test_an_unsaved_user_is_refused_as_a_recipient(self):
        # Also one that has its primary key already, as those by UUID do.
        for unsaved in (User(username="unsaved"), User(pk=self.users[0].pk, username="unsaved")):
            self.assert_refused(unsaved, "user unsaved is not saved yet")

    def test_a_primary_key_that_no_user_has_is_refused(self):
        for missing in (10**6, 0, -1, 2**31, 2**63, -(2**70)):
            self.assert_refused([self.users[0], missing], f"no such user: {missing}$")

    def test_the_refusal_names_only_the_first_of_many_missing_users(self):
        named = "no such user: 100000, 100001, 100002, 100003, 100004 and others"
        self.assert_refused(range(100_000, 100_050), named)

    def test_a_queryset_of_another_model_than_users_is_refused(self):
        self.assert_refused(Group.objects.all(), "QuerySet of Group; give one of users")

    @override_settings(
        DATABASE_ROUTERS=["notifications.tests.doors.test_checks.UsersElsewhereRouter"]
    )
    def test_recipients_are_refused_where_users_live_in_another_database(self):
        """Their numbers would be those of others, if there is a table of users here as well."""
        connections.settings["users"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "users")
        self.addCleanup(connections.__delitem__, "users")
        message = "users are in the database 'users', and notifications in 'default'; see the check"
        self.assert_refused([self.users[0].pk], message)
        self.assert_refused(self.users[0], message)
        self.assert_refused(USERS.using("default"), message)
