"""Where runs are asked for, and the queue of those that were."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ...models import SILENCE_LIMIT, PerfRun, PerfWish, WishState
from ...records.results import State
from ...templatetags.perfruns import badge
from ...wishes import queue, starting
from ..showing import badges

SHOWN = 12
"""Of the queue: all that wait or go on, and the last of those that are over."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A wish of the queue: `said` is what the command printed where that has led to no run."""

    wish: PerfWish
    badges: SafeString
    open: bool
    said: str


def page(request: HttpRequest) -> HttpResponse | dict[str, Any]:
    """What the template of form and queue needs; back to both once a run is asked for."""
    from .start_form import StartForm  # which looks at git and at every suite

    form = StartForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return {"title": _("Start a run"), "form": form, **part(request.GET)}
    if starting.start(form.arguments(), request.user.get_username()):
        messages.success(request, _("The run is queued, and starts when it is its turn."))
    else:
        messages.error(request, _("Too many runs are queued; wait, or cancel one of them."))
    return HttpResponseRedirect(request.path)


def part(asked: QueryDict) -> dict[str, Any]:
    """What the queue needs, which is fetched again and again."""
    newest = PerfWish.objects.select_related("run").order_by("-pk")[:SHOWN]
    wishes = [_shown(wish) for wish in newest]
    return {
        "wishes": wishes,
        "elsewhere": _elsewhere() if any(each.open for each in wishes) else None,
        "unattended": any(each.wish.state == WishState.QUEUED for each in wishes)
        and not any(each.open and _is_heard_of(each.wish) for each in wishes),
    }


def cancel(request: HttpRequest) -> None:
    """Cancel the wish that is named."""
    number = request.POST.get("wish", "")
    if number.isdecimal() and len(number) < 19 and queue.cancel(int(number)):
        messages.success(request, _("The run is cancelled; it cleans up before it ends."))
    else:
        messages.error(request, _("This run is over, so there is nothing to cancel."))


def wish_of(run: PerfRun) -> PerfWish | None:
    """The wish that goes on with this run, if it was started in the admin."""
    return PerfWish.objects.filter(run=run, state=WishState.RUNNING, cancel_asked=False).first()


def _shown(wish: PerfWish) -> Shown:
    state = WishState(wish.state)
    if state is WishState.RUNNING and not _is_heard_of(wish):
        state = WishState.LOST
    is_open = state in (WishState.QUEUED, WishState.RUNNING)
    said = "" if is_open or wish.run or state is WishState.CANCELLED else wish.said
    ended = state is WishState.ENDED and wish.run is not None
    return Shown(wish, badges(wish.run) if ended and wish.run else badge(state), is_open, said)


def _is_heard_of(wish: PerfWish) -> bool:
    heard_at = wish.heard_at or wish.asked_at  # who carries it out may be starting
    return timezone.now() - heard_at <= SILENCE_LIMIT


def _elsewhere() -> PerfRun | None:
    """A run that was not asked for here, and for whose end the queue waits."""
    for run in PerfRun.objects.running().filter(wish=None):
        if run.current_state is State.RUNNING:
            return run
    return None
