"""Sending requests when they are due, on an event loop: an open loop, as visitors make one.

A visitor does not wait for the answers of others, so a server that stands still for a second gets
all the requests of that second at once, and each of them has waited ("coordinated omission", G.
Tene, "How NOT to Measure Latency").
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from perftests.measure import meters

from ..clients.health import Watch
from ..schedule.pacing import from_now_ns, seconds_until
from .answers import Answers

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the status that is expected. `data` are the fields of a form."""

    method: str
    url: str
    status: int
    data: Mapping[str, str] | None = None
    json: Any = None


def send(
    request: Request,
    visitors: Sequence[Headers],
    offsets_ns: Iterable[int],
    timeout_seconds: float,
) -> Answers:
    """Send it at each of these moments, by the headers of one visitor after the other."""
    answers = Answers()
    meters.show(answers)
    try:
        asyncio.run(_send(request, visitors, offsets_ns, timeout_seconds, answers))
    finally:
        meters.hide(answers)
    return answers


async def _send(
    request: Request,
    visitors: Sequence[Headers],
    offsets_ns: Iterable[int],
    timeout_seconds: float,
    answers: Answers,
) -> None:
    watch = Watch()
    watch.begin()
    async with _session(timeout_seconds) as session, asyncio.TaskGroup() as tasks:
        with answers.metrics:
            sent = []
            for number, due_ns in enumerate(from_now_ns(offsets_ns)):
                await asyncio.sleep(seconds_until(due_ns))
                headers = visitors[number % len(visitors)]
                one = _send_one(session, request, headers, due_ns, answers)
                sent.append(tasks.create_task(one))
            await asyncio.gather(*sent)
    watch.end()
    answers.doubt = watch.doubt


def _session(timeout_seconds: float) -> aiohttp.ClientSession:
    """As many connections as there are requests under way; cookies are the visitors' own."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
    )


async def _send_one(
    session: aiohttp.ClientSession,
    request: Request,
    headers: Headers,
    due_ns: int,
    answers: Answers,
) -> None:
    try:
        async with session.request(
            request.method,
            request.url,
            headers=headers,
            data=request.data,
            json=request.json,
            allow_redirects=False,
        ) as response:
            await response.read()
    except TimeoutError:
        answers.fail("no answer in time")
    except aiohttp.ClientError as error:
        answers.fail(type(error).__name__)
    else:
        if response.status == request.status:
            answers.succeed(time.perf_counter_ns() - due_ns)
        else:
            answers.fail(f"{response.status} instead of {request.status}")
