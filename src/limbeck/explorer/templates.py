"""The page's HTML, CSS and JavaScript, as they lie in the package."""

from importlib import resources

ASSETS = resources.files("limbeck.explorer") / "assets"
SCRIPTS = ("data", "state", "filters", "plots", "details", "controls", "main")


def read_asset(name: str) -> str:
    """Return the text of a file of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def read_scripts() -> str:
    """Return all of the page's JavaScript, in the order in which it runs."""
    return "\n".join(read_asset(f"{name}.js") for name in SCRIPTS)
