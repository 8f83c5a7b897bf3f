"""A table of django-notifications-hq, as both of its packages and PostgreSQL or SQLite have it."""

import json
from datetime import timedelta

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TestCase
from django.utils import timezone

from notifications.moving import TABLE, import_from

from ..users import make_user

COLUMNS = {
    "id": "integer PRIMARY KEY",
    "level": "varchar(20) NOT NULL",
    "recipient_id": "integer NOT NULL",
    "unread": "bool NOT NULL",
    "actor_content_type_id": "integer NOT NULL",
    "actor_object_id": "varchar(255) NOT NULL",
    "verb": "varchar(255) NOT NULL",
    "description": "text",
    "target_content_type_id": "integer",
    "target_object_id": "varchar(255)",
    "action_object_content_type_id": "integer",
    "action_object_object_id": "varchar(255)",
    "timestamp": "timestamp with time zone NOT NULL",
    "public": "bool NOT NULL",
    "deleted": "bool NOT NULL",
    "emailed": "bool NOT NULL",
    "data": "text",
}


class MovingTestCase(TestCase):
    def setUp(self):
        self.ada, self.bob = make_user("ada"), make_user("bob")
        self.group = Group.objects.create(name="readers")
        self.now = timezone.now().replace(microsecond=0)
        self.create(TABLE)

    def create(self, table, columns=COLUMNS):
        described = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE TABLE "{table}" ({described})')

    def add(self, id_, table=TABLE, **values):
        """A row of theirs; actor, target and action object are given as such."""
        row = {
            "id": id_,
            "level": "info",
            "recipient_id": self.ada.pk,
            "unread": True,
            "verb": "liked",
            "timestamp": self.now - timedelta(days=30) + timedelta(minutes=id_),
            "public": True,
            "deleted": False,
            "emailed": False,
            **about("actor", values.pop("actor", self.bob)),
            **about("target", values.pop("target", None)),
            **about("action_object", values.pop("action_object", None)),
            **values,
        }
        if isinstance(row.get("data"), dict):
            row["data"] = json.dumps(row["data"])
        names = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(["%s"] * len(row))
        with connection.cursor() as cursor:
            cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(row.values()))

    def run_import(self, table=TABLE, batch_size=2, dry_run=False, done=lambda _: None):
        return import_from(table, batch_size=batch_size, dry_run=dry_run, done=done)


def about(role, instance):
    if instance is None:
        return {}
    kind = ContentType.objects.get_for_model(instance)
    return {f"{role}_content_type_id": kind.pk, f"{role}_object_id": str(instance.pk)}
