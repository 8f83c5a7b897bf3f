import tempfile
from datetime import timedelta
from pathlib import Path
from unittest import mock

from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase, TestCase, override_settings
from django.utils import timezone

from notifications.checks import deployment
from notifications.models import Notification

IN_MEMORY = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}


def warned(databases=None):
    """The warnings of a deployment by their ids."""
    found = run_checks(include_deployment_checks=True, databases=databases)
    split = [(*problem.id.split("."), problem) for problem in found]
    return {number: problem for app, number, problem in split if app == "notifications"}


class DeploymentCheckTests(SimpleTestCase):
    databases = {"default"}

    @override_settings(CHANNEL_LAYERS=IN_MEMORY)
    def test_a_layer_in_memory_with_several_workers_is_warned_of(self):
        with mock.patch.dict("os.environ", WEB_CONCURRENCY="4"):
            self.assertIn("WEB_CONCURRENCY is 4", warned()["W003"].msg)

    @override_settings(CHANNEL_LAYERS=IN_MEMORY)
    def test_a_layer_in_memory_with_postgresql_is_warned_of(self):
        with (
            mock.patch.dict("os.environ", WEB_CONCURRENCY=""),
            mock.patch.object(connection, "vendor", "postgresql"),
        ):
            self.assertIn("PostgreSQL", warned()["W003"].msg)
        with mock.patch.object(connection, "vendor", "sqlite"):
            self.assertNotIn("W003", warned())

    @override_settings(CHANNEL_LAYERS={})
    @mock.patch.object(connection, "vendor", "postgresql")
    @mock.patch.dict("os.environ", WEB_CONCURRENCY="")
    def test_a_site_that_names_no_layer_is_warned_if_it_serves_sockets(self):
        self.assertIn("PostgreSQL", warned()["W003"].msg)
        with override_settings(ASGI_APPLICATION=None):
            self.assertNotIn("W003", warned())

    def test_a_sqlite_file_on_a_network_is_warned_of(self):
        mounts = Path(self.enterContext(tempfile.TemporaryDirectory()), "mounts")
        entry = {**connection.settings_dict, "NAME": "/srv/share/site/db.sqlite3"}
        with (
            mock.patch.object(deployment, "MOUNTS", mounts),
            mock.patch.object(connection, "vendor", "sqlite"),
            mock.patch.object(connection, "settings_dict", entry),
        ):
            for kind, bad in (("nfs4", True), ("ext4", False), ("cifs", True)):
                mounts.write_text(f"disk / ext4 rw 0 0\nhost:/x /srv/share {kind} rw 0 0\n")
                with self.subTest(kind):
                    self.assertEqual("W004" in warned(), bad)
            mounts.unlink()  # no Linux
            self.assertNotIn("W004", warned())

    def test_any_host_at_all_is_warned_of_in_a_deployment(self):
        with override_settings(ALLOWED_HOSTS=["*", "example.com"]):
            self.assertIn("W005", warned())
        with override_settings(ALLOWED_HOSTS=["example.com"]):
            self.assertNotIn("W005", warned())

    def test_a_heartbeat_that_outlasts_the_proxy_is_warned_of(self):
        with override_settings(NOTIFICATIONS={"HEARTBEAT_TIMEOUT_SECONDS": 180}):
            self.assertIn("180", warned()["W006"].msg)
        with override_settings(NOTIFICATIONS={"HEARTBEAT_TIMEOUT_SECONDS": 179}):
            self.assertNotIn("W006", warned())

    def test_each_warning_of_a_deployment_says_what_to_do(self):
        with override_settings(
            ALLOWED_HOSTS=["*"], NOTIFICATIONS={"HEARTBEAT_TIMEOUT_SECONDS": 999}
        ):
            self.assertTrue(all(problem.hint for problem in warned().values()))


class StoredCheckTests(TestCase):
    def stored(self, databases=("default",)):
        return {
            name: p for name, p in warned(databases).items() if name in ("W007", "W008", "W009")
        }

    def test_a_database_that_is_as_it_should_be_is_not_warned_of(self):
        Notification.objects.create(title="new")
        self.assertEqual(self.stored(), {})

    def test_a_migration_that_is_missing_is_named(self):
        last = MigrationLoader(connection).graph.leaf_nodes("durable_notifications")[0]
        MigrationRecorder(connection).record_unapplied(*last)
        found = self.stored()
        self.assertIn(last[1], found["W007"].msg)
        self.assertNotIn("W008", found)

    def test_an_index_that_is_missing_is_named(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX queued_and_unread")
        self.assertIn("queued_and_unread", self.stored()["W008"].msg)

    def test_notifications_that_nobody_prunes_are_warned_of(self):
        old = Notification.objects.create(title="old")
        at = timezone.now() - timedelta(days=400)
        Notification.objects.filter(pk=old.pk).update(created_at=at)
        self.assertIn("365", self.stored()["W009"].msg)
        with override_settings(NOTIFICATIONS={"KEEP_DAYS": 399}):
            self.assertEqual(self.stored(), {})

    def test_no_database_is_asked_unless_it_is_named(self):
        Notification.objects.create(title="x")
        with self.assertNumQueries(0):
            self.assertEqual(self.stored(databases=None), {})
