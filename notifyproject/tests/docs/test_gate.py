import re
import shlex

import yaml
from django.core.management import load_command_class
from django.test import SimpleTestCase

from perftests.reports.exports.formats import Destination

from .pages import blocks, page

PAGE = page("how-to/gate-your-builds")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


def commands(text):
    return re.findall(r"python manage\.py (perf[^`\n]*)", text)


class GatePageTests(SimpleTestCase):
    def setUp(self):
        [text] = blocks(PAGE, "yaml")
        self.workflow = yaml.safe_load(text)

    def parsed(self, command):
        name, *arguments = shlex.split(EXPRESSION.sub("main", command).replace("… ", ""))
        parser = load_command_class("perftests", name).create_parser("manage.py", name)
        return parser.parse_args(arguments)

    def test_every_command_of_the_page_is_one_that_perf_takes(self):
        self.assertGreaterEqual(len(commands(PAGE)), 7)
        for command in commands(PAGE):
            with self.subTest(command):
                self.parsed(command)

    def test_the_workflow_comments_with_a_report_that_one_of_its_steps_writes(self):
        [job] = self.workflow["jobs"].values()
        runs = [step["run"] for step in job["steps"] if "run" in step]
        written = [
            str(Destination.parse(name).path)
            for run in runs
            for command in commands(run)
            for name in self.parsed(command).report
        ]
        [comment] = [run for run in runs if run.startswith("gh pr comment")]
        self.assertIn(comment.rpartition(" ")[2], written)

    def test_the_workflow_has_both_versions_to_compare(self):
        [job] = self.workflow["jobs"].values()
        self.assertEqual(job["steps"][0]["with"]["fetch-depth"], 0)
