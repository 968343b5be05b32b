from django.conf import settings
from django.urls import include, path

urlpatterns = [path(f"{lab}/", include(f"{lab}.urls")) for lab in settings.LABS]
