"""Connections for publishing: synchronous, for any thread, and never waited for longer than set."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import redis
import redis.sentinel

from ..conf import get_settings


def sync_pool(host: dict[str, Any]) -> redis.ConnectionPool:
    """As `channels_redis.utils.create_pool`, which makes pools for asyncio."""
    timeout = get_settings().PUBLISH_TIMEOUT_SECONDS
    # One connection for each thread that publishes at this moment: redis-py's limit of 100 would
    # look like a failure of Redis.
    host = {"max_connections": 10_000, **host}
    host |= {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    pool = _pool(host)
    stock = pool.connection_class
    pool.connection_class = type(stock.__name__, (_Punctual, stock), {})
    return pool


def _pool(host: dict[str, Any]) -> redis.ConnectionPool:
    if "address" in host:
        return redis.ConnectionPool.from_url(host.pop("address"), **host)
    master_name = host.pop("master_name", None)
    if master_name is None:
        return redis.ConnectionPool(**host)
    limits = {name: host[name] for name in ("socket_timeout", "socket_connect_timeout")}
    sentinels = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types
        host.pop("sentinels"), sentinel_kwargs=limits | (host.pop("sentinel_kwargs", None) or {})
    )
    pool = redis.sentinel.SentinelConnectionPool
    return pool(master_name, sentinels, **host)  # type: ignore[no-untyped-call]  # nor here


class _Punctual:
    """A connection whose time-out includes the look-up of the host's name, which knows none."""

    socket_connect_timeout: float

    def _connect(self) -> Any:
        connect: Callable[[], Any] = super()._connect  # type: ignore[misc]  # a mixin
        found: Future[Any] = Future()
        threading.Thread(target=_run, args=(connect, found), daemon=True).start()
        try:
            return found.result(self.socket_connect_timeout)
        except TimeoutError:
            found.add_done_callback(_close)
            raise socket.timeout("no connection in time") from None  # noqa: UP041 - redis-py's word


def _run(connect: Callable[[], Any], found: "Future[Any]") -> None:
    try:
        found.set_result(connect())
    except BaseException as error:
        found.set_exception(error)


def _close(found: "Future[Any]") -> None:
    """Nobody waits for this connection any more."""
    with suppress(Exception):  # it was never made, or is lost
        found.result().close()
