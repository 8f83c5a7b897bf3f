"""What their rows are about: actors, targets and action objects, found many at once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from ..db.batches import ask_together, attempt
from .source import ROLES


class Objects:
    """The texts of all objects that a batch of rows names. One query for each of their models."""

    def __init__(self, rows: Iterable[dict[str, Any]], using: str) -> None:
        self._using = using
        named: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            for type_id, key in ROLES.values():
                if row[type_id] and row[key]:
                    named[row[type_id]].add(row[key])
        self._texts = {id_: self._of(id_, keys) for id_, keys in named.items()}

    def text(self, row: dict[str, Any], role: str) -> str:
        """How the object shows itself today; empty if there is none any more."""
        type_id, key = ROLES[role]
        return self._texts.get(row[type_id], {}).get(row[key], "")

    def label(self, row: dict[str, Any], role: str) -> str:
        """Such as `shop.order:17`; empty if there is none."""
        type_id, key = ROLES[role]
        kind = _content_type(row[type_id], self._using) if row[type_id] else None
        return f"{kind.app_label}.{kind.model}:{row[key]}" if kind and row[key] else ""

    def _of(self, type_id: int, keys: set[str]) -> dict[str, str]:
        kind = _content_type(type_id, self._using)
        model: type[Model] | None = kind.model_class() if kind else None
        if model is None:
            return {}
        manager = model._base_manager  # in whichever database the site has them
        found = ask_together(
            lambda some: {str(pk): one for pk, one in manager.in_bulk(some).items()}, sorted(keys)
        )
        return {key: _text(one) for key, one in found.items() if isinstance(one, Model)}


def _content_type(id_: int, using: str) -> ContentType | None:
    try:
        return ContentType.objects.db_manager(using).get_for_id(id_)
    except ContentType.DoesNotExist:
        return None


def _text(instance: Model) -> str:
    """Empty where its `__str__` fails."""
    text = attempt(str, instance)
    return text if isinstance(text, str) else ""


def label_of(instance: Model | None) -> str:
    """As `Objects.label`, of an object at hand."""
    return f"{instance._meta.label_lower}:{instance.pk}" if instance is not None else ""
