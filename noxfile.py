"""What has to hold beyond one environment, with packages from the registry: `nox --list`.

Words after `--` are handed to `manage.py test`: `nox -s tests -- notifications`.
"""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lint", "tests", "lowest", "wheel"]

# Django 6 needs Python 3.12.
PYTHONS = {"5.2": ("3.11", "3.12", "3.13"), "6.0": ("3.12", "3.13"), "6.1": ("3.12", "3.13")}
MATRIX = [(python, django) for django, pythons in PYTHONS.items() for python in pythons]


@nox.session(python="3.12")
def lint(session: nox.Session) -> None:
    """Style, types and import contracts, with the newest Django."""
    session.install("-r", "requirements-dev.txt")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", "notifyproject", "notifications", "perftests", "manage.py", "noxfile.py")
    session.run("lint-imports")
    session.run("python", "manage.py", "makemigrations", "--check", "--dry-run")


@nox.session
@nox.parametrize(("python", "django"), MATRIX)
def tests(session: nox.Session, django: str) -> None:
    """The tests with one Python and one Django."""
    session.install("-r", "requirements.txt", "playwright", f"django~={django}.0")
    session.run("python", "manage.py", "test", *session.posargs)


@nox.session(python="3.12")
def fast(session: nox.Session) -> None:
    """The fast tests with the oldest Django, and whether they call something of every module."""
    session.install("-r", "requirements.txt", "playwright", "coverage~=7.17", "django~=5.2.0")
    data = f"{session.create_tmp()}/coverage"
    session.env.update({"COVERAGE_FILE": data, "COVERAGE_CORE": "sysmon"})
    session.run("coverage", "erase")
    session.run("coverage", "run", "manage.py", "test", "--exclude-tag", "slow")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "json", "--quiet", "-o", f"{data}.json")
    session.run("python", "-m", "notifyproject.tests.fast_coverage", f"{data}.json")


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions that the package allows."""
    pins = f"{session.create_tmp()}/lowest.txt"
    session.install("-r", "requirements.txt", "playwright", "uv")
    resolve = ["--resolution", "lowest-direct", "--extra", "perf", "pyproject.toml"]
    session.run("python", "-m", "uv", "pip", "compile", "--quiet", *resolve, "-o", pins)
    session.install("-r", pins)
    session.run("python", "manage.py", "test", *session.posargs)


@nox.session(python="3.12")
def wheel(session: nox.Session) -> None:
    """The wheel in empty projects of the oldest and the newest Django, and in the tutorials'."""
    session.install("-r", "requirements.txt", "pip", "playwright", "uv")
    labels = [f"notifyproject.tests.wheel{which}" for which in ("", "_tutorial", "_lab")]
    session.run("python", "manage.py", "test", *(session.posargs or labels))


@nox.session(python="3.12")
def typed(session: nox.Session) -> None:
    """A project against the public paths, by the other type checker: pyright."""
    session.install("-r", "requirements.txt", "django-stubs", "pyright[nodejs]")
    session.run("pyright", "notifyproject/tests/typed/consumer.py")


@nox.session(python="3.12")
def release(session: nox.Session) -> None:
    """What goes to the registry: made twice with the same bytes, looked at, and audited."""
    session.install("build", "twine", "check-wheel-contents", "pip-audit", "cyclonedx-bom")
    session.env["SOURCE_DATE_EPOCH"] = "1577836800"
    folders = [f"{session.create_tmp()}/{name}" for name in ("one", "two")]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        session.run("python", "-m", "build", "--outdir", folder, silent=True)
    first, second = ({p.name: p.read_bytes() for p in Path(f).iterdir()} for f in folders)
    if first != second:
        session.error("Two builds differ.")
    files = [f"{folders[0]}/{name}" for name in sorted(first)]
    wheel = next(file for file in files if file.endswith(".whl"))
    session.run("twine", "check", "--strict", *files)
    session.run("check-wheel-contents", wheel)
    session.run("pip-audit", "--requirement", "requirements.txt", "--progress-spinner", "off")
    site = f"{session.create_tmp()}/site"
    session.run("python", "-m", "venv", "--clear", site)
    session.run(f"{site}/bin/python", "-m", "pip", "install", "--quiet", wheel, external=True)
    bill = f"{folders[0]}/sbom.json"
    session.run("cyclonedx-py", "environment", f"{site}/bin/python", "-o", bill)


@nox.session(python="3.12")
def docs(session: nox.Session) -> None:
    """The site of the documents, without a warning."""
    session.install("sphinx", "myst-parser", "furo")
    session.run("sphinx-build", "-q", "-n", "-W", "docs", f"{session.create_tmp()}/site")
