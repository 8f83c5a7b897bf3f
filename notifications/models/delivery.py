"""A recipient's copy of a notification: its state."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Q, When
from django.db.models.functions import Coalesce
from django.db.models.sql import UpdateQuery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..conf import get_settings
from ..db.clock import Now, now_sql
from ..db.deletion import by_sql
from ..db.fields import ReadableModel, TimeField
from ..db.read_first import read_first
from ..db.traces import SHIFTS, Door, pack
from ..states import FURTHEST, IMPLIED, STATES, Mark, State
from .notification import Notification


def expired_sql(connection: BaseDatabaseWrapper, notification_id: str) -> str:
    """Whether the notification of this id has expired; `NotificationQuerySet.expired` in SQL."""
    table = Notification._meta.db_table
    now = now_sql(connection)
    expired = f"EXISTS (SELECT 1 FROM {table} n WHERE n.expires_at <= {now}"  # noqa: S608 - names
    # Whether any has is asked once for the statement, and mostly false: else each row would be
    # looked up. Nor can PostgreSQL make a join of it, which compares each delivery with each
    # notification where it expects next to none, as in a table that has grown since its analysis.
    return f"({expired}) AND {expired} AND n.id = {notification_id}))"


class Expired(models.Func):
    """`expired_sql` of a delivery."""

    output_field = models.BooleanField()

    def __init__(self) -> None:
        super().__init__("notification_id")

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, Any]:
        notification_id, params = compiler.compile(self.source_expressions[0])
        return expired_sql(connection, notification_id), params


def in_state(state: State) -> Q:
    """Of deliveries: in this state of `states.STATES`."""
    condition = STATES[state]
    if condition.expired is None:
        return Q(**condition.lookups())
    return Q(Expired() if condition.expired else ~Expired(), **condition.lookups())


_DROPPED: dict[str, Any] = dict.fromkeys(STATES["dropped"].filled, Now())


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """States are queries, transitions are verbs. Every transition is set-based and idempotent."""

    def in_state(self, state: State) -> Self:
        return self.filter(in_state(state))

    def queued(self) -> Self:
        """The offline queue: not yet acknowledged by any of the user's devices."""
        return self.in_state("queued")

    def delivered(self) -> Self:
        return self.in_state("delivered")

    def unread(self) -> Self:
        return self.in_state("unread")

    def unseen(self) -> Self:
        """What a badge counts: not yet on the user's screen."""
        return self.in_state("unseen")

    def inbox(self) -> Self:
        """What a list shows."""
        return self.in_state("inbox")

    def current(self) -> Self:
        """Of what has not expired."""
        return self.filter(~Expired())

    def expired(self) -> Self:
        """Of an expired notification: in no queue, count or list, whatever it had reached."""
        return self.in_state("expired")

    def dropped(self) -> Self:
        """Put away unseen, because the queue had grown too long or too old."""
        return self.in_state("dropped")

    def mark_delivered(self) -> int:
        return self._mark("delivered")

    def mark_seen(self) -> int:
        """Seen implies delivered."""
        return self._mark("seen")

    def mark_read(self) -> int:
        """Read implies seen and delivered."""
        return self._mark("read")

    def mark_archived(self) -> int:
        """Archived implies delivered, not read."""
        return self._mark("archived")

    def drop(self) -> int:
        """Take queued ones off the queue; they stay in the archive."""
        return self._to_drop().update(**_DROPPED)

    def drop_by_user(self) -> Counter[Any]:
        """The same; how many of each user's went, by primary key."""
        query: Any = self._to_drop().query.chain(UpdateQuery)
        query.add_update_values(_DROPPED)
        query.annotations = {}  # as `update` does
        statement, params = query.get_compiler(self.db).as_sql()
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"{statement} RETURNING recipient_id", params)
            key = self.model._meta.get_field("recipient").target_field
            return Counter(key.to_python(pk) for (pk,) in cursor.fetchall())

    def _to_drop(self) -> Self:
        return read_first(self.queued().order_by()).all_null(STATES["queued"].null)

    def all_null(self, columns: Iterable[str]) -> Self:
        """Where all of these are null, in words that fit no index.

        PostgreSQL may expect so few to be queued or unread that it takes the index of these for a
        shorter way than that by which the rows are to be found.
        """
        return self.alias(first=Coalesce(*columns)).filter(first=None)

    def _mark(self, kind: Mark) -> int:
        """Also what has expired: it may still be on a screen."""
        *earlier, decisive = IMPLIED[kind]
        changes: dict[str, Any] = {name: Coalesce(name, Now()) for name in earlier}
        if get_settings().TRACE_DEVICES:
            changes["traces"] = _traced(IMPLIED[kind])
        return self.filter(**{decisive: None}).update(**changes, **{decisive: Now()})


def _traced(columns: Iterable[str]) -> Any:
    """`traces` when code of the site fills those of these columns that are null."""
    traces: Any = Coalesce("traces", 0)
    for name in (name for name in columns if name in SHIFTS):
        trace = pack(Door.CODE) << SHIFTS[name]
        traces = traces.bitor(Case(When(**{name: None}, then=trace), default=0))
    return traces


class Delivery(ReadableModel):
    """One recipient's copy: queued → delivered → seen → read → archived; null means not yet.

    No foreign key is checked by the database: on PostgreSQL the checks of two keys take most of
    the time of a large insert. Recipients are inserted out of the table of users by one
    statement, Django deletes deliveries with their user or notification (by SQL, without signals),
    and `prune_notifications` removes what SQL from elsewhere left behind.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        by_sql,
        verbose_name=_("recipient"),
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    notification = models.ForeignKey(
        Notification,
        by_sql,
        verbose_name=_("notification"),
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    delivered_at = TimeField(_("delivered at"), null=True, blank=True)
    seen_at = TimeField(_("seen at"), null=True, blank=True)
    read_at = TimeField(_("read at"), null=True, blank=True)
    archived_at = TimeField(_("archived at"), null=True, blank=True)
    traces = models.SmallIntegerField(_("traces"), null=True, blank=True, editable=False)
    """What `traces.unpack` takes; null where nothing is known, as with `TRACE_DEVICES` off."""

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-notification_id"]
        constraints = [
            # The notification first: a new one's rows go to the end of this index, side by side.
            models.UniqueConstraint(
                fields=["notification", "recipient"], name="one_delivery_per_recipient"
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "notification"], name="deliveries_of_a_user"),
            # The queue and the unread count in one: what is queued is unread.
            models.Index(
                fields=["recipient", "delivered_at", "notification"],
                name="queued_and_unread",
                condition=Q(**STATES["unread"].lookups()),
            ),
        ]

    def __str__(self) -> str:
        try:
            return f"{self.notification} → {self.recipient}"
        except ObjectDoesNotExist:  # SQL from elsewhere has deleted one of them
            return gettext("notification {number} → user {user}").format(
                number=self.notification_id, user=self.recipient_id
            )

    @property
    def state(self) -> str:
        """The furthest state reached; "expired" if it expired before it was read or archived."""
        if self.unreadable:
            return "unreadable"
        return next(state for state in FURTHEST if self._is(state))

    def _is(self, state: State) -> bool:
        condition = STATES[state]
        return condition.fits(self) and (not condition.expired or self._has_expired())

    def _has_expired(self) -> bool:
        try:
            return self.notification.is_expired
        except Notification.DoesNotExist:
            return False
