from django.test import SimpleTestCase, override_settings, tag

from notifications.access.origins import (
    MAX_LOGGED,
    MAX_REMEMBERED,
    MAX_REMEMBERED_CHARACTERS,
    _is_ours,
    origin_allowed,
)

from ..logs import silence


def scope(origin=None, host="example.com", query="", forwarded=()):
    headers = [(b"host", host.encode())]
    headers += [(b"x-forwarded-host", name.encode()) for name in forwarded]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"headers": headers, "query_string": query.encode(), "subprotocols": []}


@override_settings(ALLOWED_HOSTS=["example.com", ".shop.example"], CSRF_TRUSTED_ORIGINS=[])
class OriginTests(SimpleTestCase):
    def setUp(self):
        silence(self, "notifications.access.origins")

    def assert_allowed(self, *origins, **asked):
        for origin in origins:
            with self.subTest(origin):
                self.assertTrue(origin_allowed(scope(origin, **asked)))

    def assert_refused(self, *origins, **asked):
        for origin in origins:
            with self.subTest(origin):
                self.assertIs(origin_allowed(scope(origin, **asked)), False)

    def test_pages_of_the_allowed_hosts_are_allowed(self):
        self.assert_allowed("https://example.com", "http://example.com:8000", "https://EXAMPLE.com")
        self.assert_allowed("https://shop.example", "https://a.b.shop.example")

    def test_the_memory_of_answers_is_bounded_and_takes_nothing_long(self):
        for number in range(2 * MAX_REMEMBERED):
            origin_allowed(scope(f"https://{number}.example"))
        self.assertEqual(_is_ours.cache_info().currsize, MAX_REMEMBERED)
        before = _is_ours.cache_info()
        self.assert_refused("https://" + "a" * MAX_REMEMBERED_CHARACTERS)
        self.assertEqual(_is_ours.cache_info(), before)

    def test_an_answer_is_forgotten_with_the_settings_it_was_given_under(self):
        self.assert_refused("https://other.example")
        with override_settings(ALLOWED_HOSTS=["other.example"]):
            self.assert_allowed("https://other.example")
            self.assert_refused("https://example.com")
        self.assert_refused("https://other.example")

    def test_pages_of_foreign_hosts_are_refused(self):
        self.assert_refused(
            "https://evil.com",
            "https://example.com.evil.com",
            "https://evilexample.com",
            "https://www.example.com",
            "https://evilshop.example",
            "https://example.com@evil.com",
        )

    def test_a_foreign_page_is_refused_in_spite_of_a_ticket(self):
        self.assert_refused("https://evil.com", query="ticket=x")

    def test_a_page_without_an_origin_of_its_own_is_refused(self):
        self.assert_refused("null", "", "file://", "about:blank")

    def test_an_origin_header_that_is_no_origin_is_refused(self):
        self.assert_refused(
            "http://[", "http://]", "://", "\x00", "http://example.com\x00.evil.com"
        )

    def test_a_request_without_an_origin_is_allowed_only_with_a_ticket(self):
        self.assert_refused(None)
        self.assert_refused(None, query="ticket=")
        self.assert_allowed(None, query="ticket=x")

    def test_a_request_without_an_origin_may_show_its_ticket_as_a_subprotocol(self):
        asked = {**scope(), "subprotocols": ["notifications.v1", "ticket.x"]}
        self.assertTrue(origin_allowed(asked))

    @override_settings(CSRF_TRUSTED_ORIGINS=["https://app.example:8443", "https://*.pages.example"])
    def test_csrf_trusted_origins_are_allowed(self):
        self.assert_allowed("https://app.example:8443", "https://one.pages.example")
        self.assert_refused(
            "https://app.example", "http://app.example:8443", "http://one.pages.example"
        )
        self.assert_refused("https://app.example:port", "https://app.example:99999")

    @override_settings(ALLOWED_HOSTS=["*"])
    def test_allowing_any_host_allows_only_pages_of_the_host_that_was_asked_for(self):
        self.assert_allowed("http://example.com")
        self.assert_allowed("http://example.com:8000", host="example.com:8000")
        self.assert_allowed("http://localhost:8000", host="localhost:8000")
        self.assert_allowed("http://127.0.0.1:8000", host="127.0.0.1:8000")
        self.assert_allowed("http://[::1]:8000", host="[::1]:8000")
        self.assert_refused("https://evil.com")
        self.assert_refused("https://evil.com", "https://localhost.evil.com", host="localhost:8000")

    @override_settings(ALLOWED_HOSTS=["*"])
    def test_a_host_header_is_not_taken_for_a_pattern_of_origins(self):
        for host in ("*", ".com", "", "[", "https://evil.com", "example.com, evil.com"):
            self.assert_refused("https://evil.com", host=host)

    @override_settings(ALLOWED_HOSTS=[], DEBUG=True)
    def test_local_pages_are_allowed_while_debugging(self):
        self.assert_allowed("http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000")
        self.assert_refused("https://example.com")

    @override_settings(ALLOWED_HOSTS=[], DEBUG=False)
    def test_every_page_is_refused_without_allowed_hosts(self):
        self.assert_refused("http://localhost", "https://example.com")

    @override_settings(NOTIFICATIONS={"ALLOWED_ORIGINS": ["https://a.example:8443"]})
    def test_the_setting_allowed_origins_allows_pages_besides_those_of_the_hosts(self):
        self.assert_allowed("https://a.example:8443", "https://example.com")
        self.assert_refused(
            "https://a.example", "http://a.example:8443", "https://b.a.example:8443"
        )

    @override_settings(
        NOTIFICATIONS={"ALLOWED_ORIGINS": ("https://*.app.example", "app://localhost")}
    )
    def test_the_setting_allowed_origins_takes_all_subdomains_and_the_scheme_of_an_app(self):
        self.assert_allowed("https://x.app.example", "https://y.x.app.example", "app://localhost")
        self.assert_refused("http://x.app.example", "https://xapp.example", "other://localhost")

    @override_settings(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=True)
    def test_behind_a_proxy_the_forwarded_host_is_the_one_that_was_asked_for(self):
        for forwarded in (["example.com"], ["example.com:443"], ["example.com, inner.proxy"]):
            asked = {"host": "backend:8000", "forwarded": forwarded}
            self.assert_allowed("https://example.com", **asked)
            self.assert_refused("https://backend:8000", "https://evil.com", **asked)
        self.assert_allowed("https://example.com", host="example.com")

    @override_settings(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=False)
    def test_a_forwarded_host_is_not_believed_unless_use_x_forwarded_host_is_on(self):
        self.assert_refused("https://evil.com", forwarded=["evil.com"])


