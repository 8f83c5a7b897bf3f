"""Documents, code and each other: every link and every path leads somewhere."""

import re

from django.test import SimpleTestCase

from .pages import DOCS, PATHS, ROOT, TEXTS, headings

ROOMS = {"start", "how-to", "explanation", "reference"}


class LinkTests(SimpleTestCase):
    def test_links_between_documents_lead_to_a_file_and_a_heading_that_are_there(self):
        for path in PATHS:
            for target in re.findall(r"\]\(([^):\s]+)\)", path.read_text()):
                file, _, anchor = target.partition("#")
                linked = (path.parent / file).resolve() if file else path
                with self.subTest(f"{path.name}: {target}"):
                    self.assertTrue(linked.exists())
                    if anchor:
                        self.assertIn(anchor, headings(linked.read_text()))

    def test_each_path_of_a_document_that_a_file_of_the_project_names_exists(self):
        for name in project_files():
            text = (ROOT / name).read_text(errors="ignore")
            for path in re.findall(r"(?<![\w/.])docs/[\w/-]+\.md", text):
                with self.subTest(name):
                    self.assertTrue((ROOT / path).is_file(), path)

    def test_each_path_of_a_module_that_a_document_names_exists(self):
        pattern = r"`((?:notifications|perftests|notifyproject)/[\w/]*(?:/|\.\w+))`"
        for name, text in TEXTS.items():
            for path in re.findall(pattern, text):
                with self.subTest(f"{name}: {path}"):
                    self.assertTrue((ROOT / path).exists())


class IndexTests(SimpleTestCase):
    def test_the_index_names_each_page_once_under_its_room(self):
        index = TEXTS["docs/README.md"]
        named = re.findall(r"^- \[.*?\]\((.*?)\)", index, re.MULTILINE)
        pages = [str(path.relative_to(DOCS)) for path in DOCS.glob("*/*.md")]
        self.assertEqual(sorted(named), sorted(pages))

    def test_all_documents_are_in_one_of_the_four_rooms(self):
        folders = {path.parent.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
        self.assertEqual(folders, {".", *ROOMS})


def project_files():
    """What may name a document."""
    found = [ROOT / "manage.py", ROOT / ".importlinter", ROOT / "pyproject.toml", *PATHS]
    for app in ("notifications", "perftests", "notifyproject"):
        found += [p for p in (ROOT / app).rglob("*") if p.suffix in {".py", ".js", ".html", ".css"}]
    return [path.relative_to(ROOT) for path in found]
