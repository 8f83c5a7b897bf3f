"""The rooms of both apps: their folders with code of the product."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("notifications", "perftests")
NO_ROOMS = {"tests", "migrations", "static", "templates", "__pycache__"}


def rooms():
    """The folders of the apps, at any depth, and the apps themselves."""
    for app in APPS:
        for folder in sorted((ROOT / app).glob("**/")):
            if NO_ROOMS.isdisjoint(folder.relative_to(ROOT).parts) and list(folder.glob("*.py")):
                yield folder


def modules():
    """Every module of the product."""
    for room in rooms():
        yield from sorted(room.glob("*.py"))


def dotted(path):
    """The name to import a folder or a module by."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def uses(room):
    """The names of the other top rooms of its app that the modules of a room import from."""
    app, top = room.relative_to(ROOT).parts[:2]
    every = set(rooms())
    named = {child.name for child in (ROOT / app).iterdir() if child in every}
    return {name for name in _imported(room, app) if name in named - {top}}


def _imported(room, app):
    """The second part of each import from the app."""
    for module in room.glob("*.py"):
        package = module.relative_to(ROOT).parts[:-1]
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else ()
                path = [*base, *(node.module or "").split(".")] if node.module else list(base)
                names = [alias.name for alias in node.names] if len(path) == 1 else path[1:2]
                yield from names if path[:1] == [app] else ()
