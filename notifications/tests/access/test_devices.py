from django.test import RequestFactory, SimpleTestCase, override_settings
from hypothesis import given
from hypothesis import strategies as st

from notifications.access.devices import device_of, trace_in, trace_of
from notifications.db.traces import Device, Door, pack

HANDHELDS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    " Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    " Safari/537.36",
    "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8 Version/11.10 Mobi",
)
COMPUTERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0)",
)
PROGRAMS = (
    "Python/3.12 websockets/15.0",
    "curl/8.5.0",
    "okhttp/4.12.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/140.0.0.0 Safari/537.36",
)

ON = override_settings(NOTIFICATIONS={"TRACE_DEVICES": True})


class DeviceTests(SimpleTestCase):
    def test_phones_and_tablets_computers_and_programs_are_told_apart(self):
        for device, agents in (
            (Device.HANDHELD, HANDHELDS),
            (Device.COMPUTER, COMPUTERS),
            (Device.PROGRAM, PROGRAMS),
            (Device.UNKNOWN, ("", "  ")),
        ):
            for agent in agents:
                with self.subTest(agent):
                    self.assertEqual(device_of(agent), device)

    def test_a_browser_that_says_it_is_mobile_is_believed(self):
        self.assertEqual(device_of(COMPUTERS[0], "?1"), Device.HANDHELD)
        self.assertEqual(device_of(COMPUTERS[0], "?0"), Device.COMPUTER)
        self.assertEqual(device_of(HANDHELDS[3], "?0"), Device.HANDHELD)

    @given(st.text(), st.text())
    def test_any_text_is_some_kind_of_device(self, user_agent, is_mobile):
        self.assertIn(device_of(user_agent, is_mobile), Device)

    def test_of_a_long_header_only_the_beginning_counts(self):
        self.assertEqual(device_of(COMPUTERS[0] + " " * 600 + "Android"), Device.COMPUTER)


class TraceTests(SimpleTestCase):
    @given(st.lists(st.tuples(st.sampled_from([b"user-agent", b"sec-ch-ua-mobile"]), st.binary())))
    def test_a_socket_has_a_trace_whatever_its_headers_hold(self, headers):
        with ON:
            self.assertEqual(trace_in({"headers": headers}) >> 2, Door.WEBSOCKET)

    @ON
    def test_a_request_has_the_trace_of_its_browser(self):
        headers = {"user-agent": COMPUTERS[0], "sec-ch-ua-mobile": "?1"}
        request = RequestFactory().get("/", headers=headers)
        self.assertEqual(trace_of(request), pack(Door.HTTP, Device.HANDHELD))
        self.assertEqual(trace_of(RequestFactory().get("/")), pack(Door.HTTP))

    def test_nobody_has_a_trace_unless_the_site_wants_one(self):
        headers = [(b"user-agent", HANDHELDS[0].encode())]
        self.assertEqual(trace_in({"headers": headers}), 0)
        request = RequestFactory().get("/", headers={"user-agent": HANDHELDS[0]})
        self.assertEqual(trace_of(request), 0)
