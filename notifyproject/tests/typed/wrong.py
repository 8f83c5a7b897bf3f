"""Mistakes that a type checker has to find, each in the line that says so."""

from notifications.send import anotify, notify
from notifications.testing import assert_notified

notify([1], title=7)  # wrong
notify([1], "Hi", levle="info")  # wrong
notify(1, "Hi")  # wrong
notify([1])  # wrong
notify([1], "Hi", data="text")  # wrong
assert_notified(1, times="twice")  # wrong
title = anotify([1], "Hi").title  # wrong
