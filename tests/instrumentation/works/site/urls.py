from django.urls import include, path
from yard import views

urlpatterns = [path("item/<str:name>/", views.item), path("command/", views.command)]

try:
    from yard import queues
except ImportError:
    pass
else:
    urlpatterns += [path("", include(queues))]
