import os
from contextlib import redirect_stderr
from io import StringIO
from unittest import TestSuite, mock

from django.core.management import CommandError
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from perftests.exceptions import InvalidSetting
from perftests.records.results import Outcome
from perftests.records.workload import Chosen
from perftests.runner.runner import PerformanceTestRunner
from perftests.testcases import PerformanceTestCase, row, workload_kinds
from perftests.workloads import (
    Amount,
    Count,
    Levels,
    Workload,
    chosen,
    require_valid,
    unknown_rows,
    workload,
)

from .. import samples


class Load(Workload):
    sockets = Count("sockets", 10, 100, 1_000, least=5)
    seconds = Amount("seconds", 1, 2, 3, least=0.5)
    steps = Levels("steps", (1, 2), least=1)
    each = Count("recipients", 3)

    def refusal(self):
        return "each is more than sockets" if self.each > self.sockets else ""


def own(**numbers):
    return override_settings(PERFTESTS={"WORKLOADS": {"X1": numbers}})


@mock.patch.dict(os.environ)
class WorkloadTests(SimpleTestCase):
    def setUp(self):
        for name in [name for name in os.environ if name.startswith("PERF_")]:
            del os.environ[name]

    def refuse(self, pattern):
        with self.assertRaisesRegex(InvalidSetting, pattern) as refused:
            require_valid({"X1": [Load]})
        self.assertNotIn("\n", str(refused.exception))

    def test_a_workload_has_the_numbers_of_its_scale(self):
        sizes = {scale: Load("X1", scale).sockets for scale in ("smoke", "standard", "extended")}
        self.assertEqual(sizes, {"smoke": 10, "standard": 100, "extended": 1_000})
        self.assertEqual(Load("X1", "extended").each, 3)

    def test_a_workload_follows_the_configured_scale(self):
        with override_settings(PERFTESTS={"SCALE": "extended"}):
            self.assertEqual(Load("X1").seconds, 3)

    def test_a_setting_wins_over_the_number_of_every_scale(self):
        with own(sockets=7, seconds=0.5, steps=[4, 5, 6]):
            for scale in ("smoke", "standard"):
                load = Load("X1", scale)
                self.assertEqual((load.sockets, load.seconds, load.steps), (7, 0.5, (4, 5, 6)))

    def test_a_variable_of_the_environment_wins_over_the_setting_of_a_number(self):
        os.environ |= {"PERF_X1_SOCKETS": "8", "PERF_X1_STEPS": "2, 4", "PERF_X1_SECONDS": "1.5"}
        with own(sockets=7):
            load = Load("X1")
        self.assertEqual((load.sockets, load.steps, load.seconds), (8, (2, 4), 1.5))

    def test_the_number_of_one_row_is_not_that_of_another(self):
        with own(sockets=7):
            self.assertEqual(Load("X2").sockets, 10)
            self.assertEqual(Load("").sockets, 10)

    def test_the_numbers_of_a_workload_are_told_with_the_usual_ones(self):
        with own(sockets=7, seconds=1):
            numbers = {number.name: number for number in chosen(Load("X1", "smoke"))}
        self.assertEqual(numbers["sockets"], Chosen("sockets", 7, 10))
        self.assertEqual(str(numbers["sockets"]), "sockets 7 instead of 10")
        self.assertEqual([n.name for n in numbers.values() if n.changed], ["sockets"])
        self.assertEqual(str(numbers["steps"]), "steps 1 and 2")

    def test_a_number_that_makes_no_sense_is_refused_with_its_source_and_limits(self):
        for value in (0, -1, 4, "x", 5.5, True, None, [5], 10**10):
            with self.subTest(value), own(sockets=value):
                self.refuse(
                    r'^PERFTESTS\["WORKLOADS"\]\["X1"\]\["sockets"\] is .*; it must be a whole '
                    r"number from 5 to 1,000,000,000\.$"
                )
        for value in ("0", "0.4", "nan", "inf", "soon"):
            with self.subTest(value), mock.patch.dict(os.environ, {"PERF_X1_SECONDS": value}):
                self.refuse(r"^PERF_X1_SECONDS is '.*'; it must be a number from 0\.5 to")

    def test_levels_that_do_not_grow_are_refused(self):
        for value in ((1,), (2, 1), (1, 1), (0, 1), "1", "1,x", "", 5, None):
            with self.subTest(value), own(steps=value):
                self.refuse(r"must be 2 or more growing numbers, each a whole number from 1 to")

    def test_a_name_that_a_row_does_not_have_is_refused_with_those_it_has(self):
        with own(socket=7):
            self.refuse(r"no parameter 'socket'; there are: sockets, seconds, steps, each\.$")
        with mock.patch.dict(os.environ, {"PERF_X1_SOCKET": "7"}):
            self.refuse(r"^PERF_X1_SOCKET: the row X1 has no parameter 'socket'")

    def test_numbers_that_do_not_go_together_are_refused(self):
        with own(each=11):
            self.refuse(r"^The workload of X1 cannot be run: each is more than sockets\.$")
            require_valid({"X1": [Load]}, "standard")

    def test_rows_that_nobody_has_are_found_in_settings_and_environment(self):
        os.environ |= {"PERF_Q7_SOCKETS": "8", "PERF_REDIS_URL": "redis://x", "PERF_Q8_SOCKETS": ""}
        with override_settings(PERFTESTS={"WORKLOADS": {"Q1": {}, "X1": {"sockets": 7}}}):
            found = unknown_rows({"X1": [Load]})
        in_settings = """PERFTESTS["WORKLOADS"]["Q1"] names the row 'Q1'"""
        self.assertEqual(found, [in_settings, "PERF_Q7_SOCKETS names the row 'Q7'"])

    def test_workloads_that_are_no_dict_of_dicts_are_refused(self):
        for value in (None, [], "N7", {"N7": 5}, {"N7": None}):
            with (
                self.subTest(value),
                override_settings(PERFTESTS={"WORKLOADS": value}),
                self.assertRaisesRegex(InvalidSetting, r"a dict of rows, each with a dict of"),
            ):
                Load("X1")

    def test_a_number_has_a_size_for_each_scale_or_one_for_all(self):
        for sizes in ((), (1, 2), (1, 2, 3, 4)):
            with self.subTest(sizes), self.assertRaisesRegex(TypeError, "one for each of smoke"):
                Count("sockets", *sizes)


