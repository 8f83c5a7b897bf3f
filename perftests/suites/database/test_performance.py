"""The database suite: exact numbers of statements, growth, the write path, concurrent writers."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import get_args

from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from notifications.layers import InProcessChannelLayer
from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.states import Mark
from perftests.measure.calls import count_calls
from perftests.measure.stats import Interval, median
from perftests.measure.units import milliseconds
from perftests.testcases import PerformanceTestCase
from perftests.workloads import workload

from ..kit.case import LoadTestCase
from ..kit.contest import Question, measure_ratio, noise_doubt, run_rounds
from ..kit.counted.table import row
from ..kit.rows import as_queryset, count_statements, gather_statistics, queue_for
from ..kit.server import private_layer
from .fullness import MOST_USERS, measure_fullness
from .lookups import LOOKUPS, PRUNING, READS, Lookup
from .operations import OPERATIONS, Stock, make_stock
from .plans import count_work, explain
from .served import ENVIRONMENT, NEWCOMERS, SERVED, TOGETHER, Guests
from .workloads import Budget, Growth, Service, Writers, Writes
from .write_path import Contest, acknowledging, inserting, notifying_one, pruning, reading_all
from .writers import Orders, write_together

MARKS: tuple[Mark, ...] = get_args(Mark)
OWN_DELIVERIES = 100
HISTORY = 10
CROWD = 200
REPEATS = 100
PAIRS = 9
WRITER_ROUNDS = 5
FEW_AND_MANY = 10, 100
MOST_CALLS = "<= 15"
MOST_CALLS_ON_REDIS = "<= 80"
"""Each group is sealed, and takes a command of its own."""
GROWTH_GOAL = "< 2"
GROWTH_REQUIRED = "< 5"


class ServedStatementTests(LoadTestCase):
    """On a server of its own, which does nothing by itself."""

    suite = "database"
    server_environment = ENVIRONMENT

    @row("D1")
    @workload(Service)
    def test_the_server_keeps_its_number_of_statements(self, load: Service) -> None:
        """Statements of the server for what its clients do, counted inside it"""
        guests = Guests(self.clients, self.create_users(load.clients), self.create_users(NEWCOMERS))
        for operators, operations in (("==", SERVED), ("<=", TOGETHER)):
            for operation in operations:
                self.progress(operation.name)
                found = guests.count(operation)
                self.measure(
                    f"served: {operation.name}",
                    found,
                    "statements",
                    required=f"{operators} {operation.statements}",
                )


class DatabaseTests(PerformanceTestCase):
    suite = "database"

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(private_layer())

    @row("D1")
    @workload(Budget)
    def test_every_operation_keeps_its_number_of_statements(self, load: Budget) -> None:
        """Statements of every public operation, whatever the number of rows"""
        for size in load.rows:
            stock = make_stock(self.create_users(1 + size))
            for operation in OPERATIONS:
                self.measure(
                    f"{operation.name}, {size:,} rows",
                    count_statements(partial(operation.run, stock)),
                    "statements",
                    required=f"== {operation.statements}",
                )
        self.note("BEGIN and COMMIT are counted too.")

    @row("D2")
    @workload(Growth)
    def test_reading_does_not_slow_down_as_the_tables_grow(self, load: Growth) -> None:
        """Time to read one user's notifications while everybody else's grow in number"""
        sizes = load.deliveries
        owner, *others = self.create_users(1 + CROWD)
        crowd = as_queryset(others)
        stock = Stock(owner, queue_for([owner], OWN_DELIVERIES)[0], [owner])
        times: list[dict[str, float]] = []
        work: list[dict[str, int]] = []
        for size in sizes:
            self.progress(f"growing to {size:,} deliveries")
            grow(size, owner, crowd)
            times.append({read.name: relative_time(read.run, stock) for read in READS})
            small = size == sizes[0]
            work.append(
                {k.name: count_work(partial(k.run, stock), by_index=small) for k in LOOKUPS}
            )
        for look in (*LOOKUPS, PRUNING):
            self.measure_plan(look, stock)
        for look in LOOKUPS:
            growth = work[-1][look.name] / work[0][look.name]
            self.measure(f"{look.name}, growth of its work", growth, "×", required="< 3")
        for read in READS:
            growth = times[-1][read.name] / times[0][read.name]
            self.measure(
                f"{read.name}, growth of its time",
                growth,
                "×",
                required=GROWTH_REQUIRED,
                goal=GROWTH_GOAL,
                doubt=noise_doubt(Interval(growth, growth), GROWTH_REQUIRED),
            )
            latest = median([nanoseconds(partial(read.run, stock)) for _ in range(REPEATS)])
            name = f"{read.name}, {sizes[-1]:,} deliveries"
            self.measure(name, milliseconds(latest), "ms", better="lower")
        self.note(
            "Work: instructions of SQLite, or blocks that PostgreSQL reads. One in ten of the "
            "deliveries that come is one that the same user has read."
        )

    def measure_plan(self, look: Lookup, stock: Stock) -> None:
        """Record the statements without its index and, of what is no clean-up, that no table is
        read as a whole."""
        plan = explain(partial(look.run, stock))
        self.measure(f"{look.name}, without its index", look.lacking(plan), "", required="== 0")
        whole = "== 0" if look in LOOKUPS else ""
        self.measure(f"{look.name}, whole reads of a table", plan.scans, "tables", required=whole)

    @row("D3")
    @workload(Writes)
    def test_writing_is_nearly_as_fast_as_plain_sql(self, load: Writes) -> None:
        """Rates of the write path, as shares of the least SQL that writes the same rows"""
        count = load.recipients
        owner, *others = self.create_users(1 + count)
        crowd = as_queryset(others)
        self.measure_calls(others)
        self.compare(notifying_one(owner))
        self.compare(inserting(crowd))
        self.compare(acknowledging(crowd))
        self.compare(reading_all(owner, count // 5))
        self.compare(pruning(crowd))
        measure_fullness(self, self, others[:MOST_USERS], load.stored)

    def measure_calls(self, users: Sequence[User]) -> None:
        """Record how many Python functions run for each recipient of a list."""
        calls = []
        for number in FEW_AND_MANY:
            notify(users[:number], "To a list")
            with count_calls() as counter:
                notify(users[:number], "To a list")
            calls.append(counter.calls)
        few, many = FEW_AND_MANY
        each = (calls[1] - calls[0]) / (many - few)
        in_process = isinstance(get_channel_layer(), InProcessChannelLayer)
        limit = MOST_CALLS if in_process else MOST_CALLS_ON_REDIS
        self.measure("notify a list, calls for each recipient", each, "calls", required=limit)

    @row("D4")
    @workload(Writers)
    def test_concurrent_writers_lose_nothing(self, load: Writers) -> None:
        """Processes that send to the same users and mark the same deliveries at once"""
        writers = load.writers
        users = self.create_users(load.users)
        ids = [notify(users, "To be marked").pk for _ in range(load.notifications)]
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
        self.measure("failed writes", len(errors), "statements", required="== 0")
        self.measure("lost updates", marked.filter(unmarked).count(), "rows", required="== 0")
        self.measure("rows marked twice", changed - 2 * marked.count(), "rows", required="== 0")
        expected = len(users) * len(keys) * (1 + writers)
        self.measure("deliveries lost", expected - sent, "rows", required="== 0")
        self.measure("keys that were sent twice", shared - len(keys), "keys", required="== 0")
        if errors:
            self.note(f"The first failure: {errors[0]}")

    def compare(self, contest: Contest) -> None:
        """Measure both ways side by side, in random order: a database works in periods, too."""
        contest.prepare()
        statements = count_statements(contest.ours)
        required = f"== {contest.statements}"
        self.measure(f"{contest.name}, statements", statements, "statements", required=required)
        ways = {"raw": contest.raw, "ours": contest.ours}
        rates = run_rounds(
            self,
            PAIRS,
            {name: partial(rate, contest, write) for name, write in ways.items()},
            Question("raw", "ours", [contest.required, contest.goal]),
        )
        self.measure(contest.name, median(rates["ours"]), "rows/s", better="higher")
        name = f"{contest.name}, share of plain SQL"
        measure_ratio(
            self,
            name,
            rates["raw"],
            rates["ours"],
            required=contest.required,
            goal=contest.goal,
        )


def grow(size: int, owner: User, crowd: QuerySet[User]) -> None:
    """Send to everybody until there are `size` deliveries, some of which the owner has read."""
    missing = size - Delivery.objects.count()
    [history] = queue_for([owner], missing // HISTORY)
    Delivery.objects.filter(notification__in=history).mark_read()
    for _ in range(math.ceil(missing / CROWD)):
        notify(crowd, "To everybody")
    gather_statistics()


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
    get_owner = partial(get_user_model()._default_manager.get, pk=stock.owner.pk)
    return median(
        [nanoseconds(partial(read, stock)) / nanoseconds(get_owner) for _ in range(REPEATS)]
    )


def nanoseconds(operation: Callable[[], object]) -> int:
    begun_ns = time.perf_counter_ns()
    operation()
    return time.perf_counter_ns() - begun_ns
