import signal
import tempfile
import time
from pathlib import Path
from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.compare.bench.samples import SAMPLES
from perftests.compare.differences import compared
from perftests.compare.pairing import Pairing
from perftests.compare.sides import Bench, SampleFailed, Side
from perftests.compare.versions.revisions import commit_of, extract

PROJECT = Path(__file__).parents[3]
METRICS = {metric for sample in SAMPLES.values() for metric in sample.metrics}

BURN = """
_notify = notify


def notify(*args, **options):
    sum(range(500_000))  # which takes a slow machine longer, as the rest does
    return _notify(*args, **options)
"""

BURN_IN_OFFER = """
import time as _time
_offer = Socket.offer


def burn_in_offer(self, *args):
    end = _time.perf_counter() + 0.0002
    while _time.perf_counter() < end:
        pass
    return _offer(self, *args)


Socket.offer = burn_in_offer
"""

ONE_QUERY_AND_ONE_HINT_MORE = """
_notify = notify


def notify(*args, **options):
    from django.contrib.auth.models import User
    from notifications.layers import get_hints_layer
    User.objects.filter(username="nobody").exists()
    get_hints_layer().publish_hints([(b"", ["nobody"])])
    return _notify(*args, **options)
"""

STILL_SECONDS = 100

STAND_STILL = f"""
def notify(*args, **options):
    import pathlib, time
    pathlib.Path(__file__).with_name("stands_still").touch()
    time.sleep({STILL_SECONDS})
"""

KEEP_AN_OBJECT_OF_200_BYTES = """
_kept = []
_init = NotificationConsumer.__init__


class Keepsake:
    def __init__(self):
        self.load = bytearray(200)


def _keep(self, *args, **options):
    _kept.append(Keepsake())
    _init(self, *args, **options)


NotificationConsumer.__init__ = _keep
"""


class PlantedSideTestCase(SimpleTestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        extract(commit_of("HEAD", PROJECT), PROJECT, self.folder)
        self.side = Side("theirs", self.folder)

    def append(self, path, text):
        with (self.folder / path).open("a") as file:
            file.write(text)

    def pairing(self):
        pairing = Pairing(Side("ours"), self.side, "daphne")
        self.addCleanup(pairing.close)
        return pairing


@tag("slow")
class SideTests(PlantedSideTestCase):
    def break_it(self):
        (self.folder / "notifications" / "send.py").write_text("def notify(:\n")

    def test_slow_code_of_a_side_is_found_in_that_side_and_in_what_it_slows_alone(self):
        self.append("notifications/send.py", BURN)
        pairing = self.pairing()
        ratios = pairing.measure(METRICS)
        self.assertEqual(set(ratios), METRICS)
        self.assertGreater(ratios["notify"], 5)
        self.assertLess(ratios["ack"], 3)
        self.assertIn("notify (notifications/send.py)", pairing.shifts("notify")[0].function)

    def test_a_syntax_error_in_a_side_is_one_line_that_names_the_side(self):
        self.break_it()
        with self.assertRaisesRegex(SampleFailed, r"^theirs cannot be measured: SyntaxError.*$"):
            self.pairing().measure(["notify"])

    def test_a_bench_that_failed_leaves_no_folder_behind(self):
        temporary = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.object(tempfile, "tempdir", temporary))
        self.break_it()
        bench = Bench(self.side, "daphne")
        with self.assertRaises(SampleFailed):
            bench.ask("ready")
        bench.close()
        self.assertEqual(list(Path(temporary).iterdir()), [])

    def test_a_bench_that_does_not_answer_in_time_is_told_by_the_name_of_its_side(self):
        bench = Bench(Side("ours"), "daphne")
        self.addCleanup(bench.close)
        with (
            mock.patch("perftests.compare.sides.ANSWER_SECONDS", 0.01),
            self.assertRaisesRegex(SampleFailed, "^ours did not answer within 0.01 seconds.$"),
        ):
            bench.ask("ready")

    def test_an_interruption_waits_for_no_side_that_is_in_the_middle_of_something(self):
        self.append("notifications/send.py", STAND_STILL)
        interrupted = []

        def interrupt(*_):
            if (self.folder / "notifications" / "stands_still").exists():
                interrupted.append(time.monotonic())
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise InterruptedError

        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, interrupt))
        pairing = self.pairing()
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
        with self.assertRaises(InterruptedError):
            pairing.counted()
        pairing.close()
        self.assertLess(time.monotonic() - interrupted[0], STILL_SECONDS / 2)

    def test_a_profile_names_the_function_that_burns_the_time_of_the_server(self):
        self.append("notifications/hub/sockets/socket.py", BURN_IN_OFFER)
        [worst, *_] = self.pairing().shifts("push")
        self.assertIn("burn_in_offer", worst.function)
        self.assertGreater(worst.after, worst.before + 0.1)


@tag("slow")
class CountedTests(PlantedSideTestCase):
    def differences(self):
        return compared(*self.pairing().counted()).found

    def test_one_pair_names_a_query_a_hint_an_object_and_bytes_more_and_an_index_that_is_lost(self):
        self.append("notifications/send.py", ONE_QUERY_AND_ONE_HINT_MORE)
        self.append("notifications/consumers.py", KEEP_AN_OBJECT_OF_200_BYTES)
        migrations = self.folder / "notifications" / "migrations"
        newest = max(path.stem for path in migrations.glob("0*.py"))
        (migrations / "9999_lost.py").write_text(
            "from django.db import migrations\n\n\n"
            "class Migration(migrations.Migration):\n"
            f"    dependencies = [('durable_notifications', '{newest}')]\n"
            "    operations = [migrations.RunSQL('DROP INDEX deliveries_of_a_user')]\n"
        )
        found = {str(difference): difference for difference in self.differences()}
        self.assertIn("list an inbox: 0 → 1 lookups without an index", found)
        self.assertIn("served: a push to one: 4 → 5 statements", found)
        [part] = found["notify one user: 3 → 4 statements"].parts
        self.assertRegex(part, r"^0 → 1 × SELECT .*username.*\(notifications/send\.py:\d+\)$")
        hints = found["notify one user: 2 → 4 layer commands"].parts
        self.assertRegex(hints[0], r"^1 → 2 × hint to a group \(notifications/.*\.py:\d+\)$")
        self.assertIn("served: a push to one: 2 → 4 layer commands", found)
        kept = {each.unit: each for each in found.values() if "that is over" in each.operation}
        self.assertGreater(kept["B kept"].after, kept["B kept"].before + 150)
        objects = kept["objects alive"]
        self.assertEqual(objects.after - objects.before, 1)
        self.assertEqual(objects.parts, ("0 → 1 × notifications.consumers.Keepsake",))
        self.assertTrue(all(difference.more for difference in found.values()))
