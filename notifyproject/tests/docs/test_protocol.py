"""docs/reference/protocol.md against the code."""

import json
import re
from inspect import signature
from typing import get_args

from django.test import SimpleTestCase

from notifications import conf
from notifications.access.tickets import SUBPROTOCOL, SUBPROTOCOL_PREFIX
from notifications.models import Notification
from notifications.wire import protocol

from .pages import page

TEXT = page("reference/protocol")
SERVER_FRAMES = TEXT.split("## Frames from the server")[1].split("## Frames from the client")[0]
CLIENT_FRAMES = TEXT.split("## Frames from the client")[1].split("## Credit")[0]
CLOSE_CODES = dict(re.findall(r"^\| (\d{4}) \|.*\| ([\w ]+) \|$", TEXT, re.MULTILINE))


def examples(text, pattern):
    return [json.loads(example) for example in re.findall(pattern, text, re.DOTALL)]


def server_frames():
    """What the server's functions make, by type."""
    content = Notification(title="Title").frame(id=1, created_at=None)
    texts = [
        protocol.hello(**dict.fromkeys(signature(protocol.hello).parameters, 0)),
        content,
        protocol.batch([content]),
        protocol.state(0, 0),
        protocol.edited(content),
        protocol.RESYNC,
        protocol.PONG,
        protocol.error(protocol.FrameRefused("malformed", "")),
    ]
    frames = [json.loads(text) for text in texts]
    return {frame["type"]: frame for frame in frames}


class ProtocolDocumentTests(SimpleTestCase):
    def test_every_close_code_is_documented_with_what_to_do(self):
        own = {value for name, value in vars(protocol.CloseCode).items() if name.isupper()}
        codes = {str(code) for code in own | protocol.RECONNECT_CODES}
        self.assertEqual(set(CLOSE_CODES), codes)
        reconnect = {int(code) for code, then in CLOSE_CODES.items() if then == "reconnect"}
        self.assertEqual(reconnect, protocol.RECONNECT_CODES)
        self.assertEqual(set(CLOSE_CODES.values()), {"reconnect", "stay away"})

    def test_every_error_code_of_the_protocol_is_documented(self):
        documented = set(re.findall(r"^\| `(\w+)` \|", SERVER_FRAMES, re.MULTILINE))
        self.assertLessEqual(set(get_args(protocol.ErrorCode)), documented)

    def test_documented_examples_of_server_frames_are_what_the_server_sends(self):
        shown = {frame["type"]: frame for frame in examples(SERVER_FRAMES, r"```json\n(.*?)```")}
        made = server_frames()
        self.assertEqual(re.findall(r"^### `(\w+)`", SERVER_FRAMES, re.MULTILINE), list(made))
        self.assertEqual(set(shown), set(made))
        for kind, frame in made.items():
            with self.subTest(kind):
                self.assertEqual(set(shown[kind]) - {"read"}, set(frame) - {"read"})

    def test_documented_examples_of_client_frames_are_accepted_and_complete(self):
        shown = examples(CLIENT_FRAMES, r"`(\{.*?\})`")
        types = {frame_type.__struct_config__.tag for frame_type in get_args(protocol.ClientFrame)}
        self.assertEqual({frame["type"] for frame in shown}, types)
        for frame in shown:
            protocol.decode(json.dumps(frame), 1000)

    def test_settings_that_the_protocol_document_names_exist(self):
        named = set(re.findall(r"`([A-Z]+_[A-Z_]+|WINDOW)`", TEXT))
        foreign = {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "USE_TZ"}
        self.assertEqual(named - foreign - conf.names(), set())

    def test_the_protocol_document_names_version_subprotocols_and_limits_as_they_are(self):
        self.assertIn(f"# Wire protocol, version {protocol.VERSION}\n", TEXT)
        self.assertIn(f"`{SUBPROTOCOL}`", TEXT)
        self.assertIn(f"`{SUBPROTOCOL_PREFIX}<ticket>`", TEXT)
        self.assertIn(f"1 to {protocol.MAX_IDS_PER_FRAME:,} ids", TEXT)
