"""The database suite: exact numbers of statements, growth, the write path, concurrent writers."""

import math
import random
import time
from collections.abc import Callable
from functools import partial
from typing import get_args

from django.contrib.auth.models import User
from django.db.models import Q

from notifications.models import Delivery, Notification
from notifications.offline import Mark
from notifications.send import notify
from perftests.measure.stats import median, median_ratio
from perftests.measure.units import milliseconds
from perftests.testcases import PerformanceTestCase, row

from .operations import OPERATIONS, Stock, count_unread, list_inbox, replay
from .rows import as_queryset, count_statements, explain, gather_statistics, queue_for
from .support import private_layer
from .write_path import Contest, acknowledging, inserting, pruning, reading_all
from .writers import Orders, write_together

READS = {"list an inbox": list_inbox, "count unread": count_unread, "replay a queue": replay}
MARKS: tuple[Mark, ...] = get_args(Mark)
OWN_DELIVERIES = 100
CROWD = 200
REPEATS = 100
PAIRS = 9
WRITER_ROUNDS = 5


class DatabaseTests(PerformanceTestCase):
    suite = "database"

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(private_layer())

    @row("D1")
    def test_every_operation_keeps_its_number_of_statements(self) -> None:
        """Statements of every public operation, whatever the number of rows"""
        for size in self.scaled(smoke=(10, 200), standard=(10, 2_000), extended=(10, 10_000)):
            stock = self.stock(size)
            for operation in OPERATIONS:
                self.measure(
                    f"{operation.name}, {size:,} rows",
                    count_statements(partial(operation.run, stock)),
                    "statements",
                    asked=f"== {operation.statements}",
                )
        self.note("BEGIN and COMMIT are counted too.")

    @row("D2")
    def test_reading_does_not_slow_down_as_the_tables_grow(self) -> None:
        """Time to read one user's notifications while everybody else's grow in number"""
        sizes = self.scaled(
            smoke=(1_000, 10_000), standard=(10_000, 100_000), extended=(10_000, 100_000, 1_000_000)
        )
        owner, *others = self.create_users(1 + CROWD)
        crowd = as_queryset(others)
        stock = Stock(owner, queue_for([owner], OWN_DELIVERIES)[0], [owner])
        times: list[dict[str, float]] = []
        for size in sizes:
            self.progress(f"growing to {size:,} deliveries")
            missing = size - Delivery.objects.count()
            for _ in range(math.ceil(missing / CROWD)):
                notify(crowd, "To everybody")
            gather_statistics()
            times.append({name: relative_time(read, stock) for name, read in READS.items()})
        for name, read in READS.items():
            growth = times[-1][name] / times[0][name]
            plan = explain(partial(read, stock))
            self.measure(f"{name}, growth of its time", growth, "×", ours="< 2")
            self.measure(f"{name}, whole reads of a table", plan.scans, "tables", asked="== 0")
            latest = median([nanoseconds(partial(read, stock)) for _ in range(REPEATS)])
            self.measure(
                f"{name}, {sizes[-1]:,} deliveries", milliseconds(latest), "ms", better="lower"
            )
            self.note(f"To {name} the database uses {', '.join(plan.indexes)}.")

    @row("D3")
    def test_writing_is_nearly_as_fast_as_plain_sql(self) -> None:
        """Rates of the write path, as shares of the least SQL that writes the same rows"""
        count = self.scaled(smoke=2_000, standard=10_000, extended=100_000)
        owner, *others = self.create_users(1 + count)
        crowd = as_queryset(others)
        self.compare(inserting(crowd))
        self.compare(acknowledging(crowd))
        self.compare(reading_all(owner, count // 5))
        self.compare(pruning(crowd))

    @row("D4")
    def test_concurrent_writers_lose_nothing(self) -> None:
        """Processes that send to the same users and mark the same deliveries at once"""
        writers = self.scaled(smoke=3, standard=4, extended=8)
        users = self.create_users(self.scaled(smoke=20, standard=100, extended=500))
        ids = [
            notify(users, "To be marked").pk
            for _ in range(self.scaled(smoke=20, standard=50, extended=100))
        ]
        keys = [f"shared {number}" for number in range(WRITER_ROUNDS)]
        pks = [user.pk for user in users]
        self.progress(f"{writers} processes write to {len(users)} users")

        done = write_together(
            [Orders(seed, pks, ids, keys, two_marks(seed)) for seed in range(writers)],
            self.timeout_seconds,
        )

        errors = [error for writer in done for error in writer.errors]
        marked = Delivery.objects.filter(notification__in=ids)
        unmarked = Q(delivered_at=None) | Q(seen_at=None) | Q(read_at=None) | Q(archived_at=None)
        changed = sum(writer.changed[kind] for writer in done for kind in ("read", "archived"))
        sent = Delivery.objects.exclude(notification__in=ids).count()
        shared = Notification.objects.filter(key__in=keys).count()
        self.measure("failed writes", len(errors), "statements", asked="== 0")
        self.measure("lost updates", marked.filter(unmarked).count(), "rows", asked="== 0")
        self.measure("rows marked twice", changed - 2 * marked.count(), "rows", asked="== 0")
        expected = len(users) * len(keys) * (1 + writers)
        self.measure("deliveries lost", expected - sent, "rows", asked="== 0")
        self.measure("keys that were sent twice", shared - len(keys), "keys", asked="== 0")
        if errors:
            self.note(f"The first failure: {errors[0]}")

    def stock(self, size: int) -> Stock:
        """An owner with a queue of `size`, and as many other users with two in each."""
        owner, *users = self.create_users(1 + size)
        queue_for(users, 2)
        return Stock(owner, queue_for([owner], size)[0], users)

    def compare(self, contest: Contest) -> None:
        """Measure both ways side by side, in random order: a database works in periods, too."""
        self.progress(f"comparing ways to {contest.name}")
        chance = random.Random(contest.name)
        ways = {"raw": contest.raw, "ours": contest.ours}
        pairs = []
        for _ in range(1 + PAIRS):
            order = chance.sample(list(ways), 2)
            rates = {name: rate(contest, ways[name]) for name in order}
            pairs.append((rates["raw"], rates["ours"]))
        del pairs[0]  # it warms up
        share = median_ratio(pairs).value
        usual = median([ours for _, ours in pairs])
        self.measure(contest.name, usual, "rows/s", better="higher")
        self.measure(
            f"{contest.name}, share of plain SQL", share, "×", better="higher", ours=contest.goal
        )


def two_marks(seed: int) -> tuple[Mark, Mark]:
    """A mark, and the one after the next: who sets all of them repairs what others lost."""
    return MARKS[seed % len(MARKS)], MARKS[(seed + 2) % len(MARKS)]


def rate(contest: Contest, write: Callable[[], int]) -> float:
    """Rows per second of one way to write."""
    contest.prepare()
    begun = time.perf_counter()
    return write() / (time.perf_counter() - begun)


def relative_time(read: Callable[[Stock], object], stock: Stock) -> float:
    """The time of a read in units of a read from a table that does not grow.

    The two take turns, so that a busy machine slows both of them down.
    """
    get_owner = partial(User.objects.get, pk=stock.owner.pk)
    return median(
        [nanoseconds(partial(read, stock)) / nanoseconds(get_owner) for _ in range(REPEATS)]
    )


def nanoseconds(operation: Callable[[], object]) -> int:
    begun_ns = time.perf_counter_ns()
    operation()
    return time.perf_counter_ns() - begun_ns
