from django.test import SimpleTestCase

from perftests.events import (
    Finished,
    Progress,
    Started,
    SuiteStarted,
    TestEnded,
    TestStarted,
    decode,
    encode,
)
from perftests.measure.results import Outcome, Result, Series
from perftests.measure.targets import Metric, Target, Verdict

RESULT = Result(
    test="app.tests.Class.test_it",
    suite="notification",
    row="N1",
    title="It is “fast”\nand short",
    outcome=Outcome.FAILED,
    seconds=1.5,
    metrics=(
        Metric("rate", 80.0, "/s", "higher", asked=Target(">", 100), ours=Target(">=", 1000)),
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
            TestEnded(RESULT),
            Finished(interrupted=True),
        ):
            with self.subTest(type(event).__name__):
                self.assertEqual(decode(encode(event)), event)

    def test_an_event_is_one_line(self):
        line = encode(TestEnded(RESULT))
        self.assertEqual(line.count(b"\n"), 1)
        self.assertTrue(line.endswith(b"\n"))

    def test_a_result_keeps_its_verdict(self):
        event = decode(encode(TestEnded(RESULT)))
        self.assertIs(event.result.verdict, Verdict.FAIL)
        self.assertIs(event.result.metrics[0].asked_verdict, Verdict.FAIL)

    def test_a_line_that_is_no_event_is_none(self):
        for line in (
            b"a stray print\n",
            b"\n",
            b"\xff\xfe\n",
            b"{}\n",
            b'{"event": "unheard of"}\n',
            b'{"event": "started", "tests": "many"}\n',
            encode(TestEnded(RESULT))[:-20],
            b'{"event": "result", "result": {"test": "x"}}\n',
        ):
            with self.subTest(line):
                self.assertIsNone(decode(line))

    def test_a_metric_that_breaks_its_own_rules_is_no_event(self):
        line = encode(TestEnded(RESULT)).replace(b"too few samples", b"")
        self.assertIsNone(decode(line))
