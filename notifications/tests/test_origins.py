from django.test import SimpleTestCase, override_settings

from notifications.origins import origin_allowed


def scope(origin=None, host="example.com", query=""):
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"headers": headers, "query_string": query.encode(), "subprotocols": []}


@override_settings(ALLOWED_HOSTS=["example.com", ".shop.example"], CSRF_TRUSTED_ORIGINS=[])
class OriginTests(SimpleTestCase):
    def assert_allowed(self, *origins, **asked):
        for origin in origins:
            with self.subTest(origin):
                self.assertTrue(origin_allowed(scope(origin, **asked)))

    def assert_refused(self, *origins, **asked):
        for origin in origins:
            with self.subTest(origin):
                self.assertIs(origin_allowed(scope(origin, **asked)), False)

    def test_it_allows_pages_of_the_allowed_hosts(self):
        self.assert_allowed("https://example.com", "http://example.com:8000", "https://EXAMPLE.com")
        self.assert_allowed("https://shop.example", "https://a.b.shop.example")

    def test_it_rejects_foreign_pages(self):
        self.assert_refused(
            "https://evil.com",
            "https://example.com.evil.com",
            "https://evilexample.com",
            "https://www.example.com",
            "https://evilshop.example",
            "https://example.com@evil.com",
        )

    def test_it_rejects_a_foreign_page_in_spite_of_a_ticket(self):
        self.assert_refused("https://evil.com", query="ticket=x")

    def test_it_rejects_a_page_without_an_origin_of_its_own(self):
        self.assert_refused("null", "", "file://", "about:blank")

    def test_it_rejects_what_is_no_origin(self):
        self.assert_refused(
            "http://[", "http://]", "://", "\x00", "http://example.com\x00.evil.com"
        )

    def test_without_an_origin_it_wants_a_ticket(self):
        self.assert_refused(None)
        self.assert_refused(None, query="ticket=")
        self.assert_allowed(None, query="ticket=x")

    def test_a_ticket_may_come_as_a_subprotocol(self):
        asked = {**scope(), "subprotocols": ["notifications.v1", "ticket.x"]}
        self.assertTrue(origin_allowed(asked))

    @override_settings(CSRF_TRUSTED_ORIGINS=["https://app.example:8443", "https://*.pages.example"])
    def test_it_allows_trusted_origins(self):
        self.assert_allowed("https://app.example:8443", "https://one.pages.example")
        self.assert_refused(
            "https://app.example", "http://app.example:8443", "http://one.pages.example"
        )
        self.assert_refused("https://app.example:port", "https://app.example:99999")

    @override_settings(ALLOWED_HOSTS=["*"])
    def test_any_host_means_the_host_that_was_asked_for(self):
        self.assert_allowed("http://example.com")
        self.assert_allowed("http://example.com:8000", host="example.com:8000")
        self.assert_allowed("http://localhost:8000", host="localhost:8000")
        self.assert_allowed("http://127.0.0.1:8000", host="127.0.0.1:8000")
        self.assert_allowed("http://[::1]:8000", host="[::1]:8000")
        self.assert_refused("https://evil.com")
        self.assert_refused("https://evil.com", "https://localhost.evil.com", host="localhost:8000")

    @override_settings(ALLOWED_HOSTS=["*"])
    def test_a_host_cannot_be_a_pattern(self):
        for host in ("*", ".com", "", "[", "https://evil.com", "example.com, evil.com"):
            self.assert_refused("https://evil.com", host=host)

    @override_settings(ALLOWED_HOSTS=[], DEBUG=True)
    def test_while_debugging_it_allows_local_pages(self):
        self.assert_allowed("http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000")
        self.assert_refused("https://example.com")

    @override_settings(ALLOWED_HOSTS=[], DEBUG=False)
    def test_without_allowed_hosts_it_rejects_everything(self):
        self.assert_refused("http://localhost", "https://example.com")
