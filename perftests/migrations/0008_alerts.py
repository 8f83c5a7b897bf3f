import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perftests", "0007_runs_that_go_on"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="perfrun",
            name="to_judge",
            field=models.BooleanField(default=False, verbose_name="waits for its judgement"),
        ),
        migrations.CreateModel(
            name="PerfAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest of the cause")),
                ("cause", models.JSONField(verbose_name="cause")),
                ("opened_by", models.PositiveBigIntegerField(verbose_name="found by run")),
                (
                    "opened_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="found"),
                ),
                (
                    "closed_by",
                    models.PositiveBigIntegerField(null=True, verbose_name="over with run"),
                ),
                ("closed_at", models.DateTimeField(null=True, verbose_name="over")),
                ("told", models.BooleanField(default=False, verbose_name="told")),
                (
                    "told_over",
                    models.BooleanField(default=False, verbose_name="told that it is over"),
                ),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_by", None)),
                        fields=("digest",),
                        name="perf_alert_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PerfSubscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription to alerts",
                "verbose_name_plural": "subscriptions to alerts",
            },
        ),
    ]
