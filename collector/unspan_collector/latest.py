"""Which traces a person does not mean by "the latest": static files, favicons, health checks, and what is no request."""

from unspan_collector.facts import Facts

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


def aside(facts: Facts) -> bool:
    """Whether this is a trace that nobody wants a test from unless they name it."""
    request = facts.request
    if facts.work is not None:
        return True
    if request is None or request.method.upper() not in ("GET", "HEAD"):
        return False
    path = request.path.lower()
    return path.startswith(FOLDERS) or path.endswith(FILES) or path.rstrip("/").rpartition("/")[2] in NAMES