class Sample(PerformanceTestCase):
    suite = "sample"

    @row("X1")
    @workload(Load)
    def test_a_sample_takes_a_workload(self, load):
        """A title"""
        self.measure("sockets", load.sockets, "", required=f"== {load.sockets}")

    @row("X2")
    @workload(Load)
    async def test_a_sample_awaits_its_workload(self, load):
        self.measure("sockets", load.sockets, "", required="== 10")


class WorkloadOfTestTests(TransactionTestCase):
    def run_sample(self, name):
        runner = PerformanceTestRunner(verbosity=0)
        with redirect_stderr(StringIO()):
            runner.run_suite(TestSuite([Sample(name)]))
        (result,) = runner.collector.results
        return result

    def test_the_result_of_a_test_has_the_workload_that_it_was_given(self):
        with own(sockets=7):
            result = self.run_sample("test_a_sample_takes_a_workload")
        self.assertIs(result.outcome, Outcome.COMPLETED, result.detail)
        self.assertEqual((result.row, result.title), ("X1", "A title"))
        self.assertEqual(result.metrics[0].value, 7)
        self.assertEqual(result.workload[0], Chosen("sockets", 7, 10))

    def test_a_test_that_awaits_is_given_its_workload_too(self):
        result = self.run_sample("test_a_sample_awaits_its_workload")
        self.assertIs(result.outcome, Outcome.COMPLETED, result.detail)
        self.assertEqual(len(result.workload), 4)

    def test_the_workloads_of_tests_are_known_by_their_rows(self):
        tests = [Sample("test_a_sample_takes_a_workload"), samples.Passing("test_it_measures")]
        self.assertEqual(workload_kinds(tests), {"X1": [Load], "S1": []})

    def test_manage_test_refuses_a_bad_number_before_any_test_is_run(self):
        label = f"{Sample.__module__}.Sample"
        with own(sockets=1), self.assertRaisesRegex(CommandError, r"\"sockets\"\] is 1; ") as bad:
            PerformanceTestRunner(verbosity=0).build_suite([label])
        self.assertEqual(bad.exception.returncode, 2)
