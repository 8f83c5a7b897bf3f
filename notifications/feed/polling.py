"""The long poll: the first page and the counts, as soon as the client does not know them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ..conf import get_settings
from ..db.requests import without_transaction
from ..hub import get_hub
from ..hub.shutdown import is_ending, told_of_the_end
from ..hub.sockets.waiter import Waiter
from ..wire.protocol import CloseCode
from .answering import Exchange, choose, conditional
from .contract import PollQuery
from .identity import Asker
from .input import read_query
from .problems import RETRY_SECONDS, Refused, unauthenticated, unavailable
from .reading import read_latest

P = ParamSpec("P")
T = TypeVar("T")

_SIGNED_OUT = (
    CloseCode.UNAUTHENTICATED,
    CloseCode.SIGNED_OUT,
    CloseCode.SESSION_RENEWED,
)


@login_not_required
@csrf_exempt
@without_transaction
async def poll(request: HttpRequest) -> HttpResponse:
    """Waits under ASGI alone: under WSGI it would keep a thread from all others."""
    exchange = Exchange(request)
    with exchange.refusals() as answers:
        choose(request, {"GET": _latest})
        asker = await _aside(exchange.begin)
        query = read_query(PollQuery, request.GET)
        waits = isinstance(request, ASGIRequest) and "If-None-Match" in request.headers
        if not waits or not query.wait or is_ending():
            answers.append(await _aside(_latest, request, asker, query.limit))
        else:
            answers.append(await _changed(request, asker, query))
    return exchange.finish(answers[0])


async def _changed(request: HttpRequest, asker: Asker, query: PollQuery) -> HttpResponse:
    """What a client does not know yet, or 304 when the time is over."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + min(query.wait, get_settings().POLL_SECONDS)
    async with _waiting(asker) as waiter:
        while True:
            waiter.begin()
            _check(waiter.closed_with)
            response = await _aside(_latest, request, asker, query.limit)
            left = ends - loop.time()
            if response.status_code != 304 or waiter.closed or left <= 0:
                return response
            _give_thread_back()
            await waiter.wait(left)


@asynccontextmanager
async def _waiting(asker: Asker) -> AsyncIterator[Waiter]:
    """Connected to the hub before anything is read, so that no change is missed."""
    hub, waiter = get_hub(), Waiter()
    with told_of_the_end(partial(waiter.close, CloseCode.RESTART)):
        try:
            code = await hub.connect(waiter, asker.shown)
            _check(code)
            if code is not None:
                raise unavailable("News cannot be waited for.")  # it would hear of none
            yield waiter
        finally:
            await hub.disconnect(waiter)


def _check(code: int | None) -> None:
    """Raises `Refused` for whoever the hub would not let stay."""
    if code in _SIGNED_OUT:
        raise unauthenticated("Sign in.")
    if code == CloseCode.TOO_MANY_SOCKETS:
        detail = "Too many connections of this user wait here, and this one waited longest."
        raise Refused("too-many-requests", detail, {"Retry-After": str(RETRY_SECONDS)})


def _latest(request: HttpRequest, asker: Asker, limit: int) -> HttpResponse:
    return conditional(request, read_latest(asker.pk, limit))


async def _aside(job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In the thread of the request, which keeps no connection while it waits: polls are many."""

    def run() -> T:
        try:
            return job(*args, **kwargs)
        finally:
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()

    return await sync_to_async(run)()


def _give_thread_back() -> None:
    """Django keeps a thread for each request until it ends, of some 200 kB: polls are many.

    asgiref ends it in this way itself, only later. Whoever needs one after that gets another.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executors = getattr(SyncToAsync, "context_to_thread_executor", None)  # not promised
    if context is not None and executors is not None:
        executor = executors.pop(context, None)
        if executor is not None:
            executor.shutdown(wait=False)
