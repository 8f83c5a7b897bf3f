"""The report as JUnit XML, for the test tab of a CI service."""

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ...records.results import Outcome, Report, Result
from ...records.storable import plain
from ...records.targets import Verdict
from ...testcases import describe_miss

MOST_CHARACTERS = 10_000

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Such as what colours the words of a failure at a terminal; XML has no way to write them."""


def render(report: Report) -> str:
    """A suite for each suite of the run, a case for each test.

    A missed required target is a failure, and so is a verdict in doubt, as neither is a pass.
    """
    xml = JUnitXml("perf")
    for name in dict.fromkeys(result.suite for result in report.results):
        suite = TestSuite(name)
        suite.timestamp = report.started_at
        suite.add_testcases([_case(r) for r in report.results if r.suite == name])
        xml.add_testsuite(suite)
    text: str = xml.tostring().decode()  # type: ignore[no-untyped-call]  # untyped
    return NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _case(result: Result) -> TestCase:
    classname, _, name = result.test.rpartition(".")
    case = TestCase(f"{result.row} {name}".strip(), classname, result.seconds)
    if ending := _ending(result):
        case.result = [ending]
    case.system_out = "\n".join(f"{m.name}: {m.text}" for m in result.metrics)[:MOST_CHARACTERS]
    return case


def _ending(result: Result) -> Error | Failure | Skipped | None:
    detail = plain(result.detail, MOST_CHARACTERS)  # whose last line is that of the exception
    if result.skipped:
        return Skipped(detail)
    if result.outcome is Outcome.ERROR:
        return _with_text(Error(_last_line(detail)), detail)
    if result.verdict is Verdict.PASS:
        return None
    missed = [describe_miss(m) for m in result.metrics if m.required_verdict is Verdict.FAIL]
    doubts = [f"{m.name}: {m.undecided}" for m in result.metrics if m.undecided]
    return _with_text(Failure("; ".join(missed or doubts) or _last_line(detail)), detail)


def _with_text(ending: Error | Failure, text: str) -> Error | Failure:
    ending.text = text
    return ending


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]
