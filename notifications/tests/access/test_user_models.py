"""User models that are not Django's: each site has one of its own, so each is a process."""

import tempfile

from django.test import TransactionTestCase, tag

from ..project import Project

HEAD = """
import uuid
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models

class Users(BaseUserManager):
    def create(self, name, **fields):
        return super().create(name=name, **fields)
"""


@tag("slow")
class UserModelTests(TransactionTestCase):
    def run_site(self, models, script, *, more_settings="", aliases=("default",)):
        with (
            tempfile.TemporaryDirectory() as folder,
            Project(folder, HEAD + models, more_settings, aliases) as project,
        ):
            return project.run(script)

    def test_users_with_uuids_as_keys_are_reached_by_every_form_of_recipients(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
a, b = User.objects.create("a"), User.objects.create("b")
User.objects.create("gone", is_active=False)
everybody = User.objects.values("id")
for recipients in (
    a, [a.pk, str(b.pk), b.pk.hex], User.objects.all(), User.objects.order_by("-name")[:2],
    everybody.union(everybody), everybody.difference(User.objects.filter(name="a").values("id")),
):
    tell(reached(recipients))
for nobody in (User(name="unsaved"), [7], ["7"], [a.pk.int], [b"x" * 16], [User().pk]):
    tell(refused(nobody))
tell(problems())
""",
        )
        self.assertEqual(answers[:6], [["a"], ["a", "b"], ["a", "b"], ["b"], ["a", "b"], ["b"]])
        for answer, words in zip(
            answers[6:12],
            ["is not saved yet", *["is not a primary key"] * 4, "no such user"],
            strict=True,
        ):
            self.assertIn(words, answer)
        self.assertEqual(answers[12], {})

    def test_users_with_names_as_keys_are_told_apart(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=5, primary_key=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
for name in ("alice", "Alice", "7", " 7 ", "1_0"):
    User.objects.create(name)
for recipients in (["alice"], ["Alice", " 7 "], ["1_0"], User.objects.filter(name="7")):
    tell(reached(recipients))
for nobody in (["alice2"], ["ali\\0e"], ["ali\\udc80"], [b"alice"], [True], [" 7"], ["10"]):
    tell(refused(nobody))
tell(problems())
""",
        )
        self.assertEqual(answers[:4], [["alice"], [" 7 ", "Alice"], ["1_0"], ["7"]])
        for answer in answers[4:11]:
            self.assertRegex(answer, "no such user|is not a")
        self.assertEqual(answers[11], {})

    def test_users_that_extend_another_model_are_known_by_its_key(self):
        answers = self.run_site(
            """
class Person(models.Model):
    name = models.CharField(max_length=20)

class User(Person, AbstractBaseUser):
    login = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "login"
    objects = models.Manager()

class Badge(User):
    badge = models.AutoField(primary_key=True)
    user = models.OneToOneField(User, models.CASCADE, parent_link=True)
    objects = models.Manager()
""",
            """
Person.objects.create(name="stranger")
User.objects.create(name="a", login="a")
b = Badge.objects.create(name="b", login="b")
tell(reached(User.objects.get(login="a")))
tell(reached(b))
tell(reached(Badge.objects.all()))
tell(reached([b.person_ptr_id]))
tell(reached(User.objects.union(User.objects.filter(login="b"))))
tell(refused(Person.objects.get(name="stranger")))
tell(refused(Person.objects.all()))
tell(problems())
""",
        )
        self.assertEqual(answers[:5], [["a"], ["b"], ["b"], ["b"], ["a", "b"]])
        self.assertIn("is not a saved user", answers[5])
        self.assertIn("a QuerySet of Person; give one of users", answers[6])
        self.assertEqual(answers[7], {})

    def test_deleting_only_the_subclass_row_of_a_user_keeps_the_sockets(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = models.Manager()

class Badge(User):
    objects = models.Manager()

class BadgeByAnotherName(Badge):
    class Meta:
        proxy = True
""",
            """
from notifications.layers import get_hints_layer
def published():
    return len(getattr(get_hints_layer(), "publishes"))
for kind in (Badge, BadgeByAnotherName):
    kind.objects.create(name="a").delete(keep_parents=True)
    tell([published(), User.objects.count()])
    User.objects.all().delete()
    kind.objects.create(name="b").delete()
    tell([published(), User.objects.count()])
""",
        )
        self.assertEqual(answers, [[0, 1], [2, 0], [2, 1], [4, 0]])

    def test_a_group_is_refused_where_users_have_no_field_for_groups(self):
        (answer,) = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
User.objects.create("a")
tell(refused(Group.objects.create(name="staff")))
""",
        )
        self.assertEqual(
            answer, "accounts.User has no field for groups; give a QuerySet of the users"
        )

    def test_a_group_is_found_by_a_field_of_another_name_of_the_user_model(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    circles = models.ManyToManyField(Group, related_name="everybody")
    friends = models.ManyToManyField("self")
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
group = Group.objects.create(name="staff")
User.objects.create("a").circles.add(group)
User.objects.create("b")
tell(reached(group))
tell(reached(User.objects.filter(circles=group)))
tell(refused(User.objects.values_list("friends", flat=True)))
""",
        )
        self.assertEqual(answers[:2], [["a"], ["a"]])
        self.assertIn("a column that names other users", answers[2])

    def test_without_a_field_is_active_every_user_counts_as_active(self):
        answers = self.run_site(
            """
class User(models.Model):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    REQUIRED_FIELDS = []
    is_anonymous, is_authenticated = False, True
    last_login = None
    objects = models.Manager()
""",
            """
a = User.objects.create(name="a")
tell(reached(a))
a.save()
call_command("notify", "Hi", "a", stdout=open("/dev/null", "w"))
a.delete()
tell(problems())
""",
        )
        self.assertEqual(answers, [["a"], {}])

    def test_the_notify_command_finds_users_by_a_username_field_of_any_type(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20)
    number = models.IntegerField()
    USERNAME_FIELD = "number"
    objects = models.Manager()
""",
            """
from io import StringIO
from django.core.management import CommandError
for number in (1, 2, 2):
    User.objects.create(name="a", number=number)
for name in ("1", "2", "3", "alice", "9" * 30):
    output = StringIO()
    try:
        call_command("notify", "Hi", name, stdout=output)
    except CommandError as error:
        tell(str(error))
    else:
        tell(output.getvalue())
""",
        )
        self.assertIn("is queued for 1 user.", answers[0])
        self.assertEqual(answers[1], "There is more than one user '2'.")
        for answer, name in zip(answers[2:], ("3", "alice", "9" * 30), strict=True):
            self.assertEqual(answer, f"There is no user {name!r}.")

    def test_an_is_active_that_no_query_can_ask_for_is_refused_by_a_check(self):
        for definition, words in (
            ("is_active = property(lambda self: self.name != 'gone')", "a property"),
            ("def is_active(self): return True", "a function"),
            ("is_active = False", "a bool"),
            ("is_active = models.CharField(max_length=5, default='yes')", "a CharField"),
        ):
            with self.subTest(definition):
                (found,) = self.run_site(
                    f"""
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    {definition}
    USERNAME_FIELD = "name"
    objects = Users()
""",
                    "tell(problems())",
                )
                self.assertEqual(
                    found, {"notifications.E007": f"accounts.User.is_active is {words}."}
                )

    def test_an_is_active_that_the_database_generates_decides_who_is_reached(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    banned = models.BooleanField(default=False)
    is_active = models.GeneratedField(
        expression=models.Q(banned=False), output_field=models.BooleanField(), db_persist=True
    )
    USERNAME_FIELD = "name"
    objects = Users()
""",
            """
User.objects.create("a")
User.objects.create("banned", banned=True)
tell(reached(User.objects.all()))
tell(problems())
""",
        )
        self.assertEqual(answers, [["a"], {}])


LIVE = """
import asyncio
from asgiref.sync import sync_to_async
from notifications.send import anotify
from notifications.tests.clients import MemoryClient

@sync_to_async
def states():
    rows = Delivery.objects.order_by("pk").select_related("recipient", "notification")
    return [(delivery.recipient.name, delivery.state) for delivery in rows]

async def live(user, other):
    queued = (await anotify(user, "queued")).pk
    one, two = [await MemoryClient(user).connect() for _ in range(2)]
    await one.until_arrived([queued])
    told = (await anotify([user, other], "told")).pk
    announced = (await anotify(User.objects.all(), "announced")).pk
    for client in (one, two):
        await client.until_arrived([queued, told, announced])
    one.ack([queued, told])
    one.send({"type": "read", "ids": [announced]})
    changed = await two.until_frame("state")
    async with asyncio.timeout(10):
        while [s for n, s in await states() if n == user.name] != ["delivered"] * 2 + ["read"]:
            await asyncio.sleep(0.01)
    await sync_to_async(user.delete)()
    await one.until_closed(4403)
    await two.until_closed(4403)
    return [one.arrived == [queued, told, announced], changed["read"] == [announced]]

user, other = User.objects.create(name="a"), User.objects.create(name="b")
tell(asyncio.run(live(user, other)))
tell([state for _, state in asyncio.run(states())])
"""


@tag("slow")
class LiveUserModelTests(TransactionTestCase):
    """From `notify` to an acknowledgement, for each kind of primary key."""

    run_site = UserModelTests.run_site

    def assert_live(self, key):
        answers = self.run_site(key, LIVE)
        self.assertEqual(answers, [[True, True], ["queued", "queued"]])

    def test_users_with_uuids_as_keys_are_served_live(self):
        self.assert_live(
            """
class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "name"
    objects = Users()
"""
        )

    def test_users_with_names_as_keys_are_served_live(self):
        self.assert_live(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=30, primary_key=True)
    USERNAME_FIELD = "name"
    objects = Users()

    def __init__(self, *args, **kwargs):
        if kwargs.get("name") in ("a", "b"):
            kwargs["name"] += ' \\"*{}%: é'
        super().__init__(*args, **kwargs)
"""
        )

    def test_users_that_extend_another_model_are_served_live(self):
        self.assert_live(
            """
class Person(models.Model):
    name = models.CharField(max_length=20)

class User(Person, AbstractBaseUser):
    USERNAME_FIELD = "login"
    login = models.UUIDField(unique=True, default=uuid.uuid4)
    objects = Users()
"""
        )


