from django.db import migrations, models

RENAMED = {
    "asked": "required",
    "asked_verdict": "required_verdict",
    "ours": "goal",
    "ours_verdict": "goal_verdict",
}


def format_version(version):
    """What says of every stored run that it is of this version now."""

    def update(apps, schema_editor):
        runs = apps.get_model("perftests", "PerfRun").objects
        runs.using(schema_editor.connection.alias).update(format_version=version)

    return update


class Migration(migrations.Migration):
    """The two kinds of targets under the names that readers know; no row is lost."""

    dependencies = [("perftests", "0002_metrics_go_by_sql")]

    operations = [
        *(migrations.RenameField("perfmetric", old, new) for old, new in RENAMED.items()),
        migrations.AlterField(
            "perfrun",
            "format_version",
            models.PositiveSmallIntegerField(default=2, verbose_name="version of the format"),
        ),
        migrations.RunPython(format_version(2), format_version(1)),
    ]
