"""A prefix for what one run keeps in Redis; what a killed run left is deleted by the next."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from redis import Redis, RedisError

from perftests.processes.system import unique


@contextmanager
def own_prefix(kind: str, hosts: Sequence[Any]) -> Iterator[str]:
    """`kind` and an ending that no other run has; the keys that begin with it and a hyphen
    go afterwards.

    A connection of that name to each host is the proof that the run lives: Redis forgets it with
    the process. Hosts are what channels-redis accepts; those without an address are not swept.
    """
    prefix = unique(kind)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                Redis.from_url(address, client_name=prefix, single_connection_client=True)
            )
            for address in _addresses(hosts)
        ]
        for client in clients:
            _delete_abandoned(client, kind)
        try:
            yield prefix
        finally:
            for client in clients:
                _delete(client, prefix)


def _addresses(hosts: Sequence[Any]) -> list[str]:
    if not hosts:
        return []
    from channels_redis.utils import decode_hosts  # which a server without Redis need not have

    return [host["address"] for host in decode_hosts(list(hosts)) if "address" in host]


def _delete_abandoned(client: Redis, kind: str) -> None:
    with suppress(RedisError):  # one that may not list the clients sweeps nothing
        keys = list(client.scan_iter(f"{kind}-*", count=1000))
        prefixes = {found[0] for key in keys if (found := _prefix_of(kind, key))}
        living = {connection["name"] for connection in client.client_list()}
        for prefix in prefixes - living:
            _delete(client, prefix)


def _prefix_of(kind: str, key: bytes) -> re.Match[str] | None:
    return re.match(rf"{re.escape(kind)}-[0-9a-f]{{16}}(?=-)", key.decode(errors="replace"))


def _delete(client: Redis, prefix: str) -> None:
    with suppress(RedisError):  # they expire by themselves
        for key in client.scan_iter(f"{prefix}-*", count=1000):
            client.delete(key)