class OriginRefusalLogTests(SimpleTestCase):
    def setUp(self):
        # For each test anew: under other settings other origins are refused.
        self.enterContext(override_settings(ALLOWED_HOSTS=["example.com"]))

    def logged(self, *scopes):
        with self.assertLogs("notifications.access.origins", "WARNING") as logs:
            for asked in scopes:
                origin_allowed(asked)
        return [record.getMessage() for record in logs.records]

    def test_a_refusal_logs_the_origin_the_host_and_the_settings_that_allow_it(self):
        (line,) = self.logged(scope("https://app.example", host="backend:8000"))
        self.assertIn("A page of 'https://app.example' may not open", line)
        self.assertIn("at host 'backend:8000'", line)
        for setting in (
            "NOTIFICATIONS['ALLOWED_ORIGINS']",
            "ALLOWED_HOSTS",
            "USE_X_FORWARDED_HOST",
        ):
            self.assertIn(setting, line)

    def test_each_refused_origin_is_logged_once(self):
        lines = self.logged(*[scope("https://a.example"), scope("https://b.example")] * 5)
        self.assertEqual(len(lines), 2)

    def test_a_request_without_origin_and_ticket_is_logged_once(self):
        (line,) = self.logged(scope(), scope())
        self.assertIn("without an Origin was refused", line)

    @tag("slow")
    def test_strangers_cannot_fill_the_log_with_refused_origins(self):
        lines = self.logged(*[scope(f"https://{number}.example") for number in range(10_000)])
        self.assertEqual(len(lines), MAX_LOGGED + 1)
        self.assertIn("no more will be named", lines[-1])

    def test_strangers_cannot_write_log_lines_of_their_own(self):
        hostile = "https://a\r\nCRITICAL root: all is lost\x1b[31m\u00e4\x00" + "a" * 100_000
        (line,) = self.logged(scope(hostile, host=hostile))
        self.assertLess(len(line), 1000)
        self.assertTrue(line.isascii() and line.isprintable(), line)

    def test_a_request_that_is_allowed_is_not_logged(self):
        with self.assertNoLogs("notifications.access.origins"):
            origin_allowed(scope("https://example.com"))
            origin_allowed(scope(query="ticket=x"))
