"""What is stored in a word, in the language of its reader."""

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS = {
    "pass": _("pass"),
    "fail": _("fail"),
    "inconclusive": _("inconclusive"),
    "running": _("running"),
    "finished": _("finished"),
    "aborted": _("aborted"),
    "completed": _("completed"),
    "failed": _("failed"),
    "error": _("error"),
    "skipped": _("skipped"),
    "pinned": _("pinned"),
    "open": _("open"),
    "over": _("over"),
    "queued": _("queued"),
    "ended": _("ended"),
    "cancelled": _("cancelled"),
    "lost": _("lost"),
}
"""Stored verdicts, states and outcomes, as their reader calls them."""


def choices(enum: type[StrEnum]) -> list[tuple[str, Any]]:
    return [(member.value, WORDS[member]) for member in enum]
