"""Users in great number."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet


def create_crowd(template: User, size: int) -> QuerySet[User]:
    """Copy a stored user `size` times, in one statement: a hundred thousand take a second.

    Each copy's name is that of `template` with a number behind it; the QuerySet is of the copies.
    """
    model = get_user_model()
    meta, name = model._meta, model.USERNAME_FIELD
    fields = {f.name: str(f.column) for f in meta.concrete_fields if f is not meta.pk}
    name_column = fields.pop(name)
    listed = ", ".join(fields.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({name_column}, {listed}) "  # noqa: S608 - own names
            "WITH RECURSIVE numbers (n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s) "
            f"SELECT {name_column} || '_' || n, {listed} FROM {meta.db_table}, numbers "
            f"WHERE {meta.pk.column} = %s",
            [size, template.pk],
        )
    names = f"{template.get_username()}_"
    return model._default_manager.filter(**{f"{name}__startswith": names})
