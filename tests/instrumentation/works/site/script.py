import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
before = "nothing is recorded yet"
django.setup()

from yard import stock  # noqa: E402


def main(words):
    print(stock.restock(words[0], int(words[1])))


main(sys.argv[1:])
