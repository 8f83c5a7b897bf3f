from unittest import mock

from django.test import TestCase

from perftests.models import PerfWish
from perftests.wishes import process, queue, starting

EVIL = "; touch /tmp/evil $(id)"


class StartingTests(TestCase):
    def setUp(self):
        self.popen = self.enterContext(mock.patch.object(process.subprocess, "Popen"))

    def test_the_first_wish_starts_a_process_with_a_session_of_its_own(self):
        starting.start(["N7"], "ada")
        [call] = self.popen.call_args_list
        self.assertEqual(call.args[0][-1], "perftests.wishes")
        self.assertTrue(call.kwargs["start_new_session"])

    def test_nothing_that_was_typed_is_in_a_command_line_or_a_shell(self):
        starting.start(["N7", f"--label={EVIL}"], EVIL)
        [call] = self.popen.call_args_list
        self.assertNotIn("evil", str(call))
        self.assertNotIn("shell", call.kwargs)
        self.assertEqual(PerfWish.objects.get().arguments, ["N7", f"--label={EVIL}"])

    def test_a_wish_behind_another_starts_no_second_process(self):
        starting.start(["N7"], "ada")
        queue.claim()
        starting.start(["W1"], "ada")
        self.popen.assert_called_once()

    def test_a_wish_too_many_starts_nothing(self):
        with mock.patch.object(queue, "MOST_QUEUED", 0):
            self.assertIsNone(starting.start(["N7"], "ada"))
        self.popen.assert_not_called()
