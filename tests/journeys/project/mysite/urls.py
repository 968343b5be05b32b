from django.urls import path
from shop import views

urlpatterns = [
    path("login/", views.log_in, name="login"),
    path("signup/", views.sign_up, name="sign-up"),
    path("basket/add/<int:pk>/", views.add, name="basket-add"),
    path("basket/", views.basket, name="basket"),
    path("orders/new/", views.order, name="order-create"),
    path("orders/<int:pk>/", views.show, name="order-detail"),
    path("orders/<int:pk>/pay/", views.pay, name="order-pay"),
    path("orders/<int:pk>/delete/", views.delete, name="order-delete"),
    path("invites/", views.invite, name="invite"),
    path("join/<str:username>/<str:code>/", views.join, name="join"),
    path("forgot/", views.forgot, name="forgot"),
    path("reset/<str:username>/<str:token>/", views.reset, name="reset"),
    path("api/tokens/", views.token, name="token-create"),
    path("api/orders/", views.api_orders, name="api-orders"),
]
