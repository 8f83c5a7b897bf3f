"""A socket is closed when the session or account that admitted it has ended."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..access.authentication import Admission, endings
from ..access.sessions import kept_in_cookies
from ..background.coalesce import Coalescer
from ..wire.hints import session_digest
from ..wire.protocol import CloseCode
from .database import DatabaseWorker
from .sockets import Socket, Sockets

MAX_CHECKED = 100
"""Admissions looked at in one visit to the database thread, where others wait behind it: 5 ms."""

RECHECK_SECONDS = 0.5
"""While a password is changed the session still shows the old one for a moment, or has a new key
already. Which of the two codes is right is known when that is over."""


class Revocation:
    """Closes sockets whose session or account has ended: at once when told so, else by looking."""

    def __init__(self, worker: DatabaseWorker, sockets: Sockets) -> None:
        self._worker = worker
        self._sockets = sockets
        self._coalescer = Coalescer[Any, None](
            "Looking for sessions that were signed out",
            self._check_users,
        )
        self.stop = self._coalescer.stop

    def sign_out(self, pk: Any, session: str) -> None:
        """Close the sockets of one session, by its digest, or all of the user's when it is empty.

        A session may have got a new key after a socket came with it, so the others are looked at.
        """
        for socket in self._sockets.of(pk):
            if session in ("", _session_of(socket)):
                socket.close(CloseCode.SIGNED_OUT)
            elif _session_of(socket) and kept_in_cookies():
                # The same session may be in another cookie, and no look finds that it has ended.
                socket.close(CloseCode.SESSION_RENEWED)
            elif _session_of(socket):
                self._coalescer.add(pk, None)

    async def check_all(self) -> None:
        """Look at what let each socket in, some at a time."""
        ended = await self._endings(self._admissions(self._sockets))
        if ended:
            await asyncio.sleep(RECHECK_SECONDS)
            ended = await self._endings(ended)
        for admission, code in ended.items():
            self._close(admission, code)

    async def _check_users(self, users: Mapping[Any, None]) -> None:
        for admission in await self._endings(self._admissions(self._sockets.of_all(users))):
            self._close(admission, CloseCode.SIGNED_OUT)

    def _admissions(self, sockets: Iterable[Socket]) -> set[Admission]:
        return {s.admission for s in sockets if s.admission is not None and not s.closed}

    async def _endings(self, admissions: Collection[Admission]) -> dict[Admission, int]:
        all_of_them, codes = list(admissions), {}
        for start in range(0, len(all_of_them), MAX_CHECKED):
            some = all_of_them[start : start + MAX_CHECKED]
            codes.update(await self._worker.run(endings, some))
        return codes

    def _close(self, admission: Admission, code: int) -> None:
        for socket in self._sockets.of(admission.pk):
            if socket.admission == admission:
                socket.close(code)


def _session_of(socket: Socket) -> str:
    """The digest of its session, which hints name; nothing for one that came without."""
    key = "" if socket.admission is None else socket.admission.session_key
    return session_digest(key) if key else ""
