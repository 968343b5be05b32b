from django.contrib import admin

from todos.models import Todo

admin.site.register(Todo)
