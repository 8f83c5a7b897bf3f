import io

from django.test import SimpleTestCase
from rich.console import Console

from perftests.reports.streams import Unfailing


class UnfailingStreamTests(SimpleTestCase):
    def test_an_unfailing_stream_prints_as_the_stream_does(self):
        stream = io.StringIO()
        printed = Unfailing(stream)
        Console(file=printed).print("“good”")
        self.assertEqual(stream.getvalue(), "“good”\n")
        self.assertFalse(printed.broken)

    def test_an_unfailing_stream_escapes_what_the_encoding_lacks(self):
        for encoding, expected in (
            ("ascii", b"\\u201cgood\\u201d \\udcff\n"),
            ("latin-1", b"\\u201cgood\\u201d \\udcff\n"),
            ("utf-8", "“good” \\udcff\n".encode()),
        ):
            with self.subTest(encoding):
                raw = io.BytesIO()
                printed = Unfailing(io.TextIOWrapper(raw, encoding))
                Console(file=printed).print("“good” \udcff")
                self.assertEqual(raw.getvalue(), expected)
                self.assertFalse(printed.broken)

    def test_an_unfailing_stream_goes_silent_when_the_stream_fails(self):
        with open("/dev/full", "w") as full:
            printed = Unfailing(full)
            printed.write("a report")
            printed.write("and more")
            self.assertTrue(printed.broken)
            self.assertEqual(printed.failure.strerror, "No space left on device")
            with self.assertRaises(OSError):
                full.close()  # a stream of somebody else keeps its own end

    def test_an_unfailing_stream_goes_silent_when_the_stream_is_closed(self):
        stream = io.StringIO()
        stream.close()
        printed = Unfailing(stream)
        printed.write("a report")
        self.assertTrue(printed.broken)

    def test_a_reader_who_has_left_is_no_fault_of_an_unfailing_stream(self):
        class Left(io.StringIO):
            def write(self, text):
                raise BrokenPipeError

        printed = Unfailing(Left())
        printed.write("a report")
        self.assertIsNotNone(printed.failure)
        self.assertFalse(printed.broken)
