from django.test import tag

from ..access.sites import SiteTestCase

ROUTER = """
class Router:
    def db_for_read(self, model, **hints):
        return "shop" if model._meta.model_name == "order" else "default"
    db_for_write = db_for_read
    def allow_relation(self, *args, **hints):
        return True
    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return model_name is None or db == ("shop" if model_name == "order" else "default")
DATABASE_ROUTERS = [Router()]
"""


@tag("slow")
class DatabaseRouterTests(SiteTestCase):
    def test_objects_of_imported_rows_are_found_in_the_database_where_they_are(self):
        answers = self.run_site(
            """
class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    objects = Users()

class Order(models.Model):
    def __str__(self):
        return f"order {self.pk}"
""",
            """
from django.contrib.contenttypes.models import ContentType
from notifications.moving import import_from
from notifications.tests.moving.case import COLUMNS
ada, order = User.objects.create("ada"), Order.objects.create(pk=17)
kind = {model: ContentType.objects.get_for_model(model).pk for model in (User, Order)}
row = {
    "id": 1, "level": "info", "recipient_id": ada.pk, "unread": True, "verb": "placed",
    "actor_content_type_id": kind[User], "actor_object_id": str(ada.pk),
    "target_content_type_id": kind[Order], "target_object_id": "17",
    "timestamp": "2999-01-01 12:00:00+00:00", "public": True,
    "deleted": False, "emailed": False,
}
with connection.cursor() as cursor:
    described = ", ".join(f'"{name}" {column}' for name, column in COLUMNS.items())
    cursor.execute(f"CREATE TABLE theirs ({described})")
    places = ", ".join(["%s"] * len(row))
    names = ", ".join(row)
    cursor.execute(f"INSERT INTO theirs ({names}) VALUES ({places})", list(row.values()))
import_from("theirs", batch_size=10, dry_run=False, done=lambda total: None)
one = Notification.objects.get()
tell([one.title, one.target_text])
""",
            more_settings=ROUTER,
            aliases=("default", "shop"),
        )
        self.assertEqual(answers, [["ada placed order 17", "order 17"]])
