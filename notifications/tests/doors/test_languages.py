from io import StringIO

from django.core.management import call_command
from django.template import Context, Template
from django.test import RequestFactory, TestCase, override_settings
from django.urls import reverse
from django.utils.translation import get_language_bidi, override

from notifications.send import notify

from ..users import make_user


@override_settings(ROOT_URLCONF="notifyproject.urls")
class BellLanguageTests(TestCase):
    def bell(self, language):
        request = RequestFactory().get("/")
        request.user = make_user(language)
        with override(language):
            bidi = get_language_bidi()
            page = Template("{% load notifications %}{% notification_bell %}")
            return bidi, page.render(Context({"request": request}))

    def test_the_bell_speaks_german_and_from_right_to_left_hebrew(self):
        for language, words, right_to_left in (
            ("de", "Alle als gelesen markieren", False),
            ("he", "סימון הכול כנקרא", True),
        ):
            bidi, page = self.bell(language)
            self.assertEqual(bidi, right_to_left)
            self.assertIn(words, page)
            self.assertNotIn("Mark all read", page)


class AdminLanguageTests(TestCase):
    def test_the_admin_speaks_german(self):
        admin = make_user("admin", is_staff=True, is_superuser=True)
        notify(admin, "Hello")
        self.client.force_login(admin)
        with override("de"):
            url = reverse("admin:durable_notifications_delivery_changelist")
            page = self.client.get(url, headers={"accept-language": "de"})
        for words in ("Zustellungen", "Empfänger", "in der Warteschlange", "Zugestellt am"):
            self.assertContains(page, words)


class CommandLanguageTests(TestCase):
    def test_a_command_answers_in_the_language_of_the_site(self):
        make_user("ada")
        with override("de"):
            call_command("notify", "Hallo", "ada", stdout=(out := StringIO()))
        self.assertIn("wartet auf 1 Benutzer.", out.getvalue())
