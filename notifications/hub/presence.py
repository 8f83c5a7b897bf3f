"""Which users are connected to this process, by which sockets."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ..hints import user_group
from .socket import Socket


class Presence:
    """An index of the sockets by user and by group."""

    def __init__(self) -> None:
        self._sockets: dict[Any, tuple[Socket, ...]] = {}
        self._users: dict[str, Any] = {}

    def add(self, socket: Socket) -> None:
        """`socket.pk` says whose it is."""
        self._sockets[socket.pk] = (*self.of(socket.pk), socket)
        self._users[user_group(socket.pk)] = socket.pk

    def remove(self, socket: Socket) -> bool:
        """Whether it was the user's last socket here."""
        left = tuple(other for other in self.of(socket.pk) if other is not socket)
        if left:
            self._sockets[socket.pk] = left
            return False
        self._users.pop(user_group(socket.pk), None)
        return self._sockets.pop(socket.pk, None) is not None

    def of(self, pk: Any) -> tuple[Socket, ...]:
        return self._sockets.get(pk, ())

    def of_all(self, pks: Iterable[Any]) -> Iterator[Socket]:
        """The sockets of those among `pks` who are connected."""
        find = self._sockets.get
        for pk in pks:
            yield from find(pk, ())

    def in_group(self, group: str) -> tuple[Socket, ...]:
        return self._sockets.get(self._users.get(group), ())

    def pks(self) -> Collection[Any]:
        return self._sockets.keys()

    def sockets(self) -> Iterator[Socket]:
        for sockets in list(self._sockets.values()):
            yield from sockets

    @staticmethod
    def groups(sockets: Iterable[Socket]) -> set[str]:
        return {user_group(socket.pk) for socket in sockets}
