import sys

from django.test import SimpleTestCase

from perftests.measure.calls import count_calls


def nothing():
    pass


class CallCountTests(SimpleTestCase):
    def test_each_call_of_a_python_function_is_counted(self):
        with count_calls() as few:
            nothing()
        with count_calls() as many:
            for _ in range(100):
                nothing()
        self.assertEqual(many.calls - few.calls, 99)

    def test_a_profiler_that_was_there_before_goes_on_after_counting_calls(self):
        seen = []
        sys.setprofile(lambda *event: seen.append(event))
        self.addCleanup(sys.setprofile, None)
        with count_calls():
            nothing()
        seen.clear()
        nothing()
        self.assertTrue(seen)
