"""Hands out the secrets: excluded from what is recorded, as a library would be."""

import json
import os
from pathlib import Path


def taken(place):
    return json.loads(Path(os.environ["SAFE_SECRETS"]).read_text())[place]
