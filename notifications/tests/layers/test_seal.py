from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from notifications.layers.seal import Seal

OURS, THEIRS = Seal("ours"), Seal("theirs")


def sealed(seal, content, group):
    [(data, [name])] = seal.close(content, [group])
    return data, name


class SealTests(SimpleTestCase):
    @given(st.binary(), st.text())
    def test_content_is_opened_with_the_key_that_sealed_it(self, content, group):
        self.assertEqual(OURS.open(*sealed(OURS, content, group)), content)

    @given(st.binary(), st.text())
    def test_content_sealed_with_another_key_is_refused_under_the_right_name(self, content, group):
        data, _ = sealed(THEIRS, content, group)
        self.assertIsNone(OURS.open(data, OURS.name(group)))

    def test_content_sealed_for_one_group_is_refused_in_another(self):
        data, _ = sealed(OURS, b"for ada", "user.1")
        self.assertIsNone(OURS.open(data, OURS.name("user.2")))

    @given(st.integers(0, 26), st.integers(1, 255))
    def test_sealed_content_with_a_changed_byte_is_refused(self, position, change):
        data, name = sealed(OURS, b"0123456789", "user.1")
        self.assertEqual(len(data), 26)
        changed = bytearray(data + b"\0")
        changed[position] ^= change
        self.assertIsNone(OURS.open(bytes(changed[:26] if position < 26 else changed), name))

    @given(st.binary(max_size=40))
    def test_bytes_that_were_never_sealed_are_refused(self, data):
        self.assertIsNone(OURS.open(data, OURS.name("user.1")))

    def test_each_key_gives_the_same_groups_names_of_its_own(self):
        names = {seal.name(group) for seal in (OURS, THEIRS) for group in ("user.1", "user.2")}
        self.assertEqual(len(names), 4)
        self.assertEqual(OURS.name("user.1"), Seal(b"ours").name("user.1"))

    @given(st.text())
    def test_every_layer_takes_the_sealed_name_of_any_group(self, group):
        name = OURS.name(group)
        self.assertTrue(InMemoryChannelLayer().require_valid_group_name(name))
        self.assertEqual(len(name), 32)

    def test_neither_the_name_of_a_group_nor_the_id_of_a_key_reveals_either(self):
        for visible in (OURS.name("user.1"), OURS.id.decode("latin-1")):
            self.assertNotIn("ours", visible)
            self.assertNotIn("user", visible)
