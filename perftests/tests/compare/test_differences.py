from django.test import SimpleTestCase

from perftests.compare.counts import Count, Counted
from perftests.compare.differences import compared, differences


class DifferencesTests(SimpleTestCase):
    def test_equal_counts_differ_in_nothing(self):
        counts = [Count("notify", "statements", 2, {"BEGIN": 1, "INSERT": 1})]
        self.assertEqual(differences(counts, counts), [])

    def test_one_statement_more_is_told_with_its_text_and_where_it_comes_from(self):
        before = Count("notify", "statements", 1, {"INSERT": 1})
        after = Count(
            "notify", "statements", 2, {"INSERT": 1, "SELECT": 1}, {"SELECT": "send.py:9"}
        )
        [found] = differences([before], [after])
        self.assertEqual(str(found), "notify: 1 → 2 statements")
        self.assertEqual(found.parts, ("0 → 1 × SELECT (send.py:9)",))
        self.assertTrue(found.more)

    def test_a_statement_that_is_gone_is_told_with_the_line_that_had_it(self):
        before = Count("notify", "statements", 1, {"SELECT": 1}, {"SELECT": "send.py:9"})
        [found] = differences([before], [Count("notify", "statements", 0)])
        self.assertEqual(found.parts, ("1 → 0 × SELECT (send.py:9)",))
        self.assertFalse(found.more)

    def test_more_of_something_comes_before_less_of_another(self):
        before = [Count("a", "frames", 2), Count("b", "frames", 2)]
        after = [Count("a", "frames", 1), Count("b", "frames", 3)]
        self.assertEqual([found.operation for found in differences(before, after)], ["b", "a"])

    def test_bytes_within_their_tolerance_are_the_same(self):
        before = Count("a connect", "B kept", 50, tolerance=100)
        after = Count("a connect", "B kept", 150, tolerance=100)
        self.assertEqual(differences([before], [after]), [])

    def test_an_operation_that_one_side_does_not_have_is_compared_with_nothing(self):
        self.assertEqual(differences([], [Count("new", "statements", 3)]), [])

    def test_a_side_that_counts_no_instructions_says_why_for_both(self):
        found = compared(Counted([Count("a", "frames", 1)]), Counted([], "no counter"))
        self.assertEqual((found.found, found.uncounted), ([], "no counter"))
