import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.test import SimpleTestCase, tag

import notifications
import perftests
from perftests.load.server.process import ServerFailed, ServerProcess
from perftests.processes import interpreter

from ..fresh_project import FreshProject

TIMEOUT_SECONDS = 120
LABEL = (
    "perftests.suites.websocket.test_load.WebSocketLoadTests.test_resources_are_recorded_over_time"
)
TRAPS = (
    "notifications",
    "perftests",
    "django",
    "daphne",
    "json",
    "sitecustomize",
    "multiprocessing",
)


def set_traps(folder):
    """Modules that leave a file named `caught` when they are imported."""
    for name in TRAPS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(
            f"import os\nopen({str(folder / 'caught')!r}, 'a').write({name!r})\nos._exit(9)\n"
        )


def run(module, *arguments, **options):
    return subprocess.run(
        interpreter.command(module, *arguments),
        env=options.pop("env", None) or interpreter.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        **options,
    )


@tag("slow")
class InterpreterCommandTests(SimpleTestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_a_child_process_imports_nothing_from_the_current_folder(self):
        set_traps(self.folder)
        (self.folder / "asks.py").write_text("")
        done = run("site", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse((self.folder / "caught").exists())

    def test_a_child_process_has_the_path_of_its_parent_and_arguments_of_its_own(self):
        (self.folder / "tells.py").write_text(
            "import json, sys\nprint(json.dumps([sys.path, sys.argv[1:], __name__]))\n"
        )
        with mock.patch("sys.path", [*sys.path, str(self.folder)]):
            done = run("tells", "-a", "b c")
            expected = [[*sys.path], ["-a", "b c"], "__main__"]
        self.assertEqual(json.loads(done.stdout), expected)

    def test_a_folder_on_the_path_may_hold_the_separator_of_paths(self):
        folder = self.folder / "a:b"
        folder.mkdir()
        (folder / "tells.py").write_text("print('found')\n")
        with mock.patch("sys.path", [*sys.path, str(folder)]):
            self.assertEqual(run("tells").stdout, "found\n")

    def test_environment_variables_change_neither_interpreter_nor_repository_nor_server(self):
        foreign = {
            "PYTHONPATH": "/elsewhere",
            "PYTHONSTARTUP": "/elsewhere/start.py",
            "PYTHONOPTIMIZE": "1",
            "PYTHONHASHSEED": "7",
            "PYTHONINSPECT": "1",
            "PYTHONWARNINGS": "error",
            "GIT_DIR": "/elsewhere/.git",
            "UVICORN_WORKERS": "4",
            "WEB_CONCURRENCY": "4",
            "PERF_NOTIFICATIONS": '{"WINDOW": 1}',
            "PERF_CHANNEL_LAYERS": "{}",
            "PERF_DATABASE": "{}",
        }
        kept = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "PYTHON_ENV": "x",
            "PATH": "/bin",
        }
        with mock.patch.dict(os.environ, {**foreign, **kept}, clear=True):
            variables = interpreter.environment()
        del variables["PERF_IMPORTS"]
        self.assertEqual(variables, kept)

    def test_a_child_process_executes_asserts_whatever_its_parent_does(self):
        (self.folder / "asserts.py").write_text("assert False, 'it is executed'\n")
        with (
            mock.patch("sys.path", [*sys.path, str(self.folder)]),
            mock.patch.dict(os.environ, {"PYTHONOPTIMIZE": "2"}),
        ):
            self.assertIn("it is executed", run("asserts").stderr)

    def test_another_file_of_a_measured_package_is_refused_in_a_sentence(self):
        set_traps(self.folder)
        env = interpreter.environment()
        imports = json.loads(env["PERF_IMPORTS"])
        imports["path"] = [str(self.folder), *imports["path"]]
        imports["files"] = {"notifications": notifications.__file__}
        done = run("site", env={**env, "PERF_IMPORTS": json.dumps(imports)})
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"notifications would be imported from {self.folder}", done.stderr)
        self.assertIn(f"is measured from {notifications.__file__}", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_the_folder_of_the_project_is_where_the_package_of_the_settings_lies(self):
        self.assertEqual(interpreter.project_folder(), str(settings.BASE_DIR))
        with mock.patch.dict(os.environ, {"DJANGO_SETTINGS_MODULE": "no.such.settings"}):
            self.assertIsNone(interpreter.project_folder())


@tag("slow")
class ServerImportTests(SimpleTestCase):
    def test_no_server_imports_anything_from_the_current_folder(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        set_traps(folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        for server in ("daphne", "uvicorn"):
            with (
                self.subTest(server),
                ServerProcess(server, application="perftests.tests.bare_asgi:application"),
            ):
                self.assertFalse((folder / "caught").exists())

    def test_a_server_with_other_code_does_not_start_and_says_why(self):
        env = interpreter.environment()
        imports = json.loads(env["PERF_IMPORTS"])
        imports["files"]["perftests"] = "/elsewhere/perftests/__init__.py"
        process = ServerProcess(environment={"PERF_IMPORTS": json.dumps(imports)})
        with self.assertRaisesRegex(ServerFailed, f"perftests would be .*{perftests.__file__}"):
            process.start()


@tag("slow")
class RunImportTests(SimpleTestCase):
    """`perf` itself, from elsewhere, with everything in the way that may lie there."""

    def git(self, directory, *arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(directory), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def test_perf_measures_and_names_the_same_code_from_any_folder(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        elsewhere = directory / "elsewhere"
        elsewhere.mkdir()
        set_traps(elsewhere)
        self.git(elsewhere, "init")
        self.git(elsewhere, "add", ".")
        self.git(elsewhere, "commit", "-m", "Add traps")
        variables = {
            "GIT_DIR": str(elsewhere / ".git"),
            "GIT_WORK_TREE": str(elsewhere),
            "PYTHONSAFEPATH": "1",
            "PYTHONOPTIMIZE": "1",
            "WEB_CONCURRENCY": "3",
        }
        run = FreshProject(directory, LABEL, cwd=elsewhere, variables=variables, versioned=True)
        self.addCleanup(run.end)
        output, _ = run.command.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(run.command.returncode, 0, output)
        self.assertFalse((elsewhere / "caught").exists())
        with closing(sqlite3.connect(directory / "project" / "db.sqlite3")) as database:
            [[environment]] = database.execute("SELECT environment FROM perftests_perfrun")
        head = self.git(directory / "project", "rev-parse", "HEAD")
        git = json.loads(environment)["git"]
        self.assertEqual((git["commit"], git["dirty"]), (head, False))
