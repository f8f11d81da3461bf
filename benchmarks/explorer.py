"""Size and answers of the explorer's page in headless Chromium: 10 panels of 10,000 images.

    python benchmarks/explorer.py

All test images of CIFAR-100 in a made-up study of two methods and five layers. Seconds until the
first paint, of a lasso from the release of the pointer to the next picture, and pictures a second
while the stage morphs through the layers: the best of some turns, beside the goals.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from side_by_side import hardware

from helpers.browser import Page, circle, start_browser
from helpers.made_up import write_cifar_study
from limbeck.explorer.page import write_explorer

TURNS = 3
NOTE_LASSOS = (
    "window.lassos = []; document.addEventListener('pointerup', () => {"
    "const start = performance.now(), frame = requestAnimationFrame;"
    "frame(() => frame(() => window.lassos.push(performance.now() - start))) }, true)"
)
MORPH = (
    "const done = arguments[0], layer = document.getElementById('layer'), frames = [];"
    "const step = now => { frames.push(now); if (frames.length > 60) return done(frames);"
    "layer.value = 4 * frames.length / 60; layer.dispatchEvent(new Event('input'));"
    "requestAnimationFrame(step); }; requestAnimationFrame(step);"
)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        browser = start_browser(Path(folder) / "profile")
        path = Path(folder) / "explorer.html"
        write_explorer(write_cifar_study(Path(folder) / "cifar"), path)
        painted = []
        for _ in range(TURNS):
            page = Page(browser, path)
            painted.append(page.script("return performance.now()") / 1000)
        page.script(NOTE_LASSOS)
        for panel in range(TURNS):
            page.lasso(page.frames()[panel], circle((0, 0), 0.4))
            page.wait(lambda done=panel + 1: page.script("return window.lassos.length") == done)
        lasso = min(page.script("return window.lassos")) / 1000
        page.find("#clear").click()
        browser.set_script_timeout(30)
        frames = browser.execute_async_script(MORPH)
        browser.quit()
        rows = [
            ("file, MB", path.stat().st_size / 1e6, "≤ 12"),
            ("first paint, s", min(painted), "≤ 3"),
            ("lasso, s", lasso, "≤ 0.4"),
            ("morph, pictures/s", 1000 / np.median(np.diff(frames)), "≥ 15"),
        ]
    print(f"{hardware('selenium')}\n\n| what | measured | goal |\n|---|---|---|")
    for what, value, goal in rows:
        print(f"| {what} | {value:.3g} | {goal} |")


if __name__ == "__main__":
    main()
