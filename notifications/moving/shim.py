"""`notify.send(...)` of the other app, for code that is not changed yet."""

from typing import Any

from django.db.models import Model

from ..exceptions import InvalidNotification
from ..models import Level, Notification
from ..send import notify as send
from ..sending.audience import Recipients
from .objects import label_of
from .wording import title


class _Notify:
    """Stands where their signal does. Nothing but `send` of it is there."""

    def send(
        self,
        sender: Model,
        *,
        recipient: Recipients,
        verb: str,
        action_object: Model | None = None,
        target: Model | None = None,
        level: str = Level.INFO,
        description: str | None = None,
        data: dict[str, Any] | None = None,
        **more: Any,
    ) -> Notification:
        """One notification for all recipients, worded as theirs; what else is given is its data.

        Raises `InvalidRecipient` and `InvalidNotification` as `notifications.send.notify` does,
        and for a `timestamp`, as here the database says when it was sent.
        """
        if more.get("timestamp") is not None:
            raise InvalidNotification("timestamp cannot be given; leave it out")
        about = "" if action_object is None else str(action_object)
        extra = {name: value for name, value in more.items() if not _is_ignored(name)}
        own = {"verb": str(verb), "action_object": label_of(action_object)}
        return send(
            recipient,
            title(str(sender), str(verb), about, "" if target is None else str(target)),
            body=description or "",
            level=level,
            actor=sender,
            target=target,
            data={name: text for name, text in own.items() if text} | (data or {}) | extra,
        )


def _is_ignored(name: str) -> bool:
    return name in ("public", "timestamp") or name.endswith("_for_concrete_model")


notify = _Notify()
