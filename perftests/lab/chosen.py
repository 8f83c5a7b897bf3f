"""Which stored runs a page is asked for."""

from django.http import QueryDict
from django.utils.translation import gettext as _

from ..exceptions import PerftestsError
from ..models import PerfRun

LONGEST_NUMBER = 18
"""Digits; what has more is too large for a key of either database."""


def runs(asked: QueryDict, *, fewest: int, most: int) -> list[PerfRun]:
    """The runs that `?run=12&run=14` names, the oldest first.

    Raises `PerftestsError` where they are too few or too many, or one is not stored.
    """
    numbers = list(dict.fromkeys(asked.getlist("run")))
    if not fewest <= len(numbers) <= most:
        raise PerftestsError(
            _("Choose %(fewest)d to %(most)d runs.") % {"fewest": fewest, "most": most}
        )
    good = [int(each) for each in numbers if each.isdecimal() and len(each) <= LONGEST_NUMBER]
    found = list(PerfRun.objects.filter(pk__in=good).order_by("started_at", "pk"))
    if len(found) < len(numbers):
        raise PerftestsError(_("One of these runs is not stored; it may have been deleted."))
    return found
