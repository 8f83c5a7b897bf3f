"""The page, and the address that its forms are sent to."""

from contextlib import suppress

from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ..access.address import socket_path
from ..db.requests import without_transaction
from ..feed.answering import Exchange
from ..feed.changes import change
from ..feed.identity import Asker, identify
from ..feed.limits import count_request
from ..store.own.listing import count_unread
from .actions import act, done
from .entries import entries, words
from .filters import FilterForm


@without_transaction
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """For a user who is signed in; others are led to sign in."""
    exchange = Exchange(request)
    with exchange.refusals() as answers:
        user = getattr(request, "user", None)  # as on a site of tickets alone
        if user is not None and user.is_authenticated:
            asker = identify(request)
            exchange.headers |= count_request(asker.pk)
            show = _acted if request.method == "POST" else _page
            answers.append(show(request, asker))
        else:
            answers.append(redirect_to_login(request.get_full_path()))
    return exchange.finish(answers[0])


def _acted(request: HttpRequest, asker: Asker) -> HttpResponse:
    """Back to the page, so that loading it again does nothing again."""
    query = request.GET.copy()
    query["changed"] = str(act(asker, request.POST))
    return redirect(f"{request.path}?{query.urlencode()}")


def _page(request: HttpRequest, asker: Asker) -> HttpResponse:
    pk = asker.pk
    form = FilterForm(request.GET, auto_id="inbox-%s")
    valid = form.is_valid()
    listed, further = form.read(pk) if valid else ([], 0)
    if _is_looked_at(request):
        unseen = [one.content["id"] for one in listed if one.times["seen_at"] is None]
        with suppress(DatabaseError):  # one that takes nothing just now can be read still
            change("seen", pk, unseen, asker.trace)
    context = {
        "request": request,
        "form": form,
        "view": form.cleaned_data.get("view", ""),
        "entries": entries(listed, request.GET),
        "words": words(),
        # Ids are text here: a template would write numbers as the language does, 1,000.
        "newest": str(max((one.content["id"] for one in listed), default="")),
        "further": str(further or ""),
        "unread": count_unread(pk),
        "user_key": str(pk),
        "socket": socket_path(),
        "done": done(request.GET.get("changed", "")),
    }
    return render(request, "notifications/inbox.html", context, status=200 if valid else 400)


def _is_looked_at(request: HttpRequest) -> bool:
    """Not by a browser that loads ahead what may be clicked."""
    return request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
