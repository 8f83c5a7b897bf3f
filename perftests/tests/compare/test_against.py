import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from io import StringIO
from pathlib import Path

import psutil
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, tag

from perftests.compare.experiment import Experiment
from perftests.processes.waiting import settle

PROJECT = Path(__file__).parents[3]


def ratio(push, ack=1.0):
    """A pair whose costs are known but for a little noise: tested is what follows from them."""
    noise = random.Random(1)  # of equal versions, one in twenty is confirmed by chance

    def measure(metrics):
        factor = push() if callable(push) else push
        return {"push": factor * noise.uniform(0.999, 1.001), "ack": noise.uniform(0.999, 1.001)}

    return measure


def experiment(measure, pairs=112, budget=60.0):
    return Experiment(measure, ["push", "ack"], pairs, budget, lambda *state: None)


class ExperimentTests(SimpleTestCase):
    def test_a_clear_slow_down_ends_at_the_first_look_and_is_confirmed_by_eight_fresh_pairs(self):
        comparison = experiment(ratio(1.2)).run()
        self.assertEqual(comparison.pairs, 11 + 8)
        self.assertEqual(comparison.slower, ["push"])
        self.assertEqual(comparison.judged["push"].finding, "slower")
        self.assertEqual(comparison.judged["ack"].finding, "same")

    def test_a_slow_down_that_fresh_pairs_do_not_confirm_does_not_count(self):
        pairs = iter([1.2] * 11 + [1.0] * 100)
        comparison = experiment(ratio(lambda: next(pairs))).run()
        self.assertEqual(comparison.slower, [])
        self.assertEqual(comparison.judged["push"].finding, "can't tell")

    def test_a_budget_that_is_over_still_measures_the_fewest_that_can_tell(self):
        comparison = experiment(ratio(0.8), budget=1e-9).run()
        self.assertEqual(comparison.pairs, 11)
        self.assertEqual(comparison.judged["push"].finding, "faster")

    def test_a_metric_that_is_clear_is_measured_no_more(self):
        asked, noise = [], random.Random(1)

        def measure(metrics):
            asked.append(list(metrics))
            return {"push": noise.lognormvariate(0.02, 0.05), "ack": noise.uniform(0.999, 1.001)}

        comparison = experiment(measure, pairs=30).run()
        self.assertEqual(asked[0], ["push", "ack"])
        self.assertEqual(asked[11], ["push"])
        self.assertEqual(len(comparison.ratios["ack"]), 11)
        self.assertEqual(comparison.judged["ack"].finding, "same")


class RefusalTests(SimpleTestCase):
    def assert_refused(self, words, *arguments):
        with self.assertRaises(CommandError) as refused:
            call_command("perf", *arguments, stdout=StringIO(), stderr=StringIO())
        self.assertEqual(refused.exception.returncode, 2)
        self.assertRegex(str(refused.exception), words)
        self.assertNotIn("\n", str(refused.exception))

    def test_fewer_than_fourteen_pairs_are_refused(self):
        self.assert_refused("--pairs is 12", "--against", ".", "--pairs", "12")

    def test_a_budget_of_nothing_is_refused(self):
        self.assert_refused("--budget is 0", "--against", ".", "--budget", "0")

    def test_options_of_a_run_beside_a_revision_are_refused(self):
        self.assert_refused("takes no --scale", "--scale", "smoke", "--against", ".")
        self.assert_refused("takes no --suites", "--suites", "memory", "--against", ".")
        self.assert_refused("takes no --fail-fast", "--fail-fast", "--against", ".")

    def test_options_of_pairs_without_a_revision_are_refused(self):
        for words in (["N7"], ["history"], ["watch", "N7"], ["--list"]):
            for option in ("--pairs", "--budget"):
                with self.subTest(words, option=option):
                    self.assert_refused("go with --against", *words, option, "20")

    def test_a_list_beside_a_revision_is_refused_and_nothing_is_measured(self):
        self.assert_refused("--list runs no test; it takes no --against", "--list", "--against=.")

    def test_a_name_that_no_row_can_hold_is_refused_before_anything_is_counted(self):
        for words in ([], ["watch"]):
            with self.subTest(words):
                self.assert_refused("--label holds", *words, "--against=.", "--label", "\udcff")

    def test_a_label_of_which_there_is_no_sample_is_refused_with_those_there_are(self):
        self.assert_refused("no sample of C3; it has of D3, N1", "N7", "C3", "--against", ".")


