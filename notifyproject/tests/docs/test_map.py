"""docs/explanation/map.md: every room is on it, and a notification passes each once."""

import re

from django.test import SimpleTestCase

from notifyproject.tests.rooms import ROOT, rooms, uses

from .pages import page

MAP = page("explanation/map")


def walks():
    """The rooms of each numbered way on the map, in order."""
    for text in re.findall(r"(?:^\d\. .*\n(?:   .*\n)*)+", MAP, re.MULTILINE):
        yield re.findall(r"^\d\. `([\w/.]+)`:", text, re.MULTILINE)


def has_modules(room):
    """Not one of the apps, and no room that only holds others."""
    return room.parent != ROOT and any(room.glob("[!_]*.py"))


class MapTests(SimpleTestCase):
    def test_each_room_has_a_line_on_the_map_and_each_line_a_room(self):
        named = re.findall(r"^\| `(\w+(?:/\w+)+)/` \|", MAP, re.MULTILINE)
        real = [room.relative_to(ROOT).as_posix() for room in rooms() if has_modules(room)]
        self.assertEqual(sorted(named), sorted(real))

    def test_each_room_of_notifications_uses_what_the_map_says(self):
        lines = re.findall(r"^\| `(notifications/[\w/]+)/` \|.*\|(.*)\|$", MAP, re.MULTILINE)
        for room, cell in lines:
            with self.subTest(room):
                self.assertEqual(set(re.findall(r"`(\w+)`", cell)), uses(ROOT / room))

    def test_a_notification_passes_each_room_once_on_its_way(self):
        ways = list(walks())
        self.assertEqual(len(ways), 2)
        for way in ways:
            self.assertEqual(len(set(way)), len(way), way)
