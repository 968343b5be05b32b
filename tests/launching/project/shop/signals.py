from django.dispatch import Signal, receiver

sold = Signal()


@receiver(sold)
def note_sale(sender, title, **kwargs):
    return title.upper()
