import os
from unittest import mock

from django.test import SimpleTestCase

from perftests.load.services.service import ServiceFailed
from perftests.suites.rivals import nchan
from perftests.suites.rivals.alternative import FILLING, FRAME_BYTES, frame
from perftests.suites.rivals.mosquitto import Mosquitto
from perftests.suites.rivals.nchan import Nchan
from perftests.suites.rivals.node import Ws


class FrameTests(SimpleTestCase):
    def test_messages_are_of_one_length(self):
        self.assertAlmostEqual(len(frame(123_456, FILLING)), FRAME_BYTES, delta=1)


class MissingProgramTests(SimpleTestCase):
    def test_a_program_that_is_not_installed_is_named(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
            for kind, program in ((Mosquitto, "mosquitto"), (Ws, "node"), (Nchan, "nginx")):
                with self.subTest(program), self.assertRaisesMessage(ServiceFailed, program):
                    kind(None, 1)

    def test_an_nginx_without_nchan_says_what_to_install(self):
        with (
            mock.patch.object(nchan, "find_program"),
            mock.patch.object(nchan, "MODULE", nchan.Path("/nowhere")),
            self.assertRaisesMessage(ServiceFailed, "install libnginx-mod-nchan"),
        ):
            Nchan(None, 1)
