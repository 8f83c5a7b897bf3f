import json

from django.test import SimpleTestCase, tag
from django.utils.safestring import mark_safe
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.wire import protocol
from notifications.wire.protocol import (
    MAX_IDS_PER_FRAME,
    Ack,
    Archive,
    CloseCode,
    FrameRefused,
    Ping,
    Read,
    ReadAll,
    Seen,
    decode,
)

MAX_BYTES = 16384
CODES = {"malformed", "unknown", "oversized"}
BIGGEST_ID = 2**63 - 1

ids = st.lists(st.integers(1, BIGGEST_ID), min_size=1, max_size=20)
frames = st.one_of(
    *(st.builds(kind, ids) for kind in (Ack, Seen, Read, Archive)),
    st.builds(ReadAll, st.integers(1, BIGGEST_ID)),
    st.builds(Ping),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
nearly_frames = st.fixed_dictionaries(
    {"type": st.sampled_from(["ack", "seen", "read", "archive", "read_all", "ping"]) | json_values},
    optional={"ids": st.lists(st.integers() | json_values) | json_values, "upto": json_values},
)
content = st.fixed_dictionaries({"id": st.integers(1, BIGGEST_ID), "title": st.text()})


def refusal(text, max_bytes=MAX_BYTES):
    try:
        decode(text, max_bytes)
    except FrameRefused as refused:
        return refused
    raise AssertionError(f"{text!r} was not refused")


class AnyInputTests(SimpleTestCase):
    """Whatever a client sends is a frame or a refusal, never another exception."""

    def check(self, text):
        try:
            frame = decode(text, MAX_BYTES)
        except FrameRefused as refused:
            self.assertIn(refused.code, CODES)
            answer = json.loads(protocol.error(refused))
            self.assertEqual((answer["type"], answer["code"]), ("error", refused.code))
            self.assertTrue(answer["detail"])
        else:
            self.assertIsInstance(frame, protocol.ClientFrame)

    @given(st.text(st.characters(exclude_categories=[])))
    @example("")
    @example("\ud800")
    @example('{"type": "\\ud800"}')
    @example("\x00")
    @example('\ufeff{"type": "ping"}')
    @example("[" * MAX_BYTES)
    @example('{"type":' * 2000)
    @example('{"x":' + "[" * 16000)
    @example('{"type": "ack", "ids": [1e999]}')
    def test_any_text_is_decoded_as_a_frame_or_refused(self, text):
        self.check(text)

    @tag("slow")
    @given(json_values | nearly_frames)
    def test_any_json_is_decoded_as_a_frame_or_refused(self, value):
        self.check(json.dumps(value))

    @given(frames, st.data())
    def test_any_part_of_a_frame_is_decoded_or_refused(self, frame, data):
        text = protocol.encode(frame)
        cut = data.draw(st.integers(0, len(text)))
        self.check(text[:cut])
        self.check(text[cut:])


class DecodeTests(SimpleTestCase):
    @given(frames)
    def test_a_client_frame_is_decoded_as_it_was_encoded(self, frame):
        self.assertEqual(decode(protocol.encode(frame), 10**6), frame)

    def test_client_frames_as_in_the_documentation_are_decoded(self):
        for text, frame in (
            ('{"type": "ack", "ids": [1, 2]}', Ack([1, 2])),
            ('{"type": "seen", "ids": [3]}', Seen([3])),
            ('{"type": "read", "ids": [3]}', Read([3])),
            ('{"ids": [3], "type": "archive"}', Archive([3])),
            ('{"type": "read_all", "upto": 7}', ReadAll(7)),
            (' {"type": "ping"}\n', Ping()),
        ):
            self.assertEqual(decode(text, MAX_BYTES), frame)

    def test_fields_of_a_later_version_of_the_protocol_are_ignored(self):
        self.assertEqual(decode('{"type": "ping", "sent_at": 17}', MAX_BYTES), Ping())

    def test_a_frame_may_name_as_many_ids_as_the_limit_and_no_more(self):
        frame = Ack(list(range(1, MAX_IDS_PER_FRAME + 1)))
        self.assertEqual(decode(protocol.encode(frame), MAX_BYTES), frame)
        too_many = Ack([*frame.ids, 7])
        self.assertEqual(refusal(protocol.encode(too_many)).code, "malformed")

    def test_a_text_that_is_no_json_object_with_a_type_is_refused_as_malformed(self):
        for text in ("", "ack", "[]", "7", "null", "{}", '{"type": 7}', '{"ids": [1]}', "{"):
            with self.subTest(text):
                refused = refusal(text)
                self.assertEqual(refused.code, "malformed")
                self.assertIn("a JSON object with a text field 'type'", refused.detail)

    def test_a_frame_of_an_unknown_type_is_refused_with_the_known_types(self):
        for kind in ("notification", "Ack", "", "ack "):
            refused = refusal(json.dumps({"type": kind, "ids": [1]}))
            self.assertEqual(refused.code, "unknown")
            self.assertIn("ack, seen, read, archive, read_all, ping", refused.detail)

    def test_the_refusal_of_a_wrong_frame_says_which_field_is_wrong(self):
        for text, where in (
            ('{"type": "ack"}', "missing required field `ids`"),
            ('{"type": "ack", "ids": []}', r"length >= 1 - at `\$.ids`"),
            ('{"type": "ack", "ids": 7}', r"got `int` - at `\$.ids`"),
            ('{"type": "seen", "ids": ["1"]}', r"got `str` - at `\$.ids\[0\]`"),
            ('{"type": "read", "ids": [1, 0]}', r"at `\$.ids\[1\]`"),
            ('{"type": "archive", "ids": [-1]}', r"at `\$.ids\[0\]`"),
            ('{"type": "ack", "ids": [1.5]}', r"at `\$.ids\[0\]`"),
            ('{"type": "ack", "ids": [true]}', r"at `\$.ids\[0\]`"),
            ('{"type": "ack", "ids": [9223372036854775808]}', r"at `\$.ids\[0\]`"),
            ('{"type": "read_all"}', "missing required field `upto`"),
            ('{"type": "read_all", "upto": null}', r"at `\$.upto`"),
        ):
            with self.subTest(text):
                refused = refusal(text)
                self.assertEqual(refused.code, "malformed")
                self.assertRegex(refused.detail, where)

    def test_a_frame_over_the_byte_limit_is_refused_as_oversized(self):
        text = '{"type": "ping"}'
        self.assertEqual(decode(text, len(text)), Ping())
        refused = refusal(text, len(text) - 1)
        self.assertEqual(refused.code, "oversized")
        self.assertIn("at most 15 bytes", refused.detail)

    def test_the_limit_of_a_frame_counts_bytes_and_not_characters(self):
        text = '{"type": "ping", "x": "👋"}'
        self.assertEqual(decode(text, len(text.encode())), Ping())
        self.assertEqual(refusal(text, len(text.encode()) - 1).code, "oversized")


class EncodeTests(SimpleTestCase):
    @tag("slow")
    @given(st.lists(content))
    def test_a_batch_frame_holds_its_notifications_unchanged(self, contents):
        texts = [protocol.notification(content) for content in contents]
        frame = json.loads(protocol.batch(texts))
        self.assertEqual(frame, {"type": "batch", "items": list(map(json.loads, texts))})

    @given(content)
    def test_a_notification_frame_is_its_content_with_a_type(self, content):
        frame = json.loads(protocol.notification(content))
        self.assertEqual(frame, {"type": "notification", **content})

    @tag("slow")
    @given(json_values)
    def test_any_data_is_encoded_in_a_notification_frame_as_it_was_given(self, data):
        self.assertEqual(json.loads(protocol.notification({"data": data}))["data"], data)

    def test_a_title_marked_safe_for_html_is_encoded_as_plain_text(self):
        frame = json.loads(protocol.notification({"title": mark_safe("<b>Hi</b>")}))
        self.assertEqual(frame["title"], "<b>Hi</b>")

    def test_an_object_that_is_no_data_cannot_be_encoded(self):
        with self.assertRaises(TypeError):
            protocol.notification({"data": object()})

    def test_hello_tells_epoch_counts_window_and_retry_times(self):
        text = protocol.hello(
            epoch="e", unread=3, upto=9, queued=2, dropped=1, window=64, retry=(1.0, 5.0)
        )
        self.assertEqual(
            json.loads(text),
            {
                "type": "hello",
                "protocol": 1,
                "epoch": "e",
                "unread": 3,
                "upto": 9,
                "queued": 2,
                "dropped": 1,
                "window": 64,
                "retry": [1.0, 5.0],
            },
        )

    def test_a_state_frame_names_the_ids_that_changed(self):
        self.assertEqual(
            json.loads(protocol.state(4, 9)), {"type": "state", "unread": 4, "upto": 9}
        )
        self.assertEqual(
            json.loads(protocol.state(4, 9, {"read": [1], "seen": [2, 3]})),
            {"type": "state", "unread": 4, "upto": 9, "read": [1], "seen": [2, 3]},
        )

    def test_pong_and_resync_frames_have_just_a_type(self):
        self.assertEqual(json.loads(protocol.PONG), {"type": "pong"})
        self.assertEqual(json.loads(protocol.RESYNC), {"type": "resync"})


class CloseCodeTests(SimpleTestCase):
    codes = {name: code for name, code in vars(CloseCode).items() if name.isupper()}

    def test_each_close_code_is_one_that_servers_let_an_application_use(self):
        self.assertEqual([code for code in self.codes.values() if not 3000 <= code <= 4999], [])

    def test_each_close_code_has_one_meaning(self):
        self.assertEqual(len(set(self.codes.values())), len(self.codes))

    def test_clients_reconnect_only_after_close_codes_where_that_can_help(self):
        reconnect = {name for name, code in self.codes.items() if code in protocol.RECONNECT_CODES}
        self.assertEqual(reconnect, {"UNRESPONSIVE", "SESSION_RENEWED", "RESTART"})
        self.assertLessEqual({1000, 1001, 1006, 1012}, protocol.RECONNECT_CODES)
