from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("durable_notifications", "0002_edited_at")]

    operations = [
        migrations.AlterModelOptions(
            name="notification",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("export_notifications", "Can export what is stored about a user"),
                    ("erase_notifications", "Can erase what is stored about a user"),
                ],
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
            },
        ),
    ]
