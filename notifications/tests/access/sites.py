"""Sites with a user model that is not Django's: each is a process of its own."""

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

TWO_TABLES = """
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
"""
"""Users that extend another model, and some with a key of their own."""


@tag("slow")
class SiteTestCase(TransactionTestCase):
    def run_site(self, models, script, *, more_settings="", aliases=("default",)):
        """What the script tells in a project whose user model is that of `models`."""
        with (
            tempfile.TemporaryDirectory() as folder,
            Project(folder, HEAD + models, more_settings, aliases) as project,
        ):
            return project.run(script)
