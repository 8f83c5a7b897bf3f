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
    ]
