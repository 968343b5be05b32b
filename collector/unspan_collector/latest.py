"""Which requests a person does not mean by "the latest": static files, favicons, health checks."""

from unspan_collector.facts import Exchange

FOLDERS = ("/static/", "/media/", "/assets/", "/.well-known/", "/__debug__/")
FILES = (
    ".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf", ".webmanifest",
)  # fmt: skip
NAMES = frozenset(
    {
        "favicon.ico", "robots.txt", "health", "healthz", "healthcheck", "health-check", "health_check", "_health", "livez", "liveness", "live",
        "readyz", "readiness", "ready", "ping", "heartbeat", "__heartbeat__", "__lbheartbeat__", "up",
    }
)  # fmt: skip


def aside(request: Exchange | None) -> bool:
    """Whether this is a request that nobody wants a test from unless they name it."""
    if request is None or request.method.upper() not in ("GET", "HEAD"):
        return False
    path = request.path.lower()
    return path.startswith(FOLDERS) or path.endswith(FILES) or path.rstrip("/").rpartition("/")[2] in NAMES
