"""`python -m notifyproject.tests.pictures`: take the README's pictures anew, from a real run.

A run of two suites at smoke scale, the demo, and a server on a database of its own: one minute.
"""
# ruff: noqa: T201 - this is a command

import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from notifications.tests.browser import chromium
from perftests.load.services.service import PrivateService

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
PASSWORD = "engine of analysis"
RUN = ["--scale=smoke", "--label=before the upgrade", "--suites", "notification", "websocket"]
NEWS = ["Your export is ready", "demo", "--body=It has 12,480 rows.", "--level=success"]
DESKTOP, PHONE, BELL, LAB, HEIGHT, GAP = 800, 390, 440, 1080, 720, 16
SHOP = """
  body { margin: 0; font-family: system-ui, sans-serif; background: #f4f5f7 }
  header { display: flex; justify-content: end; padding: 8px 16px; background: #fff }
  main { display: none }
"""


class Site(PrivateService):
    """`manage.py runserver` with some settings and variables."""

    def __init__(self, settings="notifyproject.settings", **variables):
        super().__init__()
        self._variables = {"DJANGO_SETTINGS_MODULE": settings, **variables}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        serve = [str(ROOT / "manage.py"), "runserver", "--noreload", str(self.port)]
        set_them = (f"{name}={value}" for name, value in self._variables.items())
        return ["env", *set_them, sys.executable, *serve]


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": ""}
        manage("perf", *RUN)
        manage("demo", f"--password={PASSWORD}")
        with Site() as site, chromium() as browser:
            picture_of_a_run(browser, site)
            picture_of_two_windows(browser, site)
            with Site("notifyproject.tests.bell_site") as shop:
                picture_of_bell_and_lab(browser, site, shop)
    print(f"The pictures are in {IMAGES}.")


def manage(*words):
    subprocess.run([sys.executable, ROOT / "manage.py", *words], check=True)


def window(browser, site, user, path, **context):
    page = browser.new_context(**context).new_page()
    page.goto(f"{site.url}/login/?next={path}")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def picture_of_a_run(browser, site):
    size = {"width": 1280, "height": 1000}
    page = window(browser, site, "admin", "/admin/perftests/perfrun/1/change/", viewport=size)
    page.locator(".perf-result").first.wait_for()
    page.screenshot(path=IMAGES / "run.png")


def picture_of_two_windows(browser, site):
    windows = [
        window(browser, site, "demo", "/", viewport={"width": w, "height": HEIGHT}, color_scheme=c)
        for w, c in ((DESKTOP, "light"), (PHONE, "dark"))
    ]
    for page in windows:
        page.wait_for_selector("#status[data-status=open]")
    manage("notify", *NEWS)
    for page in windows:
        page.get_by_text(NEWS[0]).first.wait_for()
    side_by_side(browser, [page.screenshot() for page in windows])


def picture_of_bell_and_lab(browser, site, shop):
    size = {"width": BELL, "height": HEIGHT}
    page = window(browser, site, "demo", "/", viewport=size, bypass_csp=True)
    page.goto(shop.url)  # cookies do not know ports
    page.add_style_tag(content=SHOP)
    page.locator("#bell").click()
    page.get_by_text(NEWS[0]).first.wait_for()
    size = {"width": LAB, "height": HEIGHT}
    lab = window(browser, site, "admin", "/admin/perftests/perfrun/1/change/", viewport=size)
    lab.locator("#toggle-nav-sidebar").click()
    lab.locator(".perf-result").first.wait_for()
    side_by_side(browser, [page.screenshot(), lab.screenshot()], BELL + LAB, "first.png")


def side_by_side(browser, screenshots, width=DESKTOP + PHONE, name="page.png"):
    page = browser.new_page(viewport={"width": width + GAP, "height": HEIGHT})
    images = (
        f'<img src="data:image/png;base64,{b64encode(screenshot).decode()}">'
        for screenshot in screenshots
    )
    page.set_content(f'<body style="margin:0;display:flex;gap:{GAP}px">{"".join(images)}')
    page.screenshot(path=IMAGES / name, omit_background=True)


if __name__ == "__main__":
    main()
