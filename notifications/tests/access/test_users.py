import uuid
from decimal import Decimal
from fractions import Fraction

import numpy
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.test import SimpleTestCase, TestCase
from django.test.utils import isolate_apps
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from notifications.access.users import bare_key, lineage, primary_key
from notifications.exceptions import InvalidRecipient
from notifications.send import notify

from ..sending.audiences import recipients_of
from ..users import User, make_user


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


class BareKeyTests(SimpleTestCase):
    """A primary key has one way to be written; everything else may mean somebody else."""

    def assert_refused(self, value, field=None):
        with (
            self.subTest(kind=type(value)),
            self.assertRaisesRegex(InvalidRecipient, "is not a (saved|primary key of a) user"),
        ):
            bare_key(value, field or models.BigAutoField())

    def test_a_whole_number_is_a_primary_key(self):
        for value in (7, "7", numpy.int64(7), numpy.uint8(7), mark_safe("7")):
            self.assertEqual(bare_key(value, models.AutoField()), 7)

    def test_other_ways_to_write_a_number_are_no_primary_key(self):
        for value in (
            "1_0",
            " 7 ",
            "7 ",
            "\N{ARABIC-INDIC DIGIT SEVEN}",
            "\N{FULLWIDTH DIGIT SEVEN}",
            "007",
            "+7",
            "-0",
            "7.0",
            "0x7",
            "",
            "1e1",
        ):
            self.assert_refused(value)

    def test_a_value_that_python_converts_to_a_number_is_no_primary_key(self):
        for value in (b"7", bytearray(b"7"), True, False, 7.0, Decimal(7), Fraction(7), 7j):
            self.assert_refused(value)
        for value in (numpy.bool_(True), numpy.float32(7), numpy.float64(7), numpy.array([7])):
            self.assert_refused(value)

    def test_a_container_or_an_empty_value_is_no_primary_key(self):
        for value in (None, AnonymousUser(), [7], (7,), {7}, {"id": 7}, object(), float("nan")):
            self.assert_refused(value)
        self.assert_refused(gettext_lazy("7"), models.CharField())

    def test_a_number_of_any_length_is_refused_as_a_key_in_few_words(self):
        for value in ("9" * 10_000, b"9" * 10_000):
            with self.assertRaises(InvalidRecipient) as caught:
                bare_key(value, models.BigAutoField())
            self.assertLess(len(str(caught.exception)), 300)

    def test_a_value_that_cannot_be_shown_is_refused_as_a_key_by_its_type(self):
        with self.assertRaisesRegex(InvalidRecipient, "^a Unshowable is not a"):
            bare_key(Unshowable(), models.BigAutoField())

    def test_a_uuid_is_a_primary_key_of_a_uuid_field_and_a_number_is_not(self):
        field, key = models.UUIDField(), uuid.uuid4()
        for value in (key, str(key), key.hex, str(key).upper()):
            self.assertEqual(bare_key(value, field), key)
        for value in (7, "7", key.int, f"{{{key}}}", f"urn:uuid:{key}", key.bytes):
            self.assert_refused(value, field)

    def test_only_text_is_a_primary_key_of_a_text_field(self):
        field = models.CharField(max_length=20)
        self.assertEqual(bare_key(" 7 ", field), " 7 ")
        for value in (None, AnonymousUser(), object(), b"7", [7], True, 7.5, Decimal(7)):
            self.assert_refused(value, field)


def subclasses():
    """Other classes of users: those with a table of their own, and proxies."""

    class Proxy(User):
        class Meta:
            proxy = True
            app_label = "durable_notifications"

    class Employee(User):
        class Meta:
            app_label = "durable_notifications"

    class Badge(User):
        badge = models.AutoField(primary_key=True)
        user = models.OneToOneField(User, models.CASCADE, parent_link=True, related_name="+")

        class Meta:
            app_label = "durable_notifications"

    class Manager(Badge):
        number = models.BigAutoField(primary_key=True)
        badge_link = models.OneToOneField(Badge, models.CASCADE, parent_link=True, related_name="+")

        class Meta:
            app_label = "durable_notifications"

    class Linked(User):
        link = models.OneToOneField(
            User, models.CASCADE, parent_link=True, primary_key=True, related_name="+"
        )

        class Meta:
            app_label = "durable_notifications"

    class LeadManager(Manager):
        class Meta:
            proxy = True
            app_label = "durable_notifications"

    tables = [Employee, Badge, Manager, Linked]
    return tables, [Proxy, LeadManager]


