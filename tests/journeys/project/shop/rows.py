from django.contrib.auth import get_user_model

from .models import Order, Product


def made():
    ann = get_user_model().objects.create_user("ann", "ann@example.com", "sesame-seeds")
    get_user_model().objects.create_user("bob", "bob@example.com", "barley-water")
    for name, price in (("Kettle", "25.00"), ("Lamp", "12.50"), ("Rug", "80.00")):
        Product.objects.create(name=name, price=price)
    Order.objects.create(customer=ann)
