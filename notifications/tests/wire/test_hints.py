import uuid

import msgspec
from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from notifications.wire import hints
from notifications.wire.hints import Announced, Changed, Notified, SignedOut, user_group

ids = st.integers(1, 2**63 - 1)
any_hint = (
    st.builds(Notified, ids, st.text())
    | st.builds(Announced, ids, st.text())
    | st.builds(Changed, st.sampled_from(["seen", "read", "archived"]), st.lists(ids))
    | st.builds(SignedOut, st.text())
)


class HintEncodingTests(SimpleTestCase):
    @given(any_hint)
    def test_a_hint_is_decoded_as_it_was_encoded(self, hint):
        self.assertEqual(hints.decode(hints.encode(hint)), hint)

    @given(st.binary())
    def test_any_bytes_are_decoded_as_a_hint_or_refused(self, payload):
        try:
            hint = hints.decode(payload)
        except msgspec.DecodeError:
            return
        self.assertIsInstance(hint, hints.Hint)


class UserGroupTests(SimpleTestCase):
    def test_a_plain_primary_key_can_be_read_in_the_name_of_the_users_group(self):
        self.assertEqual(user_group(7), "user.7")
        pk = uuid.UUID("12345678-1234-5678-1234-567812345678")
        self.assertEqual(user_group(pk), "user.12345678-1234-5678-1234-567812345678")

    def test_any_other_primary_key_is_hashed_in_the_name_of_the_users_group(self):
        for pk in ("alice@example.com", "Zoë", "two words", "x" * 81, "", "a\n"):
            with self.subTest(pk):
                self.assertRegex(user_group(pk), r"^user\.sha256\.[0-9a-f]{64}\Z")

    @given(st.integers() | st.text())
    def test_every_layer_takes_the_name_of_a_users_group(self, pk):
        self.assertTrue(InMemoryChannelLayer().require_valid_group_name(user_group(pk)))

    @given(st.text(), st.text())
    def test_no_two_users_share_the_name_of_a_group(self, one, other):
        self.assertEqual(user_group(one) == user_group(other), one == other)

    def test_the_group_of_a_user_is_never_that_of_the_hubs(self):
        self.assertNotEqual(user_group("hubs"), hints.HUBS)


class SessionDigestTests(SimpleTestCase):
    def test_a_session_digest_tells_sessions_apart_and_does_not_reveal_the_key(self):
        digest = hints.session_digest("secretkey")
        self.assertEqual(digest, hints.session_digest("secretkey"))
        self.assertNotEqual(digest, hints.session_digest("secretkex"))
        self.assertNotIn("secretkey", digest)
