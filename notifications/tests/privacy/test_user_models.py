from django.test import tag

from ..access.sites import TWO_TABLES, SiteTestCase


@tag("slow")
class UserModelTests(SiteTestCase):
    def test_a_user_of_several_tables_is_erased_and_forgotten_by_each_name_she_has(self):
        answers = self.run_site(
            TWO_TABLES
            + """
class Plain(User):
    objects = models.Manager()

class Alias(User):
    class Meta:
        proxy = True
""",
            """
from django.contrib.contenttypes.models import ContentType
from notifications.privacy import count_of, erase_user, export_user, forget_gone_users
Person.objects.create(name="no user")
reader = User.objects.create(name="reader", login="reader")

def named(model, login, **fields):
    user = model.objects.create(name=login, login=login, **fields)
    notify(reader, "By her", actor=user, target=User.objects.get(login=login))
    return user

def texts():
    return sorted(set(Notification.objects.values_list("actor_text", "target_text")))

def imported(who):
    kind = ContentType.objects.get_for_model(Alias, for_concrete_model=False)
    Notification.objects.filter(actor_object_id=who.pk).update(actor_content_type=kind)
    return who

for model, fields in ((User, {}), (Plain, {}), (Badge, {"badge": 77})):
    who = named(model, model.__name__, **fields)
    mentions = len(list(export_user(who)))
    tell([mentions, count_of([who]).mentions, erase_user(who).mentions, texts()])
who = imported(named(User, "g"))
tell([erase_user(who).mentions, texts()])
d = imported(named(User, "d"))
for who in (d, named(Plain, "e"), named(Badge, "f", badge=78)):
    who.delete()
tell([forget_gone_users(), texts()])
""",
        )
        forgotten = [["somebody", "somebody"]]
        self.assertEqual(answers, [*[[2, 2, 2, forgotten]] * 3, [2, forgotten], [6, forgotten]])
