from django.urls import path

from polls import views

urlpatterns = [path("interactions/", views.interactions, name="slack-interactions")]
