"""docs/how-to/show-an-inbox.md: its templates are used, and what it names exists."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import TestCase, override_settings
from django.urls import reverse

from notifications.inbox.filters import FilterForm
from notifications.send import notify

from .pages import block, blocks, page, table

PAGE = page("how-to/show-an-inbox")
BASE = "<title>{% block title %}{% endblock %}</title><main>{% block main %}{% endblock %}</main>"


class InboxPageTests(TestCase):
    def setUp(self):
        self.ada = User.objects.create(username="ada")
        self.client.force_login(self.ada)

    def with_templates(self, **templates):
        """The inbox of a site that has these, and no other, besides those of the app."""
        folder = Path(self.enterContext(TemporaryDirectory()))
        (folder / "notifications").mkdir()
        for name, text in templates.items():
            (folder / f"{name.replace('__', '/')}.html").write_text(text)
        engine = settings.TEMPLATES[0] | {"DIRS": [folder]}
        with override_settings(TEMPLATES=[engine]):
            response = self.client.get(reverse("notifications:inbox"))
        self.assertEqual(response.status_code, 200)
        return response.content.decode()

    def test_the_inbox_goes_into_the_frame_of_a_site(self):
        notify(self.ada, "Hello")
        frame = block(PAGE, "html", "{# templates/notifications/inbox_base.html")
        html = self.with_templates(base=BASE, notifications__inbox_base=frame)
        self.assertRegex(html, r"(?s)^\s*<title>Notifications</title><main>.*Hello.*</main>\s*$")

    def test_a_site_changes_a_part_of_the_inbox(self):
        part = block(PAGE, "html", "{# templates/notifications/inbox.html")
        html = self.with_templates(notifications__inbox=part)
        self.assertIn("<h1>What happened</h1>", html)
        self.assertIn('data-socket="/live/"', html)

    def test_each_block_that_is_named_is_one_of_the_template(self):
        source = Path(get_template("notifications/inbox.html").origin.name).read_text()
        blocks_of_it = set(re.findall(r"{% block (inbox_\w+) %}", source))
        self.assertEqual(set(re.findall(r"`(inbox_\w+)`", PAGE)), blocks_of_it)

    def test_each_variable_that_is_named_is_one_of_the_style_sheet(self):
        css = Path(finders.find("notifications/inbox.css")).read_text()
        [example] = blocks(PAGE, "css")
        self.assertEqual(set(re.findall(r"--\w+-\w+", example)), set(re.findall(r"--\w+-\w+", css)))

    def test_each_filter_that_is_named_is_one_of_the_form_and_no_other_is_left_out(self):
        named = " ".join(table(PAGE, "address"))
        self.assertEqual(set(re.findall(r"\?(\w+)=", named)), set(FilterForm.base_fields))
