"""The documents, and what can be read out of one."""

import re
import shlex

from django.conf import settings

ROOT = settings.BASE_DIR
DOCS = ROOT / "docs"
PATHS = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text() for path in PATHS}


def page(name):
    """The text of a page, such as "reference/perf"."""
    return TEXTS[f"docs/{name}.md"]


def blocks(text, language):
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def block(text, language, beginning):
    """The fenced block that begins so."""
    (found,) = (each for each in blocks(text, language) if each.startswith(beginning))
    return found


def commands(text, line_start):
    """The shell lines of a page that start so, each as its arguments, comments left out."""
    lines = "\n".join(blocks(text, "console")).splitlines()
    split = (shlex.split(line.removeprefix("$ "), comments=True) for line in lines)
    return [words for words in split if words[: len(line_start)] == line_start]


def table(text, heading):
    """The table with this heading: its rows by the code of their first cell."""
    lines = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return {first.strip().strip("`"): rest for first, *rest in cells}


def headings(text):
    """The anchors of a page, as GitHub makes them of its headings."""
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found]
