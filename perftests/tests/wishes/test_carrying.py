import os
import signal
import subprocess
import sys
from unittest import mock

from django.test import TransactionTestCase, tag

from perftests.models import WishState
from perftests.tests.waiting import wait_until
from perftests.wishes import carrying, process, queue
from perftests.wishes.carrying import Carried

# It waits for signals that should not come: half a second is what is tested.
UNTIL_INTERRUPTED = """
import signal, time
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
print("ready", flush=True)
while not heard:
    time.sleep(0.01)
time.sleep(0.5)  # so long a second signal could come, which must not
print(len(heard))
"""


class CarryingTests(TransactionTestCase):
    def started(self, output):
        """A process that says how often it was interrupted."""
        command = [sys.executable, "-c", UNTIL_INTERRUPTED]
        child = subprocess.Popen(command, stdout=output, stderr=output)
        self.addCleanup(child.kill)
        wait_until(lambda: b"ready" in os.pread(output.fileno(), 100, 0), 60, "the process")
        return child

    def carry_out(self, start):
        wish = queue.ask(["N7"], "ada")
        carried = Carried(queue.claim())
        with mock.patch.object(process, "start", start):
            interrupted = carried.through()
        wish.refresh_from_db()
        return interrupted, wish

    @tag("slow")
    def test_a_signal_that_comes_while_the_process_of_a_wish_starts_interrupts_it_once(self):
        def start(*arguments, output, preexec_fn):
            child = self.started(output)
            os.kill(os.getpid(), signal.SIGTERM)
            return child

        interrupted, wish = self.carry_out(start)
        self.assertTrue(interrupted)
        self.assertEqual((wish.said.split(), wish.state), (["ready", "1"], WishState.ENDED))

    @tag("slow")
    def test_signals_that_come_while_a_wish_is_carried_out_interrupt_it_once(self):
        def start(*arguments, output, preexec_fn):
            child = self.started(output)
            self.enterContext(mock.patch.object(carrying, "TURN_SECONDS", 0.1))
            wait = child.wait

            def signalled(timeout):
                os.kill(os.getpid(), signal.SIGTERM)
                return wait(timeout)

            child.wait = signalled
            return child

        interrupted, wish = self.carry_out(start)
        self.assertTrue(interrupted)
        self.assertEqual(wish.said.split(), ["ready", "1"])
