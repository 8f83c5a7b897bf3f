"""The tag of the bell, in templates and before any script runs."""

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import render
from django.template import Context, Template
from django.test import RequestFactory, TestCase, override_settings
from django.test.utils import override_script_prefix
from django.utils import translation
from django.views.defaults import bad_request, permission_denied, server_error

from notifications.send import notify

BELL = "{% load notifications %}{% notification_bell %}"

ERROR_PAGES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "OPTIONS": {
        "loaders": [
            ("django.template.loaders.locmem.Loader", {f"{n}.html": BELL for n in (400, 403, 500)}),
            "django.template.loaders.app_directories.Loader",
        ]
    },
}


def rendered(user, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.user = user
    return Template(BELL).render(Context({"request": request}))


class BellTagTests(TestCase):
    def test_the_bell_has_its_count_before_any_script_runs(self):
        ada = User.objects.create_user("ada")
        self.assertIn('id="badge" part="badge" aria-hidden="true" hidden', rendered(ada))
        notify(ada, "one")
        self.assertIn('part="badge" aria-hidden="true">1<', rendered(ada))
        with self.assertNumQueries(1):
            rendered(ada)

    def test_the_bell_is_in_the_language_of_the_page_and_the_region_of_its_user(self):
        ada = User.objects.create_user("ada")
        for page, asked, language in (
            ("en-us", "de-AT,en-GB;q=0.8,en-US;q=0.5", "en-gb"),
            ("en", "en", "en"),
            ("de", "fr-CH, en", "de"),
            ("zh-hans", "zh-TW, zh-Hant-TW", "zh-hans"),
            ("ca@valencia", "", "ca"),
        ):
            with self.subTest(page, asked=asked), translation.override(page):
                bell = rendered(ada, **{"Accept-Language": asked})
                self.assertIn(f'<notification-bell lang="{language}"', bell)

    def test_the_bell_is_for_nobody_who_is_not_signed_in(self):
        self.assertEqual(rendered(AnonymousUser()).strip(), "")

    @override_settings(TEMPLATES=[ERROR_PAGES])
    def test_pages_of_errors_with_a_bell_answer_with_their_status(self):
        request = RequestFactory().get("/")  # in no middleware of users yet
        for status, view in ((400, bad_request), (403, permission_denied), (500, server_error)):
            with self.subTest(status):
                answer = view(request, exception=Exception()) if status < 500 else view(request)
                self.assertEqual(answer.status_code, status)

    @override_settings(TEMPLATES=[ERROR_PAGES])
    def test_the_bell_needs_no_context_processor_for_the_request(self):
        request = RequestFactory().get("/")
        request.user = User.objects.create_user("ada")
        self.assertContains(render(request, "500.html"), "<notification-bell")

    def test_the_socket_of_the_bell_is_below_the_path_of_the_site(self):
        ada = User.objects.create_user("ada")
        self.assertIn('data-socket="/ws/notifications/"', rendered(ada))
        with override_script_prefix("/app/"):
            self.assertIn('data-socket="/app/ws/notifications/"', rendered(ada))

    @override_settings(ROOT_URLCONF="perftests.urls")
    def test_a_site_without_the_feed_is_told_what_the_bell_needs(self):
        with self.assertRaisesRegex(ImproperlyConfigured, "notifications.urls"):
            rendered(User.objects.create_user("ada"))
