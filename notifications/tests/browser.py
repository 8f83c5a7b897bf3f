"""A real browser, where there is one."""

import contextlib
import shutil
import time
import unittest
from importlib.util import find_spec

CHROMIUM = shutil.which("chromium")
LIMIT_SECONDS = 60
"""A page that shares two cores with other tests and their servers may take seconds for anything."""

needs_browser = unittest.skipUnless(
    CHROMIUM and find_spec("playwright"), "Needs playwright and chromium: nothing was tested."
)


@contextlib.contextmanager
def chromium():
    """A running Chromium; leaving the context ends it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


def wait_until(page, condition, what, limit_seconds=LIMIT_SECONDS):
    """Let the page's events come in until `condition()` is true."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_seconds} s for {what}")
        page.wait_for_timeout(10)


def violations(page, within=None):
    """What axe finds in the page, or in the part of it that a selector names."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=within).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]
