from dataclasses import dataclass, field

from django.test import SimpleTestCase

from perftests.load.clients.accounting import account


@dataclass
class Got:
    arrived_ids: list[int] = field(default_factory=list)
    duplicates: int = 0
    out_of_order: int = 0


class AccountingTests(SimpleTestCase):
    def test_nothing_is_missing_when_all_that_was_expected_arrived(self):
        accounting = account([([1, 2, 3], Got([1, 2, 3])), ([2], Got([2]))])

        self.assertEqual(accounting.expected, 4)
        self.assertEqual(accounting.received, 4)
        self.assertEqual(accounting.missing, 0)
        self.assertEqual(accounting.clients_short, 0)
        self.assertEqual(accounting.reach, 100.0)

    def test_missing_deliveries_and_the_clients_that_miss_them_are_counted(self):
        accounting = account([([1, 2, 3, 4], Got([1, 4])), ([1, 2], Got()), ([5, 6], Got([5, 6]))])

        self.assertEqual(accounting.clients, 3)
        self.assertEqual(accounting.clients_short, 2)
        self.assertEqual(accounting.missing, 4)
        self.assertEqual(accounting.reach, 50.0)

    def test_a_delivery_meant_for_somebody_else_is_unexpected_and_not_received(self):
        accounting = account([([1], Got([9])), ([9], Got([9]))])

        self.assertEqual(accounting.unexpected, 1)
        self.assertEqual(accounting.received, 1)
        self.assertEqual(accounting.missing, 1)

    def test_duplicates_and_disorder_of_all_clients_are_added_up(self):
        accounting = account([([1], Got([1], 2, 0)), ([1], Got([1], 3, 4))])

        self.assertEqual(accounting.duplicated, 5)
        self.assertEqual(accounting.out_of_order, 4)

    def test_an_id_that_is_expected_twice_is_one_delivery(self):
        self.assertEqual(account([([1, 1], Got([1]))]).expected, 1)

    def test_reach_is_full_where_nothing_was_expected(self):
        self.assertEqual(account([]).reach, 100.0)
