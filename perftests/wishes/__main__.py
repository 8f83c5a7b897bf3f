"""`python -m perftests.wishes` carries out what is queued; with a number only that wish."""

import sys

import django


def main(arguments: list[str]) -> None:
    django.setup()
    from . import carrying, one

    if arguments:
        one.carry_out(int(arguments[0]))
    else:
        carrying.carry_out()


if __name__ == "__main__":
    main(sys.argv[1:])