ROUTER = """
import sys
class Router:
    def db_for_read(self, model, **hints):
        return "own" if model._meta.app_label in LABELS else None
    db_for_write = db_for_read
    def allow_relation(self, *args, **hints):
        return True
    def allow_migrate(self, db, app_label, **hints):
        return db == ("own" if app_label in LABELS else "default")
DATABASE_ROUTERS = [Router()]
"""

PLAIN_USER = """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = Users()
"""


@tag("slow")
class DatabaseRouterTests(TransactionTestCase):
    run_site = UserModelTests.run_site

    def test_notifications_in_another_database_than_users_are_refused_by_a_check(self):
        labels = 'LABELS = {"durable_notifications"}\n'
        # The foreign key to a content type is the database's own, so its table has to be there.
        contenttypes = 'LABELS |= {"contenttypes"}\n'
        for more, words in (
            ("", ["accounts.User", "contenttypes"]),
            (contenttypes, ["accounts.User"]),
        ):
            found = self.checked(labels + more)
            self.assertEqual(len(found), len(words))
            for (id_, message), word in zip(found, words, strict=True):
                self.assertEqual(id_, "notifications.E005")
                self.assertIn(word, message)
                self.assertRegex(
                    message, "is in the database 'default', and notifications in 'own'"
                )

    def checked(self, labels):
        script = """
tell([(problem.id, problem.msg) for problem in run_checks(tags=["notifications"])])
"""
        with tempfile.TemporaryDirectory() as folder:
            models = HEAD + PLAIN_USER
            with Project(folder, models, labels + ROUTER, ("default", "own")) as project:
                return project.run(script, migrate=False)[0]

    def test_notifications_and_users_in_another_database_follow_its_transactions(self):
        answers = self.run_site(
            PLAIN_USER,
            """
from notifications.layers import get_hints_layer
def published():
    return len(getattr(get_hints_layer(), "publishes"))
a = User.objects.create("a")
group = Group.objects.create(name="staff")
tell(problems())
tell(reached(a, actor=a, target=group))
tell(published())
with transaction.atomic(using="default"):
    notify(User.objects.all(), "Hi")
    tell(published())
with transaction.atomic(using="own"):
    notify(a, "Hi")
    tell(published())
tell(published())
try:
    with transaction.atomic(using="own"), transaction.atomic(using="default"):
        notify(a, "lost", actor=a)
        raise InterruptedError
except InterruptedError:
    tell([published(), Notification.objects.filter(title="lost").count()])
call_command("notify", "Hi", "a", stdout=open("/dev/null", "w"))
tell(Delivery.objects.using("own").count())
tell(Notification.objects.first().actor is None)
tell(Notification.objects.last().actor == a)
""",
            more_settings='LABELS = {"durable_notifications", "accounts", '
            '"auth", "contenttypes"}\n' + ROUTER,
            aliases=("default", "own"),
        )
        self.assertEqual(answers, [{}, ["a"], 1, 2, 2, 3, [3, 0], 4, True, True])
