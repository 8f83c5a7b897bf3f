"""What breaks in a storm: each a context manager, at whose end everything is well again."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

import psycopg
import redis
from django.db import connection
from psycopg import sql

from notifications.models import Delivery
from perftests.load.server.process import ServerProcess
from perftests.load.services.postgres import PrivatePostgres
from perftests.load.services.redis import PrivateRedis

from .site import Site

Outage = Callable[[], AbstractContextManager[None]]

PASSWORD = "changed"


def outages(site: Site) -> Mapping[str, Outage]:
    """By name, what can break on this site."""
    found: dict[str, Outage] = {
        "a server is killed": partial(_down, site.servers[0], site.servers[0].kill),
        "a server hangs": partial(_hangs, site.servers[1]),
        "the servers restart, one after the other": partial(_restarted, site.servers),
    }
    if site.redis is not None:
        found |= {
            "Redis is killed": partial(_down, site.redis, site.redis.kill),
            "Redis hangs": partial(_hangs, site.redis),
            "Redis refuses": partial(_redis_refuses, site.redis),
        }
    if site.postgres is not None:
        assert site.link is not None
        found |= {
            "PostgreSQL is killed": partial(_down, site.postgres, site.postgres.kill),
            "PostgreSQL hangs": partial(_hangs, site.postgres),
            "PostgreSQL refuses": partial(_postgres_refuses, site.postgres),
            "PostgreSQL is read-only": partial(_read_only, site.postgres),
            "connections to PostgreSQL are dead": partial(_abandoned, site),
        }
    found["the deliveries are locked"] = _locked
    if site.disk is not None:
        found["the disk is full"] = site.disk.filled
    return found


class Breakable(Protocol):
    """A process of the site."""

    def start(self) -> None: ...

    def suspend(self) -> None: ...

    def resume(self) -> None: ...


@contextlib.contextmanager
def _down(broken: Breakable, end: Callable[[], None]) -> Iterator[None]:
    end()
    yield
    broken.start()


@contextlib.contextmanager
def _hangs(broken: Breakable) -> Iterator[None]:
    broken.suspend()
    try:
        yield
    finally:
        broken.resume()


@contextlib.contextmanager
def _restarted(servers: list[ServerProcess]) -> Iterator[None]:
    for server in servers:
        with _down(server, server.stop):
            pass
    yield


@contextlib.contextmanager
def _redis_refuses(service: PrivateRedis) -> Iterator[None]:
    """Everybody is thrown out, and nobody knows the password."""
    with redis.Redis(port=service.port) as client:
        client.config_set("requirepass", PASSWORD)
        client.client_kill_filter(_type="pubsub")
        client.client_kill_filter(_type="normal", skipme=True)
        try:
            yield
        finally:
            client.auth(PASSWORD)
            client.config_set("requirepass", "")


@contextlib.contextmanager
def _postgres_refuses(service: PrivatePostgres) -> Iterator[None]:
    with _administration(service) as execute:
        execute("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        _throw_out(execute)
        try:
            yield
        finally:
            execute("ALTER DATABASE {} ALLOW_CONNECTIONS true")


@contextlib.contextmanager
def _read_only(service: PrivatePostgres) -> Iterator[None]:
    """As after a failover: whoever stays connected writes to what has become a replica."""
    with _administration(service) as execute:
        execute("ALTER SYSTEM SET default_transaction_read_only = on")
        execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            execute("SET default_transaction_read_only = off")
            execute("ALTER SYSTEM RESET default_transaction_read_only")
            execute("SELECT pg_reload_conf()")


@contextlib.contextmanager
def _administration(service: PrivatePostgres) -> Iterator[Callable[[str], Any]]:
    """Runs statements; `{}` stands for the name of the test's database."""
    address = f"{service.url.rpartition('/')[0]}/template1"
    with psycopg.connect(address, autocommit=True) as admin:
        name = sql.Identifier(connection.settings_dict["NAME"])
        yield lambda statement: admin.execute(sql.SQL(statement).format(name))


def _throw_out(execute: Callable[[str], Any]) -> None:
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    )


@contextlib.contextmanager
def _abandoned(site: Site) -> Iterator[None]:
    assert site.link is not None
    site.call(site.link.abandon)
    yield


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """As by a migration, or `VACUUM FULL`."""
    table = Delivery._meta.db_table
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if other.vendor == "sqlite":
                cursor.execute("BEGIN EXCLUSIVE")
            else:
                cursor.execute("BEGIN")
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()
