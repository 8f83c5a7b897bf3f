"""`python -m perftests.tests.faults [FAULT…]`: the suite at smoke scale with each fault in turn.

Prints the rows that fail, and exits with 1 unless it is with every fault exactly the fault's own.
Without names all faults are taken, after a run without any; a fault takes one to two minutes.
"""
# ruff: noqa: E402, T201 - models need a Django that is set up; this is a command

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifyproject.settings")
django.setup()

from perftests.records.results import Outcome
from perftests.reports import json
from perftests.tests.faults.catalog import FAULTS
from perftests.tests.faults.running import missed

# A fault that loses something makes every wait for it last so long.
TIMEOUT_SECONDS = "30"


def main(names):
    if unknown := set(names) - FAULTS.keys():
        sys.exit(f"There is no fault {min(unknown)!r}; there are {', '.join(FAULTS)}.")
    wrong = 0
    if not names:
        wrong += report("no fault", run({}), set())
    for fault in [FAULTS[name] for name in names] or FAULTS.values():
        results = run(fault.environment)
        wrong += report(f"{fault.row} {fault.name}", results, {fault.row})
    sys.exit(bool(wrong))


def run(environment):
    """The results of all rows, from a run of the real command."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.json")
        subprocess.run(
            [sys.executable, "manage.py", "perf", "--scale", "smoke", "--output", report],
            env={
                **os.environ,
                "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{directory}/db.sqlite3"),
                "PERF_TIMEOUT_SECONDS": TIMEOUT_SECONDS,
                **environment,
            },
            stdout=subprocess.DEVNULL,
        )
        if not report.exists():
            sys.exit("The run did not come to its end: see what `manage.py perf` says.")
        return json.read(report).results


def report(name, results, rows):
    """Print what failed; whether it is anything else than these rows."""
    failures = {}
    for result in results:
        why = missed(result.metrics)
        if result.outcome is not Outcome.COMPLETED:
            why.add(f"{result.outcome}: {result.detail.strip().splitlines()[-1]}")
        if why:
            failures.setdefault(result.row, set()).update(why)
    right = failures.keys() == rows
    print(f"{'ok' if right else 'WRONG':6}{name}: {len(results)} tests, failed:", flush=True)
    for row, why in failures.items() or {"none": ()}.items():
        print(f"      {row:4}{', '.join(sorted(why))}", flush=True)
    return not right


if __name__ == "__main__":
    main(sys.argv[1:])
