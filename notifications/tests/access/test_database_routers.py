"""Where users and notifications live in other databases."""

import tempfile

from django.test import tag

from ..project import Project
from .sites import HEAD, SiteTestCase

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
class DatabaseRouterTests(SiteTestCase):
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
