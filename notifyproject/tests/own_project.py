"""A project of somebody's own: `startproject`, and what the documents say."""

import os
import shutil
import subprocess
import sys

from django.conf import settings

from perftests.load.services.service import PrivateService

from .docs.pages import block, page

URLS = """
from django.contrib import admin
from django.urls import path
from django.views.generic import TemplateView
from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("inbox/", views.inbox),
    path("", TemplateView.as_view(template_name="page.html")),
]
"""

# As a server does: the frames of one socket, which is told of a notification after its greeting.
SOCKET = """
import asyncio, json
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from mysite.asgi import application
from notifications.send import anotify
from notifications.tickets import make_ticket

async def hear():
    ada = await User.objects.aget(username="ada")
    query = f"ticket={make_ticket(ada)}".encode()
    page = ApplicationCommunicator(application, {
        "type": "websocket", "path": "/ws/notifications/", "query_string": query,
        "headers": [], "subprotocols": []})
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output(5))["type"] == "websocket.accept"
    assert json.loads((await page.receive_output(5))["text"])["type"] == "hello"
    await anotify(ada, TITLE)
    print(json.loads((await page.receive_output(5))["text"])["title"])
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(5)

asyncio.run(hear())
"""


class OwnProject:
    """In an empty folder, run by any interpreter, with a user who may sign in to the admin."""

    PASSWORD = "engine of analysis"

    def __init__(self, folder, python=sys.executable):
        self.folder, self._python = folder, python
        self.packages = folder / "site-packages"
        self.run("-m", "django", "startproject", "mysite", ".")

    def follow_the_page(self):
        """All that docs/start/first-notification.md tells to write, and the options for SQLite."""
        first = page("start/first-notification")
        self.write("mysite/urls.py", URLS)
        self.add_settings('TEMPLATES[0]["DIRS"] = [BASE_DIR / "mysite" / "templates"]')
        self.write("mysite/asgi.py", block(first, "python", "# asgi.py"))
        self.write("mysite/views.py", block(first, "python", "# views.py"))
        self.write("mysite/templates/page.html", block(first, "html", "{% load static %}"))
        self.add_settings(block(first, "python", "# settings.py"))
        self.add_settings(block(page("reference/settings"), "python", "DATABASES"))

    def follow_the_page_of_the_lab(self):
        """What docs/how-to/measure-your-own-code.md tells to write; the app is `myapp`."""
        lab = page("how-to/measure-your-own-code")
        self.write("myapp/__init__.py", "")
        self.write("myapp/tests/__init__.py", "")
        self.write("myapp/tests/perf.py", block(lab, "python", "from perftests."))
        pages = "myapp/tests/perf_pages.py"
        self.write(pages, block(lab, "python", f"# {pages}"))
        self.add_settings(block(lab, "python", "# settings.py"))

    def copy(self, app):
        """What the wheel would bring of it, and where: all but its tests, beside the project."""
        without_tests = shutil.ignore_patterns("tests")
        shutil.copytree(settings.BASE_DIR / app, self.packages / app, ignore=without_tests)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add_settings(self, text):
        """The `...` of a document stands for what is there already."""
        self.append("mysite/settings.py", text.replace("...,", "*INSTALLED_APPS,"))

    def append(self, name, text):
        with (self.folder / name).open("a") as file:
            file.write("\n" + text)

    def prepare(self):
        self.manage("migrate", "--verbosity=0")
        self.manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com")

    def manage(self, *words):
        """What the command printed; it has to succeed."""
        return self.run("manage.py", *words)

    def heard(self, title):
        """What the socket of ada's page is told, where she is sent this; without a server."""
        return self.manage("shell", "-v0", "-c", SOCKET.replace("TITLE", repr(title))).strip()

    def server(self):
        return RunServer(self.folder, self._python, self._environment())

    def run(self, *words):
        """What the command printed; it has to succeed."""
        done = self._done(*words)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def refused(self, *words):
        """What `manage.py` said as it refused."""
        done = self._done("manage.py", *words)
        if not done.returncode:
            raise AssertionError(f"{words} was not refused: {done.stdout}{done.stderr}")
        return done.stderr

    def _done(self, *words):
        return subprocess.run(
            [self._python, *words],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environment(self):
        own = {"DJANGO_SUPERUSER_PASSWORD": self.PASSWORD, "PYTHONPATH": str(self.packages)}
        return {**environment(), **own}


def environment():
    """Nothing of this project's settings reaches the other."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "PERF_", "PYTHONPATH"))
    }


class RunServer(PrivateService):
    """`manage.py runserver`."""

    def __init__(self, folder, python, environment):
        super().__init__(folder)
        self._python, self._environment = python, environment

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        clean = [f"{name}={value}" for name, value in self._environment.items()]
        serve = ["manage.py", "runserver", "--noreload", str(self.port)]
        return ["env", "-i", *clean, str(self._python), *serve]
