from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import override_settings

from notifications.models import Notification
from notifications.moving import TABLE

from ..users import make_user
from .case import MovingTestCase


class TranslationTests(MovingTestCase):
    def imported(self, **values):
        self.add(1, **values)
        total = self.run_import()
        self.assertEqual(total.reasons, [])
        return Notification.objects.get()

    def test_the_title_is_what_theirs_shows_without_the_time(self):
        found = self.imported(
            verb="commented", action_object=self.ada, target=self.group, description="Well done."
        )
        self.assertEqual(found.title, "bob commented ada on readers")
        self.assertEqual(found.body, "Well done.")

    def test_a_target_alone_follows_the_verb(self):
        self.assertEqual(self.imported(target=self.group).title, "bob liked readers")

    def test_actor_and_target_are_found_again(self):
        found = self.imported(target=self.group)
        self.assertEqual((found.actor, found.target), (self.bob, self.group))
        self.assertEqual((found.actor_text, found.target_text), ("bob", "readers"))

    def test_the_verb_the_action_object_and_their_data_are_in_the_data(self):
        found = self.imported(action_object=self.group, data={"url": "/x/", "n": 1})
        about = f"auth.group:{self.group.pk}"
        expected = {"verb": "liked", "action_object": about, "url": "/x/", "n": 1}
        self.assertEqual(found.data, expected)

    def test_objects_that_are_gone_have_no_name(self):
        gone = make_user("gone")
        self.add(1, actor=gone)
        kind = ContentType.objects.create(app_label="shop", model="order")
        self.add(2, target_content_type_id=kind.pk, target_object_id="17")
        self.add(3, actor_object_id="no number")
        gone.delete()
        self.run_import()
        titles = Notification.objects.order_by("pk").values_list("title", flat=True)
        self.assertEqual(list(titles), ["somebody liked", "bob liked", "somebody liked"])

    def test_a_level_of_their_own_is_information(self):
        self.assertEqual(self.imported(level="shiny").level, "info")

    def test_long_titles_are_cut_and_say_so(self):
        found = self.imported(verb="v" * 255)
        self.assertEqual((len(found.title), found.title[-1]), (200, "…"))

    def test_data_that_is_no_object_of_json_is_kept_beside_or_refused(self):
        self.add(1, data="[1, 2]")
        self.add(2, data="null")
        self.add(3, data="{no json")
        total = self.run_import()
        found = Notification.objects.order_by("pk").values_list("data", flat=True)
        self.assertEqual(list(found), [{"verb": "liked", "data": [1, 2]}, {"verb": "liked"}])
        self.assertRegex(total.reasons[0], "^3: data is not JSON")

    def test_a_row_without_a_time_is_refused_and_the_others_come(self):
        self.add(1)
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {TABLE} RENAME COLUMN timestamp TO sent_at")
            cursor.execute(f"ALTER TABLE {TABLE} ADD COLUMN timestamp timestamp with time zone")
        self.add(2, sent_at=self.now)
        self.assertEqual(self.run_import().reasons, ["1: it has no time that can be read"])
        self.assertEqual(Notification.objects.count(), 1)

    @override_settings(USE_TZ=False)
    def test_times_are_those_of_the_site(self):
        self.now = self.now.replace(tzinfo=None)
        self.assertEqual(self.imported(timestamp=self.now).created_at, self.now)
