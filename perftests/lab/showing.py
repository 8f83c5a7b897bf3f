"""A run in few words and marks, as the cells of the list and the heads of pages have them."""

import re
from collections.abc import Iterable
from signal import Signals
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from .. import store
from ..conf import configuration
from ..models import PerfRun
from ..records import environment
from ..records.results import State
from ..reports.console import local
from ..templatetags.perfruns import badge, seconds, spark_line
from .run_list import Spark

COMMIT = re.compile(r"[0-9a-f]{7,64}")
"""What may become part of a link; an imported report may say anything."""

STYLES = {"all": ("perftests/admin.css",), "print": ("perftests/print.css",)}
"""For the `Media` of whatever shows runs."""

SHORT = 7
"""As many digits of a commit as people tell each other."""


class Head(NamedTuple):
    """A run at the head of a page."""

    run: PerfRun
    badges: SafeString
    code: SafeString
    machine: str


def head(run: PerfRun) -> Head:
    """What such a page says of it."""
    return Head(run, badges(run), code(run), environment.machine(run.environment))


def badges(run: PerfRun) -> SafeString:
    """What the run came to; one that goes on has no verdict yet."""
    if run.current_state is State.RUNNING:
        return badge(State.RUNNING)
    if run.state == State.FINISHED:
        return badge(run.verdict)
    return format_html("{} {}", badge(run.verdict), badge(State.ABORTED))


def ending(run: PerfRun) -> str:
    """Why the run ended before it was done; empty where it did not, or nobody knows."""
    if run.current_state is not State.ABORTED or (live := store.told(run)) is None:
        return ""
    if live.ending in Signals.__members__:
        return _("It was interrupted by %(signal)s.") % {"signal": live.ending}
    if live.ending:
        return live.ending
    when = date_format(local(run.heard_at), "SHORT_DATETIME_FORMAT")
    return _(
        "There is no sign of life after %(when)s: its process was killed, or its machine stopped."
    ) % {"when": when}


def counts(run: PerfRun) -> str:
    """How many tests came to what, of a run that was read with its counts."""
    found = (
        (run.passed, _("%d passed")),
        (run.failed, _("%d failed")),
        (run.undecided, _("%d inconclusive")),
        (run.skipped, _("%d skipped")),
    )
    return ", ".join(text % count for count, text in found if count) or _("no results")


def code(run: PerfRun) -> SafeString:
    """The commit, as a link where the site says where its code is, with branch and tag."""
    git = run.environment.get("git") or {}
    commit = format_html("<code>{}</code>", run.commit[:SHORT])
    if configuration.REPOSITORY_URL and COMMIT.fullmatch(str(git.get("commit"))):
        url = f"{configuration.REPOSITORY_URL}/commit/{git['commit']}"
        commit = format_html('<a href="{}">{}</a>', url, commit)
    changed = _("with changes") if git.get("dirty") else ""
    words = [git.get("tag"), git.get("branch"), changed, run.environment.get("installed")]
    said = ", ".join(map(str, filter(None, words)))
    return format_html("{} <small>{}</small>", commit, said) if said else commit


def measured(run: PerfRun, suites: Iterable[str]) -> SafeString:
    """Workload, server and database, and under them the suites."""
    database = (run.environment.get("database") or {}).get("vendor")
    words = [run.workload, run.parameters.get("server"), database]
    text = ", ".join(map(str, filter(None, words)))
    return format_html("{} <small>{}</small>", text, ", ".join(suites))


def started(run: PerfRun) -> SafeString:
    """When it began, and under that how long it took."""
    when = date_format(local(run.started_at), "SHORT_DATETIME_FORMAT")
    took = "" if run.state == State.RUNNING else seconds(run.seconds)
    return format_html("{} <small>{}</small>", when, took)


def sparks(drawn: Iterable[Spark]) -> SafeString:
    """A small line for each, with the row before it."""
    text = _("%(name)s in %(runs)d runs of this list that are alike")
    lines = (
        (each.row, spark_line(each.points, text % {"name": each.name, "runs": each.runs}))
        for each in drawn
    )
    return format_html_join("", '<span class="perf-spark-of">{} {}</span>', lines)
