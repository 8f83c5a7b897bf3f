"""Tests that are not fast and do not say so."""

import multiprocessing
import socket
import subprocess
import sys

from django.test import SimpleTestCase


class NotFastTests(SimpleTestCase):
    def test_a_sample_starts_a_process(self):
        subprocess.run([sys.executable, "-c", ""], check=True)

    def test_a_sample_spawns_a_worker(self):
        multiprocessing.get_context("spawn").Process(target=print).start()

    def test_a_sample_opens_a_port(self):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
