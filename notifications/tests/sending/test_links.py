from notifications.send import notify

from .contents import ContentTestCase


class LinkTests(ContentTestCase):
    def test_links_that_run_code_or_lead_elsewhere_are_refused(self):
        for url in (
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "\x01javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:msgbox(1)",
            "file:///etc/passwd",
        ):
            self.assert_refused("is not a link to a page", url=url)
        self.assert_refused("is not a link: Invalid IPv6 URL", url="http://[")

    def test_links_that_browsers_read_otherwise_are_refused(self):
        for url in (
            "/orders/17/\n",
            "\t/orders/",
            "/two words/",
            "/a\u2028b",
            "/a\x7fb",
            "/\\evil.example",
            "https:\\\\evil.example",
        ):
            self.assert_refused("is not a link to a page; percent-encode", url=url)
        for url in ("http:", "https://", "https:///path", "http:evil.example", "https://:80/"):
            self.assert_refused("is not a link to a page$", url=url)
        self.assert_refused("is not a link: Port", url="http://example.com:99999/")
        self.assert_refused("is not a link: Port", url="http://example.com:abc/")

    def test_a_link_may_have_letters_of_any_language_a_port_and_ipv6(self):
        for url in ("/Zoë/👋/", "https://bücher.example:8443/?q=1#x", "http://[::1]:80/"):
            self.assertEqual(notify([], "Hi", url=url).url, url)
