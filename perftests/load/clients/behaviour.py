"""How people use a site with notifications: profiles as data, and visitors who act them out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from picows import WSError

from .client import ConnectFailed, NotificationClient

RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of user; all times in seconds.

    `reads_after` is the time between two looks at what has arrived, all of which is then read;
    `connected_for` the time until the connection ends, by a goodbye or without one, and `away_for`
    the time until the user is back. `None` means never.
    """

    name: str
    arrives_after: float = 0.0
    tabs: int = 1
    reads_after: float | None = None
    acknowledges_after: float = 1.0
    connected_for: float | None = None
    away_for: float = 0.0
    says_goodbye: bool = False


STAYS = Profile("has the page open and does something else")
SURFS = Profile(
    "goes from page to page, reading",
    reads_after=0.2,
    connected_for=0.5,
    away_for=0.05,
    says_goodbye=True,
)
TRAVELS = Profile("is on a train", reads_after=0.5, connected_for=0.6, away_for=0.3)

PROFILES = (
    STAYS,
    SURFS,
    TRAVELS,
    Profile("reads everything at once", reads_after=0.1),
    Profile("has three tabs and reads in one", tabs=3, reads_after=0.3),
    Profile("acknowledges late, from a hidden tab", acknowledges_after=5.0),
    Profile("looks in later, with two tabs", arrives_after=1.0, tabs=2, reads_after=0.5),
)


class Visitor:
    """A user with some tabs, who behaves as the profile says.

    What the user got is what any of the tabs got: an acknowledgement from one is enough for the
    server, and the other tabs reload their list after they were away.
    """

    def __init__(
        self, profile: Profile, websocket_url: str, make_ticket: Callable[[], str]
    ) -> None:
        self.profile = profile
        self.connects = 0
        self.tabs = [
            NotificationClient(websocket_url, ack_delay_seconds=profile.acknowledges_after)
            for _ in range(profile.tabs)
        ]
        self._make_ticket = make_ticket
        self._read: set[int] = set()

    @property
    def arrived_ids(self) -> Sequence[int]:
        return list(dict.fromkeys(id_ for tab in self.tabs for id_ in tab.arrived_ids))

    @property
    def duplicates(self) -> int:
        return sum(tab.duplicates for tab in self.tabs)

    @property
    def out_of_order(self) -> int:
        return sum(tab.out_of_order for tab in self.tabs)

    @property
    def shown_twice(self) -> int:
        """Notifications that a tab let through to the screen more than once."""
        return sum(len(tab.arrived_ids) - len(set(tab.arrived_ids)) for tab in self.tabs)

    async def visit(self, seconds: float, *, late: float = 0.0) -> None:
        """Act for so long; afterwards all tabs are connected, though some may still catch up.

        `late` is added to the arrival, so that visitors of one profile do not move as one.
        """
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.sleep(self.profile.arrives_after + late)
        await self._connect()
        async with asyncio.TaskGroup() as habits:
            habits.create_task(self._read_now_and_then(end))
            habits.create_task(self._come_and_go(end))

    async def _connect(self) -> None:
        for tab in self.tabs:
            while not tab.connected:
                tab.ticket = self._make_ticket()
                try:
                    await tab.connect()
                except (ConnectFailed, WSError, OSError):
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self.connects += 1

    async def _read_now_and_then(self, end: float) -> None:
        async for _ in _every(self.profile.reads_after, end):
            unread = set(self.tabs[0].arrived_ids) - self._read
            if unread and self.tabs[0].connected:
                self.tabs[0].send({"type": "read", "ids": sorted(unread)})
                self._read |= unread

    async def _come_and_go(self, end: float) -> None:
        async for _ in _every(self.profile.connected_for, end):
            await self._leave()
            await asyncio.sleep(self.profile.away_for)
            await self._connect()

    async def _leave(self) -> None:
        for tab in self.tabs:
            if self.profile.says_goodbye:
                await tab.close()
            else:
                tab.drop()


async def _every(seconds: float | None, end: float) -> AsyncIterator[None]:
    """After each pause of so many seconds, until the loop's time is `end`; `None` is never."""
    time = asyncio.get_running_loop().time
    while seconds is not None and time() + seconds < end:
        await asyncio.sleep(seconds)
        yield
