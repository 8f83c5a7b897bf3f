from django.contrib.auth.models import Group
from django.db import connections
from django.test import override_settings

from notifications.exceptions import InvalidRecipient
from notifications.models import Delivery
from notifications.send import notify

from .audiences import USERS, UsersTestCase


class OtherDatabaseTests(UsersTestCase):
    """Users who were read from another database may be others."""

    def setUp(self):
        connections.settings["archive"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "archive")
        self.addCleanup(connections.__delitem__, "archive")

    def recipients(self):
        """All forms of one user and of a group of users, read from the archive."""
        user, group = USERS.get(username="user1"), Group.objects.get(name="staff")
        group.user_set.set([user])
        user._state.db = group._state.db = "archive"
        queryset = USERS.filter(pk=user.pk)
        return (
            user,
            [user],
            group,
            queryset.using("archive"),
            queryset.values("pk").using("archive"),
        )

    def test_users_read_from_another_database_are_refused(self):
        for recipients in self.recipients():
            with self.assertRaisesRegex(InvalidRecipient, "are from the database 'archive', and"):
                notify(recipients, "Hi")

    @override_settings(DATABASE_ROUTERS=[f"{__name__}.RelatedRouter"])
    def test_users_read_from_a_copy_are_reached_where_a_router_allows_the_relation(self):
        for recipients in self.recipients():
            self.assert_reached([self.users[1]], notify(recipients, "Hi"))

    @override_settings(DATABASE_ROUTERS=[f"{__name__}.ReplicaRouter"])
    def test_users_read_from_the_replica_that_a_router_reads_are_reached(self):
        user, group = self.users[1], Group(pk=Group.objects.using("default").get(name="press").pk)
        user._state.db = group._state.db = "archive"
        group._state.adding = False
        self.assert_reached([user], notify(user, "Hi"))
        self.assert_reached([user], notify([user], "Hi"))
        notify(group, "Hi")

    def assert_reached(self, users, notification):
        found = Delivery.objects.using("default").filter(notification=notification.pk)
        self.assertEqual(
            sorted(found.values_list("recipient_id", flat=True)), [user.pk for user in users]
        )


class RelatedRouter:
    def allow_relation(self, obj1, obj2, **hints):
        return True


class ReplicaRouter:
    def db_for_read(self, model, **hints):
        return "archive"

    def db_for_write(self, model, **hints):
        return "default"
