"""`perf` in this process."""

from io import StringIO

from django.core.management import call_command

SAMPLES = "perftests.tests.samples"


TIMEOUT_SECONDS = 300


def perf(*arguments, **options):
    """Run the command in this process and give what it printed."""
    output = StringIO()
    call_command("perf", *arguments, stdout=output, **options)
    return output.getvalue()
