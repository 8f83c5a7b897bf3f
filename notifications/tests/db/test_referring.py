"""Models of a site that refer to notifications and deliveries."""

from django.test import tag

from ..access.sites import SiteTestCase

MODELS = """
class Remark(models.Model):
    notification = models.ForeignKey("durable_notifications.Notification", models.CASCADE)

class Star(models.Model):
    delivery = models.ForeignKey("durable_notifications.Delivery", models.CASCADE)

class Note(models.Model):
    delivery = models.ForeignKey(
        "durable_notifications.Delivery", models.SET_NULL, null=True, related_name="+"
    )

class Board(models.Model):
    shown = models.ManyToManyField("durable_notifications.Notification")
"""

SCRIPT = """
from datetime import timedelta
from io import StringIO
from django.contrib.auth.models import User
from django.utils import timezone
from notifications.feed.changes import change
from notifications.privacy import erase_user

def refer():
    ada, _ = User.objects.get_or_create(username="ada")
    sent = notify(ada, "Hi")
    delivery = sent.deliveries.get()
    Remark.objects.create(notification=sent)
    Star.objects.create(delivery=delivery)
    Note.objects.create(delivery=delivery)
    Board.objects.create().shown.add(sent)
    return ada, sent

def left():
    notes = Note.objects.exclude(delivery=None)
    rows = (Remark.objects, Star.objects, notes, Board.shown.through.objects, Delivery.objects)
    return [each.count() for each in rows]

ada, sent = refer()
year = timedelta(days=366)
Notification.objects.filter(pk=sent.pk).update(created_at=timezone.now() - year)
call_command("prune_notifications", stdout=StringIO())
tell(["pruning", left()])
ada, sent = refer()
erased = erase_user(ada)
tell(["erasing", left()])
tell([erased.deliveries, erased.notifications])
ada, sent = refer()
with transaction.atomic():
    change("deleted", ada.pk, [sent.pk])
tell(["deleting by its user", left()])
sent.delete()
ada, sent = refer()
ada.delete()
tell(["deleting the user", left()])
sent.delete()
refer()[1].delete()
tell(["deleting the notification", left()])
tell(Note.objects.count())
"""

NOTHING, OF_THE_NOTIFICATION = [0, 0, 0, 0, 0], [1, 0, 0, 1, 0]


@tag("slow")
class ReferringModelsTests(SiteTestCase):
    def test_models_that_refer_to_what_is_deleted_do_what_they_say(self):
        settings = 'AUTH_USER_MODEL = "auth.User"'
        *told, notes = self.run_site(MODELS, SCRIPT, more_settings=settings)
        self.assertEqual(
            told,
            [
                ["pruning", NOTHING],
                ["erasing", NOTHING],
                [1, 1],
                ["deleting by its user", OF_THE_NOTIFICATION],
                ["deleting the user", OF_THE_NOTIFICATION],
                ["deleting the notification", NOTHING],
            ],
        )
        self.assertEqual(notes, 5)
