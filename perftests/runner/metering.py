"""Tells what load looks like while a test makes it, once a second."""

import threading

from ..measure import meters
from ..records.events import Figure, Listener

INTERVAL_SECONDS = 1.0


class Metering:
    """Tells the listener of all meters that are shown, in a thread of its own.

    Nobody but that thread waits where whoever hears it does not.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="metering", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Tell nothing from now on."""
        self._ended.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            for figure in meters.read():
                self._listener(Figure(*figure))
