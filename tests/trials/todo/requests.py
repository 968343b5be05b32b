"""What a person does with the example."""

LOGIN: dict[str, object] = {}
REQUESTS = [
    {"name": "list", "method": "GET", "path": "/?a=1&a=%C3%A9", "headers": {"Cookie": "theme=dark"}, "expect": [200]},
    {"name": "complete", "method": "POST", "path": "/complete/50/", "form": "/", "form_has": "complete", "expect": [302]},
    {"name": "create", "method": "POST", "path": "/create/", "form": "/", "form_has": "title", "data": {"title": "Naïve"}, "expect": [302]},
    {
        "name": "upload",
        "method": "POST",
        "path": "/create/",
        "form": "/",
        "form_has": "title",
        "data": {"title": ""},
        "files": {"scan": ["a.bin", "base64:AP9+", "image/png"]},
        "expect": [200],
    },
    {"name": "refused", "method": "POST", "path": "/create/", "form": False, "data": {"title": "x"}, "expect": [403]},
    {"name": "nowhere", "method": "GET", "path": "/nowhere/", "expect": [404]},
]
