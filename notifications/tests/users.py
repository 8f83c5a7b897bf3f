"""Users for tests."""

from django.contrib.auth import get_user_model
from django.db import connection

User = get_user_model()


def make_user(name="alice", **fields):
    return User.objects.create_user(name, **fields)


def make_users(number):
    """Many users by one statement; their QuerySet, in the order of their primary keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,"
            " is_staff, is_active, date_joined)"
            " WITH RECURSIVE numbers (number) AS"
            " (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < %s)"
            " SELECT '', false, 'many' || number, '', '', '', false, true, CURRENT_TIMESTAMP"
            " FROM numbers",
            [number],
        )
    return User.objects.filter(username__startswith="many").order_by("pk")
