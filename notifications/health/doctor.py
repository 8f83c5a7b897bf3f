"""Looks at the running system, one thing after the other, and says what to do."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPException
from secrets import token_hex
from typing import Any
from urllib.request import urlopen

from asgiref.sync import async_to_sync, sync_to_async
from django.core.checks import Tags, run_checks
from django.utils.translation import gettext as _

from ..layers import get_hints_layer
from ..models import Delivery, Notification
from ..send import anotify
from ..store.database import database
from ..testing import SocketClient, connected
from . import probes

LIMIT_SECONDS = 5.0
LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, what was seen, and what to do if it is not."""

    what: str
    well: bool
    seen: str
    advice: str = ""


def examine(user: Any = None, ready_url: str = "") -> Iterator[Finding]:
    """One finding after the other; a notification to `user` and back only where one is given."""
    yield from _settings()
    yield _database()
    yield _layer()
    if ready_url:
        yield _server(ready_url)
    if user is not None:
        yield _notification(user)


def _settings() -> Iterator[Finding]:
    all_ = run_checks(
        tags=["notifications", Tags.database],
        include_deployment_checks=True,
        databases=[database()],
    )
    found = [problem for problem in all_ if not problem.is_silenced()]
    for problem in found:
        yield Finding(problem.id or "", False, problem.msg, problem.hint or "")
    if not found:
        yield Finding(_("settings"), True, _("no check has found anything"))


def _database() -> Finding:
    start = time.perf_counter()
    problem = probes.database_problem()
    seen = problem or _("answered in {ms:.1f} ms").format(ms=_ms(start))
    advice = _("Check DATABASES, and run manage.py migrate.")
    return Finding(_("database"), not problem, seen, advice)


def _layer() -> Finding:
    advice = _(
        "Look whether Redis answers at the address in CHANNEL_LAYERS; meanwhile the sweep delivers."
    )
    return _timed(_("channel layer"), _heard, _("a hint was heard after {ms:.1f} ms"), advice)


def _notification(user: Any) -> Finding:
    advice = _("Look into the log of this command; docs/explanation/hub.md says what goes where.")
    seen = _("sent, received and acknowledged in {ms:.1f} ms")
    return _timed(_("notification"), _there_and_back, seen, advice, user)


def _timed(
    what: str, job: Callable[..., Awaitable[float]], seen: str, advice: str, *args: Any
) -> Finding:
    """In this thread, whose connections to databases are closed by who runs the command."""
    try:
        milliseconds = async_to_sync(job)(*args)
    except TimeoutError:
        said = _("nothing came within {seconds:g} seconds").format(seconds=LIMIT_SECONDS)
        return Finding(what, False, said, advice)
    except Exception as error:  # whatever it is, the examination goes on
        return Finding(what, False, " ".join(str(error).split()) or type(error).__name__, advice)
    return Finding(what, True, seen.format(ms=milliseconds))


async def _heard() -> float:
    """Milliseconds from a publish to its hearing, over a subscription of its own."""
    heard = asyncio.Event()
    group = f"doctor.{token_hex(8)}"
    layer = get_hints_layer()
    subscription = await layer.subscribe_hints(lambda *_: heard.set(), lambda: None)
    try:
        await subscription.join([group])
        start = time.perf_counter()
        await sync_to_async(layer.publish_hints)([(b"doctor", [group])])
        async with asyncio.timeout(LIMIT_SECONDS):
            await heard.wait()
        return _ms(start)
    finally:
        await subscription.close()


async def _there_and_back(user: Any) -> float:
    """Milliseconds from `notify` to the row that says delivered, through a hub of this process."""
    async with connected(user) as client:
        if client.close_code is not None:
            raise ConnectionError(
                _("the socket was closed with {code}").format(code=client.close_code)
            )
        start = time.perf_counter()
        async with _examination(user) as sent:
            await _until_delivered(client, sent)
            return _ms(start)


@asynccontextmanager
async def _examination(user: Any) -> AsyncIterator[Notification]:
    """A notification that leaves no trace."""
    sent = await anotify(user, _("Examination"), category="doctor")
    try:
        yield sent
    finally:
        await Notification.objects.using(database()).filter(pk=sent.pk).adelete()


async def _until_delivered(client: SocketClient, sent: Notification) -> None:
    rows = Delivery.objects.using(database()).filter(notification=sent).delivered()
    async with asyncio.timeout(LIMIT_SECONDS):
        await client.until_arrived([sent.pk])
        client.ack([sent.pk])
        while not await rows.aexists():  # noqa: ASYNC110 - no event tells of another's commit
            await asyncio.sleep(LOOK_SECONDS)


def _server(url: str) -> Finding:
    advice = _("See what is false in the answer of the ready view, or whether the server runs.")
    if not url.startswith(("http://", "https://")):
        return Finding(
            _("server"), False, url, _("Give the address of the ready view with http://.")
        )
    try:
        with urlopen(url, timeout=LIMIT_SECONDS) as answer:  # noqa: S310 - http as seen above
            seen = json.load(answer)
        is_ready, milliseconds = bool(seen["ready"]), seen["lag_seconds"] * 1000
    except (HTTPException, OSError, ValueError) as error:
        return Finding(_("server"), False, f"{url}: {error}", advice)
    except (LookupError, TypeError):
        return Finding(
            _("server"), False, _("{url}: this is no ready view").format(url=url), advice
        )
    said = _("ready, its event loop answers in {ms:.1f} ms").format(ms=milliseconds)
    return Finding(_("server"), is_ready, said, advice)


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000
