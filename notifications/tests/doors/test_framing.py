"""Texts that come alone are read past the server's parser: what is heard stays the same."""

import asyncio
from unittest import mock

from django.test import SimpleTestCase
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from notifications.uvicorn import PreparedFramesProtocol
from notifications.wire.framing import FrameBounds

from .uvicorn_pairs import MAX_BYTES, Application, client_frame, served

UNMASKED = Frame(Opcode.TEXT, b"no mask").serialize(mask=False)


def frame(opcode, data, fin=True):
    return Frame(opcode, data, fin).serialize(mask=True)


def in_parts(parts):
    begin = frame(Opcode.TEXT, b"begin ", fin=False)
    middle = b"".join(frame(Opcode.CONT, part.encode(), fin=False) for part in parts)
    return begin + middle + frame(Opcode.CONT, b"end")


texts = st.one_of(
    st.text(max_size=40),
    st.integers(100, 300).map(lambda size: "x" * size),
    st.integers(MAX_BYTES - 2, MAX_BYTES + 2).map(lambda size: "x" * size),
    st.just("x" * 70_000),
).map(client_frame)
frames = st.one_of(
    texts,
    texts,
    st.lists(st.text(max_size=9), max_size=3).map(in_parts),
    st.binary(max_size=20).map(lambda data: frame(Opcode.BINARY, data)),
    st.binary(max_size=20).map(lambda data: frame(Opcode.PING, data)),
    st.just(frame(Opcode.TEXT, b"\xff")),
    st.just(frame(Opcode.TEXT, b"begun", fin=False)),
    st.just(frame(Opcode.CONT, b"nothing to continue")),
    st.just(b"\xc1" + client_frame("of an extension")[1:]),
    st.just(frame(Opcode.CLOSE, b"\x0f\xa0")),
    st.just(UNMASKED),
    st.binary(min_size=1, max_size=20),
)
streams = st.lists(st.tuples(frames, st.lists(st.integers(0, 20), max_size=3)), max_size=8)


def pieces(stream):
    """What comes together: whole frames, and some that are cut."""
    for data, cuts in stream:
        for cut in cuts:
            yield data[:cut]
            data = data[cut:]
        yield data


class FramingTests(SimpleTestCase):
    async def heard(self, stream, bounds):
        heard = []
        with mock.patch.object(PreparedFramesProtocol, "_takes_text", bounds):
            async with served(application=Application(heard.append)) as (application, _):
                protocol = application.send.__self__
                for data in filter(None, stream):
                    protocol.data_received(data)
                state = protocol.conn.state
                protocol.transport.abort()  # in the middle of a frame no close would be read
                return heard, state, protocol.conn.close_sent

    @given(streams)
    @example([(frame(Opcode.TEXT, b"", fin=False), []), (client_frame("within"), [])])
    @example([(client_frame("in two"), [1]), (client_frame("whole"), [])])
    def test_whatever_a_client_sends_and_however_it_is_cut_the_same_is_heard(self, stream):
        stream = list(pieces(stream))

        async def both():
            past = await self.heard(stream, PreparedFramesProtocol._takes_text)
            by_parser = await self.heard(stream, lambda *_: False)
            self.assertEqual(past, by_parser)

        with self.assertNoLogs("asyncio", "ERROR"):
            asyncio.run(both())

    async def test_an_ack_that_comes_alone_does_not_pass_the_parser(self):
        heard = []
        async with served(application=Application(heard.append)) as (application, _):
            protocol = application.send.__self__
            with mock.patch.object(protocol.conn, "receive_data") as parser:
                for size in (0, 1, 125, 126, 1000):
                    protocol.data_received(client_frame("x" * size))
            parser.assert_not_called()
            self.assertEqual([len(text) for text in heard], [0, 1, 125, 126, 1000])

    def test_a_text_is_whole_only_at_the_beginning_of_a_frame(self):
        text = client_frame("x")
        for cut in range(1, len(text)):
            bounds = FrameBounds()
            bounds.passed(text[:cut])
            self.assertFalse(bounds.whole_text(text), cut)
            bounds.passed(text[cut:])
            self.assertTrue(bounds.whole_text(text), cut)
