from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('aws', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('period', models.BigIntegerField()),
            ],
            options={
                'db_table': 'aws_schedule',
            },
        ),
    ]
