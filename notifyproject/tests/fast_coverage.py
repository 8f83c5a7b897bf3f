"""`python -m notifyproject.tests.fast_coverage FILE`: modules of which fast tests run nothing.

FILE is what `coverage json` has written after `coverage run manage.py test --exclude-tag slow`.
"""

import json
import sys
from pathlib import Path

from .rooms import APPS, NO_ROOMS

NEEDS_A_PROCESS = {
    "notifications/testing/fixtures.py",
    "perftests/compare/bench/counted.py",
    "perftests/compare/bench/process.py",
    "perftests/compare/bench/ruler.py",
    "perftests/compare/bench/samples.py",
    "perftests/compare/pairing.py",
    "perftests/compare/sides.py",
    "perftests/compare/versions/choice.py",
    "perftests/compare/versions/packages.py",
    "perftests/compare/versions/revisions.py",
    "perftests/load/inside/asgi.py",
    "perftests/load/inside/web.py",
    "perftests/load/network/link.py",
    "perftests/load/server/beside.py",
    "perftests/load/services/nginx.py",
    "perftests/load/services/postgres.py",
    "perftests/load/services/redis.py",
    "perftests/load/services/service.py",
    "perftests/load/web/requests.py",
    "perftests/load/web/site.py",
    "perftests/processes/git.py",
    "perftests/run/manager.py",
    "perftests/run/measuring.py",
    "perftests/run/worker.py",
    "perftests/suites/database/fullness.py",
    "perftests/suites/database/test_performance.py",
    "perftests/suites/engine/ack_frames.py",
    "perftests/suites/engine/entrances.py",
    "perftests/suites/engine/prefix.py",
    "perftests/suites/engine/rival.py",
    "perftests/suites/engine/test_benchmark.py",
    "perftests/suites/engine/test_fanout.py",
    "perftests/suites/engine/test_queue.py",
    "perftests/suites/engine/test_writes.py",
    "perftests/suites/faults/outages.py",
    "perftests/suites/faults/sender.py",
    "perftests/suites/faults/site.py",
    "perftests/suites/faults/storm.py",
    "perftests/suites/faults/test_faults.py",
    "perftests/suites/kit/case.py",
    "perftests/suites/kit/contenders.py",
    "perftests/suites/kit/links.py",
    "perftests/suites/kit/visits.py",
    "perftests/suites/memory/activity.py",
    "perftests/suites/memory/test_usage.py",
    "perftests/suites/network/test_conditions.py",
    "perftests/suites/notification/elsewhere.py",
    "perftests/suites/notification/overload.py",
    "perftests/suites/notification/test_performance.py",
    "perftests/suites/notification/test_queues.py",
    "perftests/suites/rivals/asgi.py",
    "perftests/suites/rivals/crash.py",
    "perftests/suites/rivals/npm.py",
    "perftests/suites/rivals/test_rivals.py",
    "perftests/suites/scale/site.py",
    "perftests/suites/scale/test_scale.py",
    "perftests/suites/websocket/messages.py",
    "perftests/suites/websocket/silence.py",
    "perftests/suites/websocket/test_load.py",
    "perftests/suites/websocket/timeline.py",
    "perftests/wishes/__main__.py",
    "perftests/wishes/carrying.py",
    "perftests/wishes/one.py",
}
"""What is about servers and other processes alone, and rows, which are nothing without a server.
All other tests run them."""


def shortcomings(report):
    """Product modules that no fast test calls; and those that need no process after all."""
    for path, module in report["files"].items():
        if is_product(path) and is_called(module) == (path in NEEDS_A_PROCESS):
            yield path


def is_product(path):
    parts = Path(path).parts
    return parts[0] in APPS and NO_ROOMS.isdisjoint(parts)


def is_called(module):
    """Whether a function of it ran, if there are any with something to run."""
    bodies = [
        function
        for name, function in module["functions"].items()
        if name and function["summary"]["num_statements"]
    ]
    return not bodies or any(function["executed_lines"] for function in bodies)


def main(path):
    found = list(shortcomings(json.loads(Path(path).read_text())))
    for module in found:
        said = "needs a process" if module in NEEDS_A_PROCESS else "is run by a fast test"
        print(f"{module}: it is not true that it {said}.")  # noqa: T201 - this is its output
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
