from django.urls import path
from shop import views

urlpatterns = [
    path("products/", views.products, name="product-list"),
    path("orders/new/", views.order, name="order-create"),
    path("orders/<int:pk>/", views.show, name="order-detail"),
    path("orders/<int:pk>/gifts/", views.gifts, name="order-gifts"),
    path("orders/<int:pk>/delete/", views.delete, name="order-delete"),
    path("basket/add/<int:pk>/", views.add, name="basket-add"),
    path("basket/empty/", views.empty, name="basket-empty"),
    path("prices/", views.prices, name="prices"),
    path("health/", views.health, name="health"),
    path("plain/", views.plain, name="plain"),
]
