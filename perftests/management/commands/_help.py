"""What `perf --help` shows below the options."""

from argparse import RawDescriptionHelpFormatter

from django.core.management.base import DjangoHelpFormatter

HISTORY_LENGTH = 20

EXAMPLES = f"""
examples:
  manage.py perf                                   measure, store and print the run
  manage.py perf --scale smoke                     the same, small and quick
  manage.py perf --suites notification websocket   two suites
  manage.py perf N7 W5                             two rows
  manage.py perf --suites engine                   against the alternatives, only when it is named
  manage.py perf myapp.tests.perf                  performance tests of your own app
  manage.py perf myapp.tests.perf.MyTests.test_one
  manage.py perf --label "before the upgrade" --output report.json
  manage.py perf --fail-fast                       stop at the first test that fails
  manage.py perf --verbosity 2                     print every number, not only the verdict
  manage.py perf --against main                    has this checkout become slower than main?
  manage.py perf N7 W5 --against main              the same of two rows, in less time
  manage.py perf --list                            what there is to measure
  manage.py perf --list --verbose                  and how much of it, at each scale
  manage.py perf history                           the last {HISTORY_LENGTH} runs, what has changed
  manage.py perf history N7                        the numbers of a row over the runs
  manage.py perf show 12                           the report of run 12 again
  manage.py perf show 12 --report run.html         the same as a page, to send to somebody
  manage.py perf compare 12 14                     two stored runs side by side
  manage.py perf N7 --baseline latest              a run, and beside it the last that is alike
  manage.py perf watch --every 1h                  measure each hour, tell what became worse
  manage.py perf watch --against v1.2              once in pairs with a version, for a timer
  manage.py perf import report.json                store a report of another machine
  manage.py perf prune --keep 100 --older-than 90  delete old runs
  manage.py perf pin 12                            but never run 12

exit codes:
  0    every required target is met
  1    a target missed or in doubt, a test failed or lost, not all written or told, worse than REF
  2    wrong usage; nothing was run
  130  interrupted with Ctrl-C; what was measured is stored as an aborted run
  129  the terminal was closed (SIGHUP); the same
  143  asked to end (SIGTERM); the same
"""


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, our own line breaks."""
