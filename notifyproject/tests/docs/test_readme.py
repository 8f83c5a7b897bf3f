"""README.md, done step by step in a project of somebody's own."""

from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase, tag

from ..own_project import OwnProject
from .pages import TEXTS, block

README = TEXTS["README.md"]

PAGE = """
from django.views.generic import TemplateView
urlpatterns += [path("", TemplateView.as_view(template_name="page.html"))]
"""

SHOWN = """
from django.contrib.auth.models import User
from django.test import Client
client = Client(headers={"host": "localhost"})
client.force_login(User.objects.get(username="ada"))
print("<notification-bell" in client.get("/").text, client.get("/notifications/").status_code)
"""


@tag("own_database", "slow")
class ReadmeTests(SimpleTestCase):
    def test_the_lines_of_the_readme_give_an_existing_project_a_bell_and_a_socket_that_hears(self):
        project = OwnProject(Path(self.enterContext(TemporaryDirectory())))
        project.copy("notifications")
        self.follow_the_readme(project)
        project.prepare()
        project.manage("check", "--fail-level", "WARNING")
        self.assertEqual(project.manage("shell", "-v0", "-c", SHOWN), "True 200\n")
        self.assertEqual(project.heard("Your export is ready"), "Your export is ready")

    def follow_the_readme(self, project):
        project.add_settings(block(README, "python", "# settings.py"))
        project.add_settings('TEMPLATES[0]["DIRS"] = [BASE_DIR / "mysite" / "templates"]')
        project.append("mysite/asgi.py", block(README, "python", "# asgi.py"))
        project.append("mysite/urls.py", block(README, "python", "# urls.py") + PAGE)
        project.write("mysite/templates/page.html", block(README, "html", "{% load"))
