from django.template import Context, Template
from django.test import SimpleTestCase

from notifications.templatetags.notifications import page_link


class PageLinkTests(SimpleTestCase):
    def test_the_filter_page_link_keeps_addresses_of_pages(self):
        for url in (
            "/orders/17/",
            "orders/17/",
            "?page=2",
            "#top",
            "http://a.test/",
            "HTTPS://a.test",
        ):
            with self.subTest(url=url):
                self.assertEqual(page_link(url), url)

    def test_the_filter_page_link_drops_addresses_that_run_or_open_something_else(self):
        for url in (
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "\x01javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "http://[",
        ):
            with self.subTest(url=url):
                self.assertEqual(page_link(url), "")

    def test_templates_can_load_the_filter_page_link(self):
        template = Template("{% load notifications %}{{ url|page_link }}")
        self.assertEqual(template.render(Context({"url": "/a?b=1&c=2"})), "/a?b=1&amp;c=2")
