import django.utils.timezone
from django.db import migrations, models

import notifications.db.deletion


class Migration(migrations.Migration):
    dependencies = [
        ("perftests", "0006_pinned_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="PerfLive",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=notifications.db.deletion.by_sql,
                        primary_key=True,
                        related_name="live",
                        serialize=False,
                        to="perftests.perfrun",
                    ),
                ),
                ("state", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "run that goes on",
                "default_permissions": (),
            },
        ),
        migrations.AlterModelOptions(
            name="perfrun",
            options={
                "ordering": ["-started_at", "-pk"],
                "permissions": [
                    ("start_perfrun", "Can start runs"),
                    ("cancel_perfrun", "Can cancel runs that were started in the admin"),
                ],
                "verbose_name": "run",
                "verbose_name_plural": "runs",
            },
        ),
        migrations.CreateModel(
            name="PerfWish",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("arguments", models.JSONField(default=list, verbose_name="arguments")),
                ("asked_by", models.TextField(verbose_name="asked by")),
                (
                    "asked_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("running", "running"),
                            ("ended", "ended"),
                            ("cancelled", "cancelled"),
                            ("lost", "lost"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("heard_at", models.DateTimeField(null=True, verbose_name="last sign of life")),
                ("cancel_asked", models.BooleanField(default=False)),
                ("said", models.TextField(blank=True)),
                (
                    "run",
                    models.OneToOneField(
                        null=True,
                        on_delete=notifications.db.deletion.by_sql,
                        related_name="wish",
                        to="perftests.perfrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "wish",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("state",),
                        name="perf_one_wish_at_a_time",
                    )
                ],
            },
        ),
    ]
