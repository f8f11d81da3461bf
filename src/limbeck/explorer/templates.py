"""The page's HTML, CSS and JavaScript, as they lie in the package."""

import hashlib
from importlib import resources

ASSETS = resources.files("limbeck.explorer") / "assets"
SCRIPTS = ("data", "state", "filters", "plots", "details", "controls", "main")


def read_asset(name: str) -> str:
    """Return the text of a file of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def read_scripts() -> str:
    """Return all of the page's JavaScript, in the order in which it runs."""
    return "\n".join(read_asset(f"{name}.js") for name in SCRIPTS)


def digest() -> str:
    """Return a hash of all of it, so that a page is written anew when it has changed."""
    parts = [read_asset("page.html"), read_asset("page.css"), read_scripts()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
