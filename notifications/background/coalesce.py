"""Work that is asked for often and done together; what could not be done waits on."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Generic, TypeVar

from .backoff import backoff
from .supervision import SupervisedTask, is_cancelled
from .trouble import Trouble, is_busy, may_pass

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.1
MAX_RETRY_SECONDS = 1.0
"""The longest pause: so soon after the end of a fault everything goes on."""

FINISH_SECONDS = 1.5
"""So long what is left at the end is tried again, as while another writer has SQLite. A hub has two
such ends, one behind the other, and whoever comes meanwhile waits for them."""

TRIES = 3
"""Failures in a row before a batch is split; and of one alone, while others succeed, before it is
given up."""

K = TypeVar("K")
V = TypeVar("V")
Work = Callable[[Mapping[K, V]], Awaitable[Mapping[K, V] | None]]


class Coalescer(Generic[K, V]):
    """Hands everything that waits to `work` at once.

    What comes while it runs forms the next batch, without a timer. `work` may return what it
    could not do yet. When it fails, the batch goes back to the front, merged with what came
    meanwhile, and is tried again after a pause; when it goes on failing, with half as many, until
    one that fails alone stands behind the others. That one is given up only while others succeed,
    or if its failure is none that may pass. Where another writer has all of SQLite it stays whole,
    and is tried soon: fewer would wait as long, and a busy writer leaves but moments.

    Of a key that waits already `merge` makes one value of two; without it the newer one counts.
    Where nobody can wait, `refuse` takes what has failed instead.
    """

    def __init__(
        self,
        name: str,
        work: Work[K, V],
        merge: Callable[[V, V], V] | None = None,
        *,
        size: int | None = None,
        delay: Callable[[], float] | None = None,
        refuse: Callable[[Mapping[K, V]], None] | None = None,
        quiet_failures: int = 0,
        log: logging.Logger = logger,
    ) -> None:
        self.waiting: OrderedDict[K, V] = OrderedDict()
        self.taken: Mapping[K, V] = {}
        self._name = name
        self._work = work
        self._merge = merge or _newer
        self._delay = delay
        self._refuse = refuse
        self._log = log
        self._trouble = Trouble(name, quiet=quiet_failures, log=log)
        self._size = self._most = size
        self._successes = 0
        self._suspects: dict[K, tuple[int, int]] = {}
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._round_ended = asyncio.Event()
        self._task = SupervisedTask(self._run)

    @property
    def failures(self) -> int:
        """In a row, up to now."""
        return self._trouble.failures

    def add(self, key: K, value: V) -> None:
        """Ask for something to be done."""
        waiting = self.waiting
        waiting[key] = self._merge(waiting[key], value) if key in waiting else value
        self._wanted.set()

    def hurry(self) -> None:
        """Do not let more come first."""
        self._hurry.set()

    async def flush(self) -> None:
        """Returns when all that was added before is done or has failed; at once while it fails."""
        rounds = 2 if self.taken else 1
        while rounds:
            if self.failures or not (self.taken or self.waiting):
                return
            if self._size == self._most:
                rounds -= 1  # others are of a part alone, as after failures
            self._hurry.set()
            await self._round_ended.wait()

    async def stop(self) -> None:
        """Do no more; what was not done waits on."""
        await self._task.stop()
        self._round_ended.set()  # nobody waits for a round that does not come

    async def finish(self) -> None:
        """Stop, and do what is left; what cannot be done is tried again for `FINISH_SECONDS`."""
        await self.stop()
        self._size = self._most = None
        time = asyncio.get_running_loop().time
        ends = time() + FINISH_SECONDS
        while before := dict(self.waiting):
            pause = min(await self._round(), RETRY_SECONDS)
            if self.waiting != before:
                continue  # some of it was done
            if time() > ends:
                return
            await asyncio.sleep(pause)

    async def _run(self) -> None:
        while True:
            if not self.waiting:
                self._wanted.clear()
                await self._wanted.wait()
            if self._delay is not None:
                await self._let_more_come(self._delay())
            pause = await self._round()
            if pause:
                await asyncio.sleep(pause)

    async def _let_more_come(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass  # nobody is in a hurry

    async def _round(self) -> float:
        """One batch; returns the seconds to wait before the next."""
        self._hurry.clear()
        self.taken = taken = self._take()
        try:
            left = await self._work(taken)
        except asyncio.CancelledError as error:
            if is_cancelled():
                self._put_back(taken)
                raise
            return self._failed(taken, error)
        except Exception as error:
            return self._failed(taken, error)
        else:
            return self._succeeded(taken, left)
        finally:
            self.taken = {}
            self._round_ended.set()
            self._round_ended = asyncio.Event()

    def _take(self) -> Mapping[K, V]:
        if self._size is None or len(self.waiting) <= self._size:
            taken, self.waiting = self.waiting, OrderedDict()
            return taken
        keys = list(islice(self.waiting, self._size))
        return {key: self.waiting.pop(key) for key in keys}

    def _put_back(self, taken: Mapping[K, V]) -> None:
        came, self.waiting = self.waiting, OrderedDict(taken)
        for key, value in came.items():
            self.add(key, value)
        self._wanted.set()

    def _succeeded(self, taken: Mapping[K, V], left: Mapping[K, V] | None) -> float:
        self._trouble.over()
        self._successes += 1
        if self._suspects:
            for key in taken:
                self._suspects.pop(key, None)
        if self._size is not None:
            self._size *= 2
            if self._most is not None:
                self._size = min(self._size, self._most)
            elif self._size > len(self.waiting):
                self._size = None
        if not left:
            return 0.0
        self._put_back(left)
        return RETRY_SECONDS

    def _failed(self, taken: Mapping[K, V], error: BaseException) -> float:
        self._trouble.failed(error)
        passing, busy = may_pass(error), is_busy(error)
        if self._refuse is not None and (passing or len(taken) == 1):
            self._refuse(taken)
        elif len(taken) == 1:
            self._failed_alone(taken, passing)
        else:
            self._put_back(taken)
            if not passing or (self.failures >= TRIES and not busy):
                self._size = len(taken) // 2
        if not passing or self._refuse is not None:
            return 0.0
        longest = RETRY_SECONDS if busy else MAX_RETRY_SECONDS
        return backoff(self.failures, first=RETRY_SECONDS, longest=longest)

    def _failed_alone(self, taken: Mapping[K, V], passing: bool) -> None:
        [(key, value)] = taken.items()
        times, at = self._suspects.pop(key, (0, -1))
        if self._successes > at:
            times += 1
        if not passing or (times >= TRIES and self.waiting):
            self._log.error("%s: one of many is given up, as it fails alone", self._name)
            return
        self._suspects[key] = times, self._successes
        self.waiting[key] = self._merge(value, self.waiting[key]) if key in self.waiting else value
        self.waiting.move_to_end(key)
        self._wanted.set()


def _newer(old: V, new: V) -> V:
    return new
