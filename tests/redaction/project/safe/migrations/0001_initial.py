from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("api_key", models.CharField(max_length=2000)),
                ("webhook_secret", models.TextField(default="")),
                ("settings", models.JSONField(default=dict)),
            ],
        ),
    )
