import io
from contextlib import redirect_stdout

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections
from django.test import SimpleTestCase, override_settings, tag

from notifications.models import Delivery, Epoch, Notification
from notifications.send import notify
from notifications.store.epoch import highest_issued
from notifications.tests.old_label import ALIAS, MIGRATIONS, OldDatabase, Router

SCHEMA = {
    "sqlite": [
        "SELECT name, sql FROM sqlite_master"
        " WHERE tbl_name LIKE 'durable\\_notifications\\_%' ESCAPE '\\' ORDER BY name"
    ],
    "postgresql": [
        "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,"
        " attidentity, pg_get_expr(adbin, adrelid) FROM pg_attribute"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        " WHERE attnum > 0 AND attrelid::regclass::text LIKE 'durable\\_notifications\\_%'"
        " ORDER BY 1, attnum",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        # PostgreSQL 18 gives names also to these, which nothing ever uses.
        " WHERE conrelid::regclass::text LIKE 'durable\\_notifications\\_%' AND contype <> 'n'"
        " ORDER BY 1",
        "SELECT indexdef FROM pg_indexes"
        " WHERE tablename LIKE 'durable\\_notifications\\_%' ORDER BY 1",
        "SELECT relname FROM pg_class WHERE relkind = 'S'"
        " AND relname LIKE '%notifications\\_%' ORDER BY 1",
    ],
}


def schema(connection):
    """Tables, columns, constraints, indexes and sequences of the app, with their names."""
    with connection.cursor() as cursor:
        found = []
        for query in SCHEMA[connection.vendor]:
            cursor.execute(query)
            found.append(cursor.fetchall())
        return found


def migrate(*words):
    call_command("migrate", *words, database=ALIAS, verbosity=0)


class MovedFromTheOldLabelTests(SimpleTestCase):
    """What a database has after `migrate` that was filled under the label of before."""

    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.databases |= {ALIAS}
        cls.old = cls.enterClassContext(OldDatabase())
        cls.old.fill()
        cls.rows = cls.old.rows("notifications")
        if connection.vendor == "postgresql":
            cls.place = cls.place_of("notifications_notification")
        migrate()
        cls.enterClassContext(override_settings(DATABASE_ROUTERS=[Router()]))

    @staticmethod
    def place_of(table):
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT %s::regclass::oid", [table])
            return cursor.fetchone()

    def test_every_row_of_the_old_tables_is_in_the_new_ones(self):
        self.assertEqual([len(rows) for rows in self.rows.values()], [2, 3, 1])
        self.assertEqual(self.old.rows("durable_notifications"), self.rows)

    def test_the_moved_tables_are_as_those_of_a_new_database(self):
        new, moved = schema(connection), schema(connections[ALIAS])
        self.assertTrue(all(new), new)
        self.maxDiff = None
        self.assertEqual(moved, new)
        tables = connections[ALIAS].introspection.table_names()
        self.assertEqual([name for name in tables if name.startswith("notifications_")], [])

    def test_moved_deliveries_are_in_the_state_that_they_had(self):
        states = {
            (d.notification.title, d.recipient.username): d.state for d in Delivery.objects.all()
        }
        self.assertEqual(
            states,
            {
                ("Shipped", "ada"): "queued",
                ("Shipped", "grace"): "seen",
                ("Over", "ada"): "archived",
            },
        )
        shipped, over = (
            Notification.objects.get(key="order-7"),
            Notification.objects.get(title="Over"),
        )
        self.assertEqual((shipped.data, shipped.actor.username), ({"order": 7}, "ada"))
        self.assertEqual((shipped.is_expired, over.is_expired), (False, True))

    def test_permissions_of_users_and_groups_are_those_of_the_new_label(self):
        ada, grace = User.objects.get(username="ada"), User.objects.get(username="grace")
        self.assertEqual(ada.get_all_permissions(), {"durable_notifications.delete_notification"})
        self.assertEqual(grace.get_all_permissions(), {"durable_notifications.view_delivery"})

    def test_the_log_of_the_admin_still_tells_of_what_kind_its_objects_were(self):
        kind = LogEntry.objects.get().content_type
        self.assertEqual(kind.model_class(), Notification)

    def test_content_types_of_the_app_are_there_once(self):
        found = ContentType.objects.filter(model__in=["notification", "delivery", "epoch"])
        self.assertEqual(
            sorted(found.values_list("app_label", "model")),
            [("durable_notifications", model) for model in ("delivery", "epoch", "notification")],
        )

    def test_the_epoch_of_a_moved_queue_stays(self):
        self.assertEqual(Epoch.objects.get().name, "a1b2c3")
        if connection.vendor == "postgresql":
            self.assertEqual(self.place_of("durable_notifications_notification"), self.place)

    def test_a_deleted_id_of_before_is_not_given_again(self):
        self.assertEqual(highest_issued(connections[ALIAS]), 3)
        self.assertEqual(notify([1], "Next").pk, 4)
        Notification.objects.filter(pk=4).delete()


class KeepsOut:
    """A router that lets none of these labels into the old database."""

    def __init__(self, *labels):
        self.labels = labels

    def allow_migrate(self, db, app_label, **hints):
        return db != ALIAS or app_label not in self.labels


