"""Waiting for what another process does, never longer than a limit."""

import time


def wait_until(condition, timeout_seconds, what):
    """Return once `condition()` is true; raise `AssertionError` after `timeout_seconds`."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_seconds} s for {what}")
        time.sleep(0.01)


def wait_for_file(path, timeout_seconds):
    wait_until(path.exists, timeout_seconds, path)
