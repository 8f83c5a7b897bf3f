import tempfile

from django.test import TransactionTestCase, tag

from notifications.tests.project import Project
from perftests.users import create_users

MODELS = """
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

class Person(models.Model):
    name = models.CharField(max_length=40, unique=True)

class User(Person, AbstractBaseUser):
    email = models.EmailField(unique=True)
    number = models.CharField(max_length=40, unique=True, null=True)
    is_active = models.BooleanField(default=False)
    USERNAME_FIELD = "email"
    objects = BaseUserManager()
"""


class CreateUsersTests(TransactionTestCase):
    def test_created_users_have_unique_names_are_active_and_have_no_password(self):
        users = [*create_users(2), *create_users(2)]
        self.assertEqual(len({user.username for user in users}), 4)
        for user in users:
            self.assertRegex(user.username, r"^perf_\d{8}T\d{12}_[01]$")
            self.assertTrue(user.is_active)
            self.assertFalse(user.has_usable_password())

    @tag("slow")
    def test_created_users_of_another_model_fill_what_has_to_be_unique(self):
        with tempfile.TemporaryDirectory() as folder, Project(folder, MODELS) as project:
            (names, emails, numbers, active, reached_) = project.run(
                """
from perftests.users import create_users
users = create_users(3)
stored = User.objects.order_by("pk")
for field in ("name", "email", "number", "is_active"):
    tell(list(stored.values_list(field, flat=True)))
tell(reached(users))
"""
            )
        self.assertEqual(numbers, names)
        self.assertEqual(emails, [f"{name}@example.com" for name in names])
        self.assertEqual(len(set(names)), 3)
        self.assertEqual(active, [True] * 3)
        self.assertEqual(reached_, names)
