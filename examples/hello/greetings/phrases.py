"""What is said. No part of it knows Django."""


def greeting(name: str, mark: str = "!") -> str:
    """`Hello world!`"""
    if not name.strip():
        raise ValueError("nobody to greet")
    return f"Hello {name}{mark}"
