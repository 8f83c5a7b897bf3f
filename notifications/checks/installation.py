"""What else is installed in the folder of this app."""

from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, register

THIS_APP = Path(__file__).parents[1]


@register("notifications")
def check_installation(**_: Any) -> list[CheckMessage]:
    """E009: of two distributions in one folder, the last to be installed has written over files."""
    return [
        Error(
            f"{name} is installed too, in the folder 'notifications' that this app has.",
            hint=f"Python imports one of them, or files of both. Uninstall {name}, then install "
            "this app again, as the files that both have go, too. The tables of either stay.",
            id="notifications.E009",
        )
        for name in _in_the_same_folder()
    ]


def _in_the_same_folder() -> list[str]:
    """The names of distributions with files in the folder of this app, but no checks there."""
    from importlib import metadata  # takes 4 ms, which only a check has to spend

    return sorted(
        found.name
        for found in metadata.distributions()
        if Path(str(found.locate_file(THIS_APP.name))).resolve() == THIS_APP.resolve()
        and f"\n{THIS_APP.name}/__init__.py," in (record := f"\n{found.read_text('RECORD')}")
        and f"\n{THIS_APP.name}/checks" not in record
    )
