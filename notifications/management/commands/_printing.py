"""What the commands of this app print, also where nothing takes it any more."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils.translation import gettext as _


class Printed(OutputWrapper):
    """An output that goes silent where it is full or its reader has left, as what a command does
    is not to end midway; `failure` says why.
    """

    failure: OSError | None = None

    def write(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as Django's
        if self.failure is not None:
            return
        try:
            super().write(*args, **kwargs)
            self.flush()
        except OSError as error:
            self.failure = error
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        """What is left in its buffer would fail the interpreter at its end."""
        stream: object = self._out
        if stream is sys.__stdout__:
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self.fileno())


class PrintingCommand(BaseCommand):
    """A command that comes to its end whatever becomes of its output, and says in one sentence
    that it was full. A reader that leaves, as `head` does, has read what it wanted.
    """

    def __init__(self, stdout: TextIO | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(stdout, *args, **kwargs)
        # Whoever starts us may have closed it.
        self.stdout = Printed(stdout or sys.stdout or open(os.devnull, "w"))  # noqa: SIM115

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's; raises `CommandError` where not all could be printed."""
        output = super().execute(*args, **options)
        failure = getattr(self.stdout, "failure", None)
        if failure is not None and not isinstance(failure, BrokenPipeError):
            raise CommandError(
                _("It could not be printed: {reason}.").format(reason=failure.strerror)
            )
        return output
