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


class OwnProject:
    """In an empty folder, run by any interpreter, with a user who may sign in to the admin."""

    PASSWORD = "engine of analysis"

    def __init__(self, folder, python=sys.executable):
        self.folder, self._python = folder, python
        self.run("-m", "django", "startproject", "mysite", ".")
        self.write("mysite/urls.py", URLS)
        self.add_settings('TEMPLATES[0]["DIRS"] = [BASE_DIR / "mysite" / "templates"]')

    def follow_the_page(self):
        """All that docs/start/first-notification.md tells to write, and the options for SQLite."""
        first = page("start/first-notification")
        self.write("mysite/asgi.py", block(first, "python", "# asgi.py"))
        self.write("mysite/views.py", block(first, "python", "# views.py"))
        self.write("mysite/templates/page.html", block(first, "html", "{% load static %}"))
        self.add_settings(block(first, "python", "# settings.py"))
        self.add_settings(block(page("reference/settings"), "python", "DATABASES"))

    def copy(self, app):
        """What the wheel would bring of it: all but its tests."""
        without_tests = shutil.ignore_patterns("tests")
        shutil.copytree(settings.BASE_DIR / app, self.folder / app, ignore=without_tests)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def add_settings(self, text):
        """The `...` of a document stands for what is there already."""
        with (self.folder / "mysite" / "settings.py").open("a") as file:
            file.write("\n" + text.replace("...,", "*INSTALLED_APPS,"))

    def prepare(self):
        self.manage("migrate", "--verbosity=0")
        self.manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com")

    def manage(self, *words):
        """What the command printed; it has to succeed."""
        return self.run("manage.py", *words)

    def server(self):
        return RunServer(self.folder, self._python)

    def run(self, *words):
        done = subprocess.run(
            [self._python, *words],
            cwd=self.folder,
            env={**environment(), "DJANGO_SUPERUSER_PASSWORD": self.PASSWORD},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout


def environment():
    """Nothing of this project's settings reaches the other."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "PERF_", "PYTHONPATH"))
    }


class RunServer(PrivateService):
    """`manage.py runserver`."""

    def __init__(self, folder, python):
        super().__init__(folder)
        self._python = python

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        clean = [f"{name}={value}" for name, value in environment().items()]
        serve = ["manage.py", "runserver", "--noreload", str(self.port)]
        return ["env", "-i", *clean, str(self._python), *serve]
