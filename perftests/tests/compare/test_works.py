from django.test import TransactionTestCase

from perftests.compare.bench.instructions import all_works, count_instructions
from perftests.compare.bench.writing import DELIVERIES, prepare_writes
from perftests.measure.instructions import PAGE_FAULTS, EventCounter, Uncountable
from perftests.suites.kit.rows import count_statements
from perftests.users import create_users


class Statements:
    def count(self, work):
        return count_statements(work)


class WorksTests(TransactionTestCase):
    def test_each_piece_of_work_does_the_same_whenever_it_is_done_again(self):
        one, *many = create_users(4)
        for work in all_works(one, many):
            with self.subTest(work.name):
                numbers = set()
                for _ in range(3):
                    prepared = work.prepare()
                    numbers.add(count_statements(lambda w=work, p=prepared: w.run(p)))
                self.assertEqual(len(numbers), 1)
                self.assertGreater(numbers.pop(), 0)

    def test_every_piece_of_work_is_counted_with_a_tolerance_of_its_size(self):
        counts = list(count_instructions(Statements()))
        self.assertEqual(
            [count.operation for count in counts],
            [work.name for work in all_works(*create_users(1), create_users(1))],
        )
        self.assertTrue(all(0 < count.tolerance < count.number / 10 for count in counts))

    def test_a_counter_of_the_kernel_counts_the_works_or_says_why_not(self):
        try:
            with EventCounter(PAGE_FAULTS) as counter:
                counts = list(count_instructions(counter))
        except Uncountable as error:
            self.assertRegex(str(error), "perf_event_paranoid|does not count")
        else:
            self.assertTrue(all(count.number >= 0 for count in counts))


class WritesTests(TransactionTestCase):
    def test_a_round_of_the_write_path_gives_the_time_for_a_delivery_of_each(self):
        measured = prepare_writes(None)()
        self.assertEqual(set(measured), {"acknowledge", "read all", "prune"})
        # Three statements for all of them: a statement for each would take some 100 µs.
        self.assertTrue(all(0 < each < 1e6 / DELIVERIES for each in measured.values()), measured)
