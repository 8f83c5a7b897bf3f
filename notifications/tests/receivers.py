"""Receivers of signals for a test."""

from contextlib import contextmanager


@contextmanager
def listening(signal):
    """The batches that are told meanwhile."""
    batches = []

    def receive(batch, **kwargs):
        batches.append(batch)

    signal.connect(receive)
    try:
        yield batches
    finally:
        signal.disconnect(receive)
