from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from perftests.suites.rivals import mqtt

NUMBERS = st.integers(1, 0xFFFF)


class PacketTests(SimpleTestCase):
    @given(st.lists(st.binary(max_size=20_000), max_size=5), st.data())
    def test_a_stream_that_comes_in_any_pieces_is_the_same_packets(self, bodies, data):
        stream = b"".join(mqtt.packet(mqtt.PUBLISH, body) for body in bodies)
        reader, read = mqtt.Reader(), []
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            read += reader.feed(stream[:size])
            stream = stream[size:]
        self.assertEqual([packet.body for packet in read], bodies)

    @given(st.text(max_size=50), st.binary(max_size=300), NUMBERS)
    def test_a_message_has_its_payload_and_the_number_to_acknowledge(self, topic, payload, number):
        [packet] = mqtt.Reader().feed(mqtt.publish(topic, payload, number))
        self.assertEqual((packet.payload, packet.number, packet.wants_ack), (payload, number, True))
        [ack] = mqtt.Reader().feed(mqtt.puback(number))
        self.assertEqual((ack.kind, ack.body), (mqtt.PUBACK, number.to_bytes(2, "big")))

    def test_a_message_without_acks_has_no_number_before_its_payload(self):
        body = b"\x00\x01t" + b"text"
        [packet] = mqtt.Reader().feed(mqtt.packet(mqtt.PUBLISH, body))
        self.assertEqual((packet.payload, packet.wants_ack), (b"text", False))

    def test_a_session_is_kept_for_who_is_not_clean(self):
        [clean], [kept] = (mqtt.Reader().feed(mqtt.connect("c", clean=c)) for c in (True, False))
        self.assertEqual((clean.body[7], kept.body[7]), (mqtt.CLEAN_SESSION, 0))
        self.assertEqual(clean.body[:7], b"\x00\x04MQTT\x04")

    def test_a_length_without_an_end_is_refused(self):
        with self.assertRaisesMessage(ValueError, "more than four bytes"):
            list(mqtt.Reader().feed(b"\x30\xff\xff\xff\xff\xff"))
