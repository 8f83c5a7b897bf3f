"""docs/how-to/move-over.md: what stands for a call of theirs works."""

import re

from django.contrib.auth.models import User
from django.template import engines
from django.test import RequestFactory, TestCase, override_settings

from notifications.models import Delivery
from notifications.moving import SOURCES
from notifications.send import notify

from .pages import commands, page, table

PAGE = page("how-to/move-over")
CALLS = table(PAGE, "their call")
OURS = " ".join(cells[0] for cells in CALLS.values())


@override_settings(ROOT_URLCONF="notifyproject.urls")
class MoveOverTests(TestCase):
    def setUp(self):
        self.ada = User.objects.create(username="ada")

    def test_each_address_that_is_named_is_one_of_the_app(self):
        tags = set(re.findall(r"{% url '[^']+'(?: id)? %}", OURS))
        self.assertGreater(len(tags), 4)
        for tag in tags:
            with self.subTest(tag):
                self.assertTrue(engines["django"].from_string(tag).render({"id": 1}))

    def test_each_tag_that_is_named_can_be_loaded(self):
        request = RequestFactory().get("/")
        request.user = self.ada
        tags = "{% load notifications %}{% notification_bell %}"
        for tag in re.findall(r"{% [^%]+ %}", tags):
            self.assertIn(tag, OURS)
        self.assertIn("<notification-bell", engines["django"].from_string(tags).render({}, request))

    def test_each_query_and_verb_that_is_named_does_what_it_says(self):
        sent = notify(self.ada, "Hello")
        names = {"Delivery": Delivery, "user": self.ada, "notification": sent}
        counts = []
        for code in re.findall(r"`(Delivery\.objects[^`]+)`", OURS):
            found = eval(code, names)
            counts.append(found if isinstance(found, int) else found.count())
        self.assertEqual(counts, [1, 0, 1, 0, 1])

    def test_notify_is_called_as_the_table_has_it(self):
        call = CALLS['notify.send(actor, recipient=user, verb="liked", target=post)'][0].strip("`")
        bob = User.objects.create(username="bob")
        sent = eval(call, {"notify": notify, "user": self.ada, "actor": bob, "post": self.ada})
        self.assertEqual((sent.title, sent.actor), ("bob liked ada", bob))

    def test_each_package_that_can_be_imported_from_is_named(self):
        lines = commands(PAGE, ["python", "manage.py", "import_notifications"])
        self.assertEqual({words[words.index("--from") + 1] for words in lines}, set(SOURCES))
