"""Which users are connected to this process, by which sockets."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from notifications.wire.hints import user_group

from .socket import Socket


class Sockets:
    """An index of the sockets by user and by group; iterates over all of them."""

    def __init__(self) -> None:
        self._by_user: dict[Any, tuple[Socket, ...]] = {}
        self._users: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Socket]:
        for sockets in list(self._by_user.values()):
            yield from sockets

    def add(self, socket: Socket) -> None:
        """`socket.pk` says whose it is."""
        self._by_user[socket.pk] = (*self.of(socket.pk), socket)
        self._users[user_group(socket.pk)] = socket.pk

    def remove(self, socket: Socket) -> bool:
        """Whether it was the user's last socket here."""
        left = tuple(other for other in self.of(socket.pk) if other is not socket)
        if left:
            self._by_user[socket.pk] = left
            return False
        self._users.pop(user_group(socket.pk), None)
        return self._by_user.pop(socket.pk, None) is not None

    def of(self, pk: Any) -> tuple[Socket, ...]:
        return self._by_user.get(pk, ())

    def of_all(self, pks: Iterable[Any]) -> Iterator[Socket]:
        """The sockets of those among `pks` who are connected."""
        find = self._by_user.get
        for pk in pks:
            yield from find(pk, ())

    def in_group(self, group: str) -> tuple[Socket, ...]:
        return self._by_user.get(self._users.get(group), ())

    def pks(self) -> Collection[Any]:
        return self._by_user.keys()

    def groups(self) -> set[str]:
        """Those of all who are connected."""
        return set(self._users)
