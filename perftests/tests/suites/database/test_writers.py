import multiprocessing
from typing import get_args

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.states import Mark
from perftests.suites.database.writers import Done, Orders, write_together


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


class WriterNoteTests(SimpleTestCase):
    def test_a_writer_notes_what_failed_and_goes_on(self):
        done = Done()
        self.assertIsNone(done.attempt(lambda: 1 / 0))
        self.assertEqual(done.attempt(lambda: 7), 7)
        self.assertEqual(done.errors, ["ZeroDivisionError: division by zero"])


@tag("alone", "slow")  # its processes cannot be started by a process of a pool
class WriterTests(TransactionTestCase):
    def test_writing_processes_work_together_and_tell_what_changed(self):
        pks = [user.pk for user in users(4)]
        ids = [notify(pks, "To be marked").pk]

        done = write_together(
            [Orders(seed, pks, ids, ["shared"], get_args(Mark)) for seed in range(2)], 120
        )

        self.assertEqual([writer.errors for writer in done], [[], []])
        self.assertEqual(sum(writer.changed["archived"] for writer in done), 4)
        self.assertEqual(Notification.objects.count(), 1 + 1 + 2)
        self.assertFalse(Delivery.objects.filter(archived_at=None, notification__in=ids).exists())

    def test_a_writing_process_tells_what_failed(self):
        (user,) = users(1)
        nobody = user.pk + 1

        (done,) = write_together([Orders(0, [nobody], [1], ["shared"], ["read"])], 120)

        self.assertEqual(done.errors, [f"InvalidRecipient: no such user: {nobody}"] * 2)

    def test_no_writing_process_is_left_behind(self):
        (user,) = users(1)
        write_together([Orders(0, [user.pk], [1], [], ["read"])], 120)
        self.assertEqual(multiprocessing.active_children(), [])

    def test_writing_processes_that_take_too_long_are_ended(self):
        (user,) = users(1)
        with self.assertRaises(multiprocessing.TimeoutError):
            write_together([Orders(0, [user.pk], [1], [], ["read"])], 0.1)
        self.assertEqual(multiprocessing.active_children(), [])
