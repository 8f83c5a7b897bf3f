import uuid

from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import TestCase, tag

from notifications.db.members import members

from ..users import User


class ListedValuesTests(TestCase):
    def found(self, values, field):
        with connection.cursor() as cursor:
            subquery = members(connection, values, field)
            cursor.execute(f"SELECT count(*) FROM ({subquery.sql}) AS listed", subquery.params)
            return cursor.fetchone()[0]

    @tag("slow")
    def test_a_list_of_values_is_one_parameter_however_many_there_are(self):
        for number in (0, 1, 100_000):
            subquery = members(connection, range(number), User._meta.pk)
            self.assertEqual(len(subquery.params), 1)
            self.assertEqual(self.found(range(number), User._meta.pk), number)

    def test_a_list_of_texts_of_any_characters_finds_their_rows(self):
        names = ["plain", "Zoë 👋", "it's", 'a "quote"', "back\\slash", "%s", "{1,2}", "NULL", ""]
        Group.objects.bulk_create(Group(name=name) for name in names)
        field = Group._meta.get_field("name")
        for name in names:
            found = Group.objects.filter(name__in=members(connection, [name, "other"], field))
            self.assertEqual([group.name for group in found], [name])

    def test_a_list_takes_primary_keys_that_json_does_not_know(self):
        field = models.UUIDField()
        self.assertEqual(self.found([uuid.uuid4(), uuid.uuid4()], field), 2)