class UserSubclassTests(TestCase):
    """Each test is of real tables; their primary keys are those of other users."""

    @classmethod
    def setUpClass(cls):
        isolated = isolate_apps("notifications")
        isolated.enable()
        cls.addClassCleanup(isolated.disable)
        cls.tables, cls.proxies = subclasses()
        connection.disable_constraint_checking()
        with connection.schema_editor() as editor:
            for model in cls.tables:
                editor.create_model(model)
        connection.enable_constraint_checking()
        cls.addClassCleanup(cls.drop_tables)
        super().setUpClass()

    @classmethod
    def drop_tables(cls):
        with connection.schema_editor() as editor:
            for model in reversed(cls.tables):
                editor.delete_model(model)

    @classmethod
    def setUpTestData(cls):
        cls.strangers = [make_user(f"stranger{number}") for number in range(3)]
        for number in range(40):  # so that no key of a subclass is the user's
            make_user(f"many{number}")

    def each(self):
        """Of each class an object, and the user that it is."""
        for model in (*self.tables, *self.proxies):
            name = model.__name__.lower()
            yield model.objects.create(username=name), User.objects.get(username=name)

    def test_an_object_of_a_user_subclass_is_taken_for_the_user_it_extends(self):
        for child, user in self.each():
            self.assertEqual(primary_key(child), user.pk)
            self.assertEqual(recipients_of(notify(child, "Hi")), [user.pk])
            self.assertEqual(recipients_of(notify([child, user], "Hi")), [user.pk])

    def test_a_queryset_of_a_user_subclass_reaches_the_users_it_extends(self):
        for child, user in self.each():
            everyone = type(child).objects.filter(username=child.username)
            for users in (
                everyone,
                everyone.order_by("pk")[:5],
                everyone.distinct(),
                everyone.values("id"),
                everyone.values("pk"),
                everyone.values_list("username", flat=True),
                everyone.values("id").union(everyone.values("id")),
                everyone.union(everyone),
                everyone.union(User.objects.none()),
            ):
                self.assertEqual(recipients_of(notify(users, "Hi")), [user.pk])

    def test_a_deferred_object_of_a_user_subclass_is_the_user_it_extends(self):
        for child, user in self.each():
            deferred = type(child).objects.only("username").get(pk=child.pk)
            self.assertEqual(recipients_of(notify(deferred, "Hi")), [user.pk])

    def test_an_inactive_user_is_left_out_as_an_object_of_any_subclass(self):
        for child, user in self.each():
            User.objects.filter(pk=user.pk).update(is_active=False)
            everyone = type(child).objects.filter(username=child.username)
            self.assertEqual(recipients_of(notify(everyone, "Hi")), [])
            self.assertEqual(recipients_of(notify(child, "Hi")), [])

    def test_an_unsaved_object_of_a_user_subclass_is_refused(self):
        for model in (*self.tables, *self.proxies):
            unsaved = model(id=self.strangers[0].pk, username="unsaved")
            with self.subTest(model), self.assertRaisesRegex(InvalidRecipient, "not saved yet"):
                notify(unsaved, "Hi")

    def test_combined_keys_of_a_user_subclass_are_not_taken_for_those_of_users(self):
        badges = self.tables[1].objects.values("badge")
        with self.assertRaisesRegex(InvalidRecipient, "values without the primary key"):
            notify(badges.union(badges), "Hi")

    def test_a_proxy_of_the_user_model_stands_for_the_user_model(self):
        self.assertIs(lineage(self.proxies[0], User), User)
        self.assertIsNone(lineage(Group, User))


class HistoricalModelTests(TestCase):
    """What a migration has in its hands: other classes of the same tables."""

    @classmethod
    def setUpTestData(cls):
        cls.alice, cls.bob = make_user("alice"), make_user("bob", is_active=False)
        cls.group = Group.objects.create(name="staff")
        cls.group.user_set.add(cls.alice, cls.bob)
        apps = ProjectState.from_apps(User._meta.apps).apps
        cls.User, cls.Group = apps.get_model("auth", "User"), apps.get_model("auth", "Group")

    def test_a_user_of_a_historical_model_is_reached(self):
        alice = self.User.objects.get(username="alice")
        self.assertNotIsInstance(alice, User)
        self.assertEqual(recipients_of(notify(alice, "Hi")), [self.alice.pk])

    def test_a_queryset_of_historical_users_reaches_them(self):
        self.assertEqual(recipients_of(notify(self.User.objects.all(), "Hi")), [self.alice.pk])

    def test_a_historical_group_reaches_its_members_of_today(self):
        group = self.Group.objects.get(name="staff")
        self.assertEqual(recipients_of(notify(group, "Hi")), [self.alice.pk])

    def test_a_queryset_of_another_historical_model_is_refused(self):
        with self.assertRaisesRegex(InvalidRecipient, "QuerySet of Group; give one of users"):
            notify(self.Group.objects.all(), "Hi")


class GroupRecipientTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.alice = make_user("alice")
        cls.group = Group.objects.create(name="staff")
        cls.group.user_set.add(cls.alice)

    def test_a_lazy_group_reaches_its_members(self):
        lazy = SimpleLazyObject(lambda: self.group)
        self.assertEqual(recipients_of(notify(lazy, "Hi")), [self.alice.pk])

    def test_a_group_of_a_proxy_model_reaches_its_members(self):
        with isolate_apps("notifications"):

            class Team(Group):
                class Meta:
                    proxy = True
                    app_label = "durable_notifications"

            team = Team.objects.get(name="staff")
        self.assertEqual(recipients_of(notify(team, "Hi")), [self.alice.pk])

    def test_an_unsaved_group_is_refused_as_a_recipient(self):
        for unsaved in (Group(name="new"), Group(pk=self.group.pk, name="new")):
            with self.assertRaisesRegex(InvalidRecipient, "group new is not saved yet"):
                notify(unsaved, "Hi")

    def test_a_row_of_another_model_is_refused_as_a_recipient(self):
        permission = Permission.objects.first()
        with self.assertRaisesRegex(InvalidRecipient, "is not a saved user"):
            notify(permission, "Hi")