@tag("slow")
class OldLabelTests(SimpleTestCase):
    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.databases |= {ALIAS}

    def setUp(self):
        self.old = self.enterContext(OldDatabase())

    def test_to_migrate_a_moved_database_again_changes_nothing(self):
        self.old.fill()
        migrate()
        first = self.everything("durable_notifications")
        migrate()
        self.assertEqual(self.everything("durable_notifications"), first)

    def test_migrations_of_the_old_label_are_recorded_no_more(self):
        self.old.fill()
        migrate()
        recorded = self.old.recorder.applied_migrations()
        ours = [pair for pair in recorded if "notifications" in pair[0]]
        self.assertEqual({app for app, _ in ours}, {"durable_notifications"})

    def test_foreign_keys_of_a_site_follow_the_tables_to_the_new_label(self):
        self.old.fill()
        self.old.execute(
            "CREATE TABLE site_note (id integer PRIMARY KEY, notification_id bigint"
            " REFERENCES notifications_notification (id) DEFERRABLE INITIALLY DEFERRED);\n"
            "INSERT INTO site_note VALUES (1, 1);\n"
        )
        migrate()
        with connections[ALIAS].cursor() as cursor:
            relations = connections[ALIAS].introspection.get_relations(cursor, "site_note")
        self.assertEqual(
            relations["notification_id"][:2], ("id", "durable_notifications_notification")
        )

    def test_a_move_that_fails_halfway_leaves_everything_under_the_old_label(self):
        self.old.fill()
        # The last of the three tables, when the others have been renamed.
        self.old.execute("CREATE TABLE durable_notifications_epoch (id integer);\n")
        before = self.everything("notifications")
        with self.assertRaises(DatabaseError):
            migrate()
        self.assertEqual(self.everything("notifications"), before)
        self.old.execute("DROP TABLE durable_notifications_epoch;\n")
        migrate()
        self.assertEqual(self.old.rows("durable_notifications"), before[0])

    def test_tables_of_an_earlier_version_are_refused_and_stay(self):
        self.old.fill()
        self.old.execute("DROP TABLE notifications_epoch;\n")
        for name in MIGRATIONS[2:]:
            self.old.recorder.record_unapplied("notifications", name)
        self.refused("run migrate with that version")

    def test_tables_that_were_changed_by_hand_are_refused_and_stay(self):
        self.old.fill()
        for statement in (
            "ALTER TABLE notifications_notification ADD COLUMN extra integer",
            "ALTER TABLE notifications_notification RENAME TO elsewhere",
        ):
            self.old.execute(statement)
            self.refused("undo what was changed by hand")

    def test_a_router_that_knows_the_old_label_alone_is_refused(self):
        self.old.fill()
        with override_settings(DATABASE_ROUTERS=[KeepsOut("durable_notifications")]):
            self.refused("route both the same way")

    def test_old_tables_stay_in_a_database_that_routers_keep_the_app_out_of(self):
        self.old.fill()
        before = self.old.rows("notifications")
        router = KeepsOut("notifications", "durable_notifications")
        with override_settings(DATABASE_ROUTERS=[router]):
            migrate("durable_notifications")
        self.assertEqual(self.old.rows("notifications"), before)

    def test_content_types_of_the_new_label_are_not_written_over(self):
        self.old.fill()
        ContentType.objects.using(ALIAS).create(app_label="durable_notifications", model="epoch")
        self.refused("delete by SQL")
        self.old.execute(
            "DELETE FROM django_content_type WHERE app_label = 'durable_notifications'"
        )
        migrate()

    def test_the_sql_of_the_first_migration_is_that_of_a_new_database(self):
        self.old.fill()
        with redirect_stdout(io.StringIO()) as printed:
            call_command("sqlmigrate", "durable_notifications", "0001", database=ALIAS)
        self.assertIn('CREATE TABLE "durable_notifications_delivery"', printed.getvalue())

    def test_tables_of_another_app_with_the_old_label_stay_as_they_are(self):
        self.old.execute(
            "CREATE TABLE notifications_notification (id integer PRIMARY KEY, verb varchar(9));\n"
            "CREATE TABLE notifications_delivery (id integer PRIMARY KEY, parcel varchar(9));\n"
            "INSERT INTO notifications_notification VALUES (1, 'liked');\n"
        )
        self.old.recorder.record_applied("notifications", "0001_initial")
        kind = ContentType.objects.using(ALIAS).create(
            app_label="notifications", model="notification"
        )
        migrate()
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT * FROM notifications_notification")
            self.assertEqual(cursor.fetchall(), [(1, "liked")])
        kind.refresh_from_db()
        self.assertEqual(kind.app_label, "notifications")
        self.assertIn(("notifications", "0001_initial"), self.old.recorder.applied_migrations())
        self.assertEqual(schema(connections[ALIAS]), schema(connection))

    def refused(self, words):
        recorded = self.old.recorder.applied_migrations()
        tables = connections[ALIAS].introspection.table_names()
        with self.assertRaisesMessage(CommandError, words):
            migrate("durable_notifications")
        self.assertEqual(self.old.recorder.applied_migrations().keys(), recorded.keys())
        self.assertEqual(connections[ALIAS].introspection.table_names(), tables)

    def everything(self, label):
        """Rows, what was recorded and content types."""
        recorded = sorted(self.old.recorder.applied_migrations())
        types = ContentType.objects.using(ALIAS).order_by("pk").values_list()
        return self.old.rows(label), recorded, list(types)
