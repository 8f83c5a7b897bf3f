from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perftests", "0005_workload_of_a_result"),
    ]

    operations = [
        migrations.AddField(
            model_name="perfrun",
            name="pinned",
            field=models.BooleanField(default=False, verbose_name="pinned"),
        ),
    ]
