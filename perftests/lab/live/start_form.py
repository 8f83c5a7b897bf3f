"""What may be asked for in the admin: choices, and labels that can be nothing but labels."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ... import measured
from ...compare.versions.revisions import newest_refs
from ...conf import SCALES, SERVERS, configuration
from ...models import PerfResult
from ...processes.interpreter import project_folder
from ...records.results import COMPARED, COUNTS
from ...run.manager import LOST_SUITE
from ...runner.selection import DEFAULT_LABEL, ROW

MOST_REFS = 30
LONGEST = 1000

DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
"""A label of tests. One word alone could be what `perf` does with stored runs, such as `prune`."""


class StartForm(forms.Form):
    """A run of `perf`, or a comparison of the code as it is with another version."""

    labels = forms.CharField(
        label=_("Rows and labels"),
        required=False,
        max_length=LONGEST,
        help_text=_("With spaces between, such as N7 W5 or myapp.tests.perf; empty: all."),
    )
    suites = forms.MultipleChoiceField(
        label=_("Suites"), required=False, widget=forms.CheckboxSelectMultiple
    )
    scale = forms.ChoiceField(label=_("Scale"), choices=[(name, name) for name in SCALES])
    server = forms.ChoiceField(label=_("Server"), choices=[(name, name) for name in SERVERS])
    against = forms.ChoiceField(
        label=_("Against"),
        required=False,
        help_text=_("Compares the code as it is with this version, in pairs; of samples of rows."),
    )
    label = forms.CharField(label=_("Name of the run"), required=False, max_length=LONGEST)

    def __init__(self, given: QueryDict | None) -> None:
        super().__init__(given, initial={"scale": "smoke", "server": configuration.SERVER})
        self.fields["suites"].choices = [(name, name) for name in known_suites()]  # type: ignore[attr-defined]
        refs = known_refs()
        self.fields["against"].choices = [("", "—"), *((ref, ref) for ref in refs)]  # type: ignore[attr-defined]
        if not refs:
            del self.fields["against"]

    def clean_labels(self) -> list[str]:
        labels: list[str] = self.cleaned_data["labels"].split()
        for label in labels:
            if not (ROW.fullmatch(label) or DOTTED.fullmatch(label)):
                raise ValidationError(
                    _("“%(label)s” is neither a row such as N7 nor a dotted label."),
                    params={"label": label},
                )
        return labels

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("against") and cleaned.get("suites"):
            self.add_error("suites", _("A comparison measures samples of its own: name rows."))
        named = cleaned.get("labels") or cleaned.get("suites")
        if not (named or measured.is_installed()):
            self.add_error("labels", _("Name the tests of this project; there are no others here."))
        return cleaned

    def arguments(self) -> list[str]:
        """Those of `perf`, of a form that is valid."""
        asked = self.cleaned_data
        label = [f"--label={asked['label']}"] if asked["label"] else []
        labels = asked["labels"] or labels_of(asked["suites"])
        chosen = [*labels, "--server", asked["server"], *label]
        if asked.get("against"):
            return [*chosen, "--against", asked["against"]]
        named = ["--suites", *asked["suites"]] if asked["suites"] else []
        return [*chosen, "--scale", asked["scale"], *named]


def known_suites() -> list[str]:
    """Those of ours where they can run, and those of stored runs."""
    stored = PerfResult.objects.order_by("suite").values_list("suite", flat=True).distinct()
    # A suite of a project may have any name; one that looks like an option is not offered.
    found = {name for name in stored if not name.startswith("-")} - {COMPARED, COUNTS, LOST_SUITE}
    return sorted(found | our_suites())


def our_suites() -> set[str]:
    """Those that `perf` finds without a label."""
    if not measured.is_installed():
        return set()
    from ... import suites  # which refuses to be imported there

    return {path.parent.name for path in Path(suites.__path__[0]).glob("*/workloads.py")}


def labels_of(chosen: Collection[str]) -> list[str]:
    """Where these suites are, if not all are ours: in the classes that were theirs last."""
    theirs = set(chosen) - our_suites()
    if not theirs:
        return []
    labels = {label for suite in theirs for label in _classes_of(suite)}
    return sorted(labels | {DEFAULT_LABEL} if set(chosen) - theirs else labels)


def _classes_of(suite: str) -> set[str]:
    results = PerfResult.objects.filter(suite=suite)
    newest = results.order_by("-run__started_at", "-run").values_list("run", flat=True).first()
    tests = results.filter(run=newest).values_list("test", flat=True)
    # What failed around tests is stored under a name that is no label.
    return {test.rpartition(".")[0] for test in tests if DOTTED.fullmatch(test)}


def known_refs() -> list[str]:
    """Branches and tags that the code as it is can be compared with, the newest first."""
    folder = project_folder()
    if folder is None or not measured.is_installed():
        return []
    return newest_refs(Path(folder), MOST_REFS)
