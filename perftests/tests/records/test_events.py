from django.test import SimpleTestCase

from perftests.measure.series import Series
from perftests.records.events import (
    Figure,
    Finished,
    Progress,
    Started,
    SuiteStarted,
    TestEnded,
    TestStarted,
    Unreadable,
    decode,
    encode,
)
from perftests.records.results import Outcome, Result
from perftests.records.targets import Metric, Target, Verdict

RESULT = Result(
    test="app.tests.Class.test_it",
    suite="notification",
    row="N1",
    title="It is “fast”\nand short",
    outcome=Outcome.FAILED,
    seconds=1.5,
    metrics=(
        Metric("rate", 80.0, "/s", "higher", required=Target(">", 100), goal=Target(">=", 1000)),
        Metric("p99", None, "ms", doubt="too few samples"),
    ),
    series=(Series("server cpu", "%", (0.0, 0.1), (5.0, 7.5)),),
    histograms={"delivery latency": "HISTFAAAA"},
    notes=("a note",),
    detail="Traceback\n  line\n",
)


class EventTests(SimpleTestCase):
    def test_every_event_comes_back_as_it_was_sent(self):
        for event in (
            Started(3),
            SuiteStarted("notification", 2),
            TestStarted("app.tests.Class.test_it", "notification", "N1", "It is fast"),
            Progress("sent 5 of 10, 120/s", 5, 10),
            Progress("waiting"),
            Figure("messages", 120.5, "/s"),
            TestEnded(RESULT),
            Finished(interrupted=True),
        ):
            with self.subTest(type(event).__name__):
                self.assertEqual(decode(encode(event)), event)

    def test_an_event_is_encoded_as_one_line(self):
        line = encode(TestEnded(RESULT))
        self.assertEqual(line.count(b"\n"), 1)
        self.assertTrue(line.endswith(b"\n"))

    def test_a_result_keeps_its_verdict_in_an_event(self):
        event = decode(encode(TestEnded(RESULT)))
        self.assertIs(event.result.verdict, Verdict.FAIL)
        self.assertIs(event.result.metrics[0].required_verdict, Verdict.FAIL)

    def test_a_line_that_is_no_event_is_decoded_as_none(self):
        for line in (b"a stray print\n", b"\n", b"\xff\xfe\n", b"{}\n"):
            with self.subTest(line):
                self.assertIsNone(decode(line))

    def test_progress_of_an_earlier_version_that_had_a_figure_is_read(self):
        line = b'{"event":"progress","text":"5/s","done":1,"total":2,"value":5.0,"unit":"/s"}\n'
        self.assertEqual(decode(line), Progress("5/s", 1, 2))

    def test_a_line_that_was_meant_as_an_event_is_kept_as_unreadable(self):
        for line in (
            b'{"event": "unheard of"}\n',
            b'{"event": "started", "tests": "many"}\n',
            b'{"event": "started", "tests": \xff}\n',
            encode(TestEnded(RESULT))[:-20],
            encode(TestEnded(RESULT)).replace(b"too few samples", b""),
            b'{"event": "result", "result": {"test": "x"}}\n',
        ):
            with self.subTest(line):
                event = decode(line)
                self.assertIsInstance(event, Unreadable)
                self.assertIn('"event"', event.line)
                self.assertLessEqual(len(event.line), 1_000)
