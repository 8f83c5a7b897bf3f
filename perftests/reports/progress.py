"""What a run is doing, live: a bar for each suite on a terminal, else a line for each test."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ..records import events
from .console import duration, verdict_text


class RunProgress:
    """A listener that draws on `console` while it is entered."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # A dumb terminal cannot go back to draw a bar again.
        self._live = console.is_terminal and not console.is_dumb_terminal
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[ended]}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn(
                "{task.fields[doing]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=console,
            expand=True,
            disable=not self._live,
        )
        self._bar: TaskID | None = None
        self._ended = 0
        self._row = ""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, event: events.Event) -> None:
        match event:
            case events.SuiteStarted():
                self._start_suite(event)
            case events.TestStarted():
                self._row = event.row
                self._draw(event.title)
            case events.Progress(text=text, done=done, total=total):
                self._draw(text, done / total if done is not None and total else 0)
            case events.TestEnded():
                self._end_test(event)

    def _start_suite(self, event: events.SuiteStarted) -> None:
        self._ended = 0
        self._bar = self._bars.add_task(event.suite, total=event.tests, ended=0, doing="")

    def _draw(self, text: str, share_done: float = 0) -> None:
        if self._bar is not None:
            self._bars.update(
                self._bar,
                completed=self._ended + min(share_done, 1),
                ended=self._ended,
                doing=f"{self._row} {text}".strip(),
            )

    def _end_test(self, event: events.TestEnded) -> None:
        self._ended += 1
        self._row = ""
        self._draw("")
        if not self._live:
            result = event.result
            line = Text(f"{result.suite} {result.row} {result.title}: ")
            line.append_text(verdict_text(result))
            line.append(f" ({duration(result.seconds)})")
            self._console.print(line)