@tag("slow")
class SignalTests(SimpleTestCase):
    def end_by(self, number):
        temporary = self.enterContext(tempfile.TemporaryDirectory())
        database = Path(self.enterContext(tempfile.TemporaryDirectory()), "db.sqlite3")
        command = [sys.executable, "manage.py", "perf", "--against", "HEAD"]
        url = f"sqlite:///{database}"
        environment = {**os.environ, "TMPDIR": temporary, "DATABASE_URL": url}
        with subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            parent = psutil.Process(process.pid)
            servers = settle(lambda: parent.children(recursive=True)[1:], 120, settled=bool)
            self.assertTrue(servers)
            family = parent.children(recursive=True)
            process.send_signal(number)
            self.assertEqual(process.wait(30), 128 + number)
        self.assertEqual(psutil.wait_procs(family, timeout=10)[1], [])
        self.assertEqual(list(Path(temporary).iterdir()), [])
        self.assertEqual(self.stored(database), [("aborted", signal.Signals(number).name)])

    def stored(self, database):
        """The states of the runs that are stored, and why they ended."""
        ending = "json_extract(live.state, '$.ending')"
        query = f"select run.state, {ending} from perftests_perfrun run, perftests_perflive live"
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(f"{query} where run.id = live.run_id").fetchall()

    def test_ctrl_c_ends_a_comparison_with_130_and_leaves_nothing(self):
        self.end_by(signal.SIGINT)

    def test_sigterm_ends_a_comparison_with_143_and_leaves_nothing(self):
        self.end_by(signal.SIGTERM)


@tag("slow")
class FailureTests(SimpleTestCase):
    """With the real command, in a clone whose last commit can be broken."""

    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.clone, self.temporary = folder / "clone", folder / "temporary"
        self.temporary.mkdir()
        self.git(folder, "clone", "-q", str(PROJECT), str(self.clone))

    def git(self, folder, *arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)

    def commit(self, path, text):
        """Commit a file as `text`, and leave the file that is there as it was."""
        file = self.clone / path
        before = file.read_text()
        file.write_text(text)
        self.git(self.clone, "commit", "-qam", "Change a file")
        file.write_text(before)

    def refused(self, ref):
        """The one line that the command ends with; it leaves no process and no file."""
        command = [sys.executable, "manage.py", "perf", "--against", ref]
        environment = {
            **os.environ,
            "TMPDIR": str(self.temporary),
            "PIP_NO_INDEX": "1",
            "XDG_CACHE_HOME": str(self.temporary.parent / "cache"),
        }
        done = subprocess.run(
            command, cwd=self.clone, env=environment, capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.returncode, 2, done.stderr)
        [line] = done.stderr.splitlines()
        self.assertEqual(list(self.temporary.iterdir()), [])
        here = str(self.temporary)
        left = [p for p in psutil.process_iter(["environ"]) if here in str(p.info["environ"])]
        self.assertEqual(left, [])
        return line

    def test_a_revision_with_a_syntax_error_is_refused_in_a_line_and_leaves_nothing(self):
        self.commit("notifications/send.py", "def notify(:\n")
        self.assertRegex(self.refused("HEAD"), r"HEAD \(\w{12}\) cannot be measured: SyntaxError")

    def test_a_revision_whose_migrations_break_is_refused_in_a_line_and_leaves_nothing(self):
        migrations = self.clone / "notifications" / "migrations"
        first = min(path.name for path in migrations.glob("0*.py"))
        self.commit(f"notifications/migrations/{first}", "raise RuntimeError('no migration')\n")
        self.assertRegex(self.refused("HEAD"), "cannot be measured: RuntimeError: no migration")

    def test_an_unknown_revision_ends_the_command_with_2_and_one_line(self):
        self.assertIn("there is no such commit, branch or tag", self.refused("nosuch"))

    def test_a_release_that_no_registry_has_ends_the_command_with_2_and_one_line(self):
        self.assertRegex(self.refused("pypi:7.7"), r"pip cannot install .*==7\.7")

    def test_requirements_that_no_registry_has_end_the_command_with_2_and_one_line(self):
        self.commit("requirements.txt", "channels==77.7\n")
        self.assertRegex(self.refused("HEAD"), r"pip cannot install .*channels==77\.7")
