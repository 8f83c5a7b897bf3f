"""How many rows a command writes in one transaction."""

from argparse import ArgumentTypeError

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

MOST = 1_000_000


def add_batch_size(parser: CommandParser, default: int) -> None:
    parser.add_argument(
        "--batch-size",
        type=_batch_size,
        default=default,
        help=_("rows per transaction (default {number})").format(number=default),
    )


def _batch_size(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise ArgumentTypeError(_("give a number from 1 to {most}").format(most=MOST))
    return number
