from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("perftests", "0004_interval_of_a_metric"),
    ]

    operations = [
        migrations.AddField(
            model_name="perfresult",
            name="workload",
            field=models.JSONField(default=list),
        ),
    ]
