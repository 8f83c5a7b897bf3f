import os
import signal

from django.test import SimpleTestCase

from perftests.processes.stopping import SIGNALS, handled_by


class SignalHandlerTests(SimpleTestCase):
    def test_a_handler_of_requests_to_end_takes_each_signal_and_none_afterwards(self):
        # The tests themselves may have been started by nohup.
        self.addCleanup(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        before = [signal.getsignal(number) for number in SIGNALS]
        taken = []
        with handled_by(lambda number, frame: taken.append(number)):
            for number in SIGNALS:
                os.kill(os.getpid(), number)
        self.assertEqual(taken, list(SIGNALS))
        self.assertEqual([signal.getsignal(number) for number in SIGNALS], before)

    def test_the_end_of_a_terminal_stays_ignored_where_nohup_ignores_it(self):
        self.addCleanup(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with handled_by(lambda number, frame: self.fail("it was not ignored")):
            os.kill(os.getpid(), signal.SIGHUP)
