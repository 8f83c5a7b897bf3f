import json

from django.test import SimpleTestCase
from django.utils.safestring import mark_safe
from hypothesis import example, given
from hypothesis import strategies as st

from notifications import protocol
from notifications.protocol import (
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
    def test_any_text(self, text):
        self.check(text)

    @given(json_values | nearly_frames)
    def test_any_json(self, value):
        self.check(json.dumps(value))

    @given(frames, st.data())
    def test_any_part_of_a_frame(self, frame, data):
        text = protocol.encode(frame)
        cut = data.draw(st.integers(0, len(text)))
        self.check(text[:cut])
        self.check(text[cut:])


class DecodeTests(SimpleTestCase):
    @given(frames)
    def test_a_frame_comes_back_as_it_was(self, frame):
        self.assertEqual(decode(protocol.encode(frame), 10**6), frame)

    def test_it_reads_the_frames_of_the_documentation(self):
        for text, frame in (
            ('{"type": "ack", "ids": [1, 2]}', Ack([1, 2])),
            ('{"type": "seen", "ids": [3]}', Seen([3])),
            ('{"type": "read", "ids": [3]}', Read([3])),
            ('{"ids": [3], "type": "archive"}', Archive([3])),
            ('{"type": "read_all", "upto": 7}', ReadAll(7)),
            (' {"type": "ping"}\n', Ping()),
        ):
            self.assertEqual(decode(text, MAX_BYTES), frame)

    def test_it_ignores_fields_of_a_later_version(self):
        self.assertEqual(decode('{"type": "ping", "sent_at": 17}', MAX_BYTES), Ping())

    def test_a_frame_may_name_as_many_ids_as_the_limit(self):
        frame = Ack(list(range(1, MAX_IDS_PER_FRAME + 1)))
        self.assertEqual(decode(protocol.encode(frame), MAX_BYTES), frame)
        too_many = Ack([*frame.ids, 7])
        self.assertEqual(refusal(protocol.encode(too_many)).code, "malformed")

    def test_it_rejects_what_is_no_json_object_with_a_type(self):
        for text in ("", "ack", "[]", "7", "null", "{}", '{"type": 7}', '{"ids": [1]}', "{"):
            with self.subTest(text):
                refused = refusal(text)
                self.assertEqual(refused.code, "malformed")
                self.assertIn("a JSON object with a text field 'type'", refused.detail)

    def test_it_names_the_types_to_one_who_sends_another(self):
        for kind in ("notification", "Ack", "", "ack "):
            refused = refusal(json.dumps({"type": kind, "ids": [1]}))
            self.assertEqual(refused.code, "unknown")
            self.assertIn("ack, seen, read, archive, read_all, ping", refused.detail)

    def test_it_says_where_a_known_frame_is_wrong(self):
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

    def test_it_rejects_a_frame_over_the_limit_before_it_reads_it(self):
        text = '{"type": "ping"}'
        self.assertEqual(decode(text, len(text)), Ping())
        refused = refusal(text, len(text) - 1)
        self.assertEqual(refused.code, "oversized")
        self.assertIn("at most 15 bytes", refused.detail)


class EncodeTests(SimpleTestCase):
    @given(st.lists(content))
    def test_a_batch_holds_the_same_notifications(self, contents):
        texts = [protocol.notification(content) for content in contents]
        frame = json.loads(protocol.batch(texts))
        self.assertEqual(frame, {"type": "batch", "items": list(map(json.loads, texts))})

    @given(content)
    def test_a_notification_is_its_content_with_a_type(self, content):
        frame = json.loads(protocol.notification(content))
        self.assertEqual(frame, {"type": "notification", **content})

    @given(json_values)
    def test_any_data_comes_out_as_it_went_in(self, data):
        self.assertEqual(json.loads(protocol.notification({"data": data}))["data"], data)

    def test_text_that_is_safe_for_html_is_text(self):
        frame = json.loads(protocol.notification({"title": mark_safe("<b>Hi</b>")}))
        self.assertEqual(frame["title"], "<b>Hi</b>")

    def test_it_encodes_nothing_that_is_no_data(self):
        with self.assertRaises(TypeError):
            protocol.notification({"data": object()})

    def test_hello_says_how_to_behave(self):
        text = protocol.hello(unread=3, queued=2, dropped=1, window=64, retry=(1.0, 5.0))
        self.assertEqual(
            json.loads(text),
            {
                "type": "hello",
                "protocol": 1,
                "unread": 3,
                "queued": 2,
                "dropped": 1,
                "window": 64,
                "retry": [1.0, 5.0],
            },
        )

    def test_state_names_what_changed(self):
        self.assertEqual(json.loads(protocol.state(4, {})), {"type": "state", "unread": 4})
        self.assertEqual(
            json.loads(protocol.state(4, {"read": [1], "seen": [2, 3]})),
            {"type": "state", "unread": 4, "read": [1], "seen": [2, 3]},
        )

    def test_frames_without_content_have_just_a_type(self):
        self.assertEqual(json.loads(protocol.PONG), {"type": "pong"})
        self.assertEqual(json.loads(protocol.RESYNC), {"type": "resync"})


class CloseCodeTests(SimpleTestCase):
    codes = {name: code for name, code in vars(CloseCode).items() if name.isupper()}

    def test_each_is_one_that_servers_let_an_application_use(self):
        self.assertEqual([code for code in self.codes.values() if not 3000 <= code <= 4999], [])

    def test_each_has_one_meaning(self):
        self.assertEqual(len(set(self.codes.values())), len(self.codes))

    def test_a_client_comes_back_only_where_that_can_help(self):
        reconnect = {name for name, code in self.codes.items() if code in protocol.RECONNECT_CODES}
        self.assertEqual(reconnect, {"UNRESPONSIVE", "RESTART"})
        self.assertLessEqual({1000, 1001, 1006, 1012}, protocol.RECONNECT_CODES)
