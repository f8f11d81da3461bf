"""Names that look like markup are text in tables, figures, report and explorer."""

import numpy as np
import pytest
import yaml
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.slow

# What a folder may be called; HTML runs the first where it is taken for HTML.
CLASSES = (
    "<img src=x onerror=\"document.title='cracked'\">",
    "a\n\n.. include:: x\n\n|a| *b* `c`_ __d__",
    "$x_1^ {0} %s & \\frac",
)
KINDS = ("<script>document.title='cracked'<!--", "|all| _others_")
STUDY = {
    "study": "hostile",
    "dataset": {"name": "image_folder", "path": "images"},
    "methods": {"a_": {"objective": "untrained", "model": "wrn_10_1"}},
    "layers": {"E_": "pool"},
    "metrics": {"neighbours": 2, "probe_folds": 2},
    "figures": {"class_boundary": {"class": CLASSES[0]}},
    "run": {
        "embeddings": ["pca"],
        "figures": ["class_boundary", "superclass_correlation", "class_correlation", "embeddings"],
    },
}


@pytest.fixture
def study(browser, fresh):
    """Return a finished study of classes and superclasses with such names, and its report."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 2), ("test", 5)):
        for name in CLASSES:
            folder = fresh.folder / "images" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    kinds = dict(zip(CLASSES, (KINDS[0], *KINDS), strict=True))
    rows = [("class", "superclass"), *kinds.items()]
    quoted = [",".join('"{}"'.format(cell.replace('"', '""')) for cell in row) for row in rows]
    (fresh.folder / "images/superclasses.csv").write_text("\n".join(quoted) + "\n")
    (fresh.folder / "tiny.yaml").write_text(yaml.safe_dump(STUDY))
    for arguments in (["--cores", "2"], ["--report", "report.html"]):
        result = fresh.run(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
    return fresh.folder


def test_hostile_names_are_text_everywhere(study, browser):
    results = study / "results/hostile"
    for path in results.glob("tables/*.md"):
        table = [line for line in path.read_text().splitlines() if line.startswith("|")]
        cells = {len(line.replace(r"\|", "").split("|")) for line in table}
        assert len(cells) == 1, path
    pages = [study / "report.html", results / "explorer.html", *results.glob("tables/*.html")]
    shown = "return document.querySelector('#app nav, table, .panel')"
    for page in pages:
        browser.get(page.as_uri())
        assert WebDriverWait(browser, 20).until(lambda driver: driver.execute_script(shown))
        assert "cracked" not in browser.title
        assert not browser.find_elements(By.CSS_SELECTOR, "img[src=x]")
    browser.get(pages[0].as_uri())
    captions = browser.execute_script("return Object.values(results).map(each => each.caption)")
    assert sum("In colour class “&lt;img src=x onerror=" in caption for caption in captions) == 2
    assert not any("system-message" in caption for caption in captions)
