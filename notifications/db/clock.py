"""The database's clock: the only one that decides what is old, expired or marked."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import functions
from django.db.models.expressions import Combinable
from django.utils.timezone import get_default_timezone

MAX_AGE = timedelta(days=365_000)
"""Whatever is older: a longer time would leave the years that SQLite and Python know."""


def now_sql(connection: BaseDatabaseWrapper, seconds_ago: int = 0) -> str:
    """This moment or an earlier one, for a statement with parameters."""
    if connection.vendor != "sqlite":
        past = f" - INTERVAL '{seconds_ago} seconds'" if seconds_ago else ""
        return f"STATEMENT_TIMESTAMP(){past}"
    past = f", '-{seconds_ago} seconds'" if seconds_ago else ""
    return f"STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW'{past}{_shift(connection)})"


class Now(functions.Now):
    """This moment, as the connection stores times.

    PostgreSQL stores moments. SQLite stores text in the connection's time zone, or in the local
    one if `USE_TZ` is off; its own clock, which is Django's `Now` there, tells UTC.
    """

    def as_sqlite(
        self, compiler: Any, connection: Any, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        return now_sql(connection), ()


def ago(age: timedelta) -> Combinable:
    """The moment that is so long past."""
    return Now() - min(age, MAX_AGE)


def days_ago(days: float) -> Combinable:
    """The moment so many days past, however many they are."""
    return ago(timedelta(days=min(days, MAX_AGE.days)))


def in_utc(time: datetime) -> datetime:
    """For clients, who are in any zone: what has none is local, as `USE_TZ` is off.

    With a `TIME_ZONE` of its own a database tells times in that one.
    """
    zoned = time if time.tzinfo else time.replace(tzinfo=get_default_timezone())
    return zoned.astimezone(UTC)


def _shift(connection: BaseDatabaseWrapper) -> str:
    zone = connection.timezone
    if zone is None:
        return ", 'localtime'"  # of the process, which Django sets to TIME_ZONE
    offset = datetime.now(zone).utcoffset() or timedelta()
    return f", '{offset.total_seconds():+.0f} seconds'" if offset else ""
