"""The report of a finished study, opened in a real browser."""

import zipfile

import pytest
import yaml
from selenium.common.exceptions import ElementClickInterceptedException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from helpers.tiny_jobs import TABLES as OF_METRICS

pytestmark = pytest.mark.slow
TABLES = (*OF_METRICS, "noise", "statistics", "accuracies")
SECONDS = 20


@pytest.fixture(scope="module")
def report(finished_once, tmp_path_factory):
    """Return the path of the finished study's report."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    result = finished_once.run("--report", str(path))
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr.lower()
    return path


@pytest.fixture(scope="module")
def page(report, browser):
    """Open the report in headless Chromium."""
    browser.get(report.as_uri())
    wait(browser, lambda: browser.find_elements(By.XPATH, "//nav//span[text()='Workflow']"))
    return browser


def wait(driver, found):
    return WebDriverWait(driver, SECONDS).until(lambda _: found())


def press(page, link):
    """Click a link as soon as nothing lies over it: the menu slides when it changes."""
    sliding = WebDriverWait(page, SECONDS, ignored_exceptions=[ElementClickInterceptedException])
    sliding.until(lambda _: link.click() is None)


def click(page, text):
    """Click an entry of the menu on the left."""
    entry = f"//li/a[span[text()='{text}']]"
    press(page, wait(page, lambda: page.find_elements(By.XPATH, entry))[0])


def start(page):
    """Go back to the top of the menu."""
    press(page, page.find_element(By.XPATH, "//nav//ol/li[1]/a"))


def rows(page, subject, subcategory):
    """Open a subject's figures or tables, and return the rows that list them."""
    start(page)
    click(page, subject)
    # The menu leaves out the level of a single subcategory.
    if page.find_elements(By.XPATH, f"//li/a[span[text()='{subcategory}']]"):
        click(page, subcategory)
    return wait(page, lambda: page.find_elements(By.XPATH, "//nav//tbody/tr"))


def names(page, label):
    labels = page.execute_script("return Object.values(results).map(entry => entry.labels)")
    return {entry[label] for entry in labels if entry and label in entry}


def subjects(page, subcategory):
    """Return the subjects that have such a subcategory."""
    return page.execute_script(
        "return Object.keys(categories).filter(name => arguments[0] in categories[name])",
        subcategory,
    )


def test_all_tables_and_figures_are_there(page, finished_once):
    config = yaml.safe_load((finished_once.folder / "tiny.yaml").read_text())
    assert names(page, "figure") == set(config["run"]["figures"])
    assert names(page, "table") == set(TABLES)
    paths = page.execute_script("return Object.keys(results)")
    assert "results/tiny/tables/metrics.csv" in paths


def test_the_first_page_describes_the_study(page):
    text = " ".join(page.find_element(By.ID, "app").text.split())
    assert "Limbeck: study tiny" in text
    assert "undistilled, distilled, on 20 labelled images (one fold:" in text
    assert "One fold has no spread" in text


PICTURES = "return [...document.querySelectorAll('#app figure img')].map(i => i.naturalWidth)"


def test_the_first_page_shows_the_main_figures(page):
    start(page)
    click(page, "Workflow")
    wait(page, lambda: all(width > 500 for width in page.execute_script(PICTURES)))
    captions = [each.text for each in page.find_elements(By.CSS_SELECTOR, "#app figcaption")]
    assert [caption.split()[0:2] for caption in captions] == [
        ["Test", "accuracy"],
        ["Test", "images"],
        ["In", "colour"],
        ["Area", "of"],
    ]
    graph = page.find_element(By.CSS_SELECTOR, "div#rulegraph")
    assert graph.location["y"] > page.find_element(By.CSS_SELECTOR, "figcaption").location["y"]


def test_a_phone_shows_the_first_page(page):
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        start(page)
        click(page, "Workflow")
        for figure in page.find_elements(By.CSS_SELECTOR, "#app .prose, #app figure img"):
            left, width = figure.location["x"], figure.size["width"]
            assert left >= 0 and 300 < left + width <= 390
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_figure_is_shown(page):
    shown = set()
    for subject in subjects(page, "Figures"):
        for row in rows(page, subject, "Figures"):
            press(page, row.find_element(By.XPATH, ".//a[1]"))
            width, height = wait(page, lambda: image_size(page))
            assert width > 500 and height > 300
            image = page.find_element(By.CSS_SELECTOR, "#app img:not(nav img)")
            assert image.size["width"] <= 1600 and image.size["height"] <= 1000
            shown.add(row.find_element(By.TAG_NAME, "td").text)
    assert shown == names(page, "figure")


def image_size(page):
    """Return width and height of the image file that is shown, None until it is."""
    return page.execute_script(
        "const image = document.querySelector('#app img:not(nav img)');"
        "return image && image.complete ? [image.naturalWidth, image.naturalHeight] : null"
    )


def test_every_table_is_shown_without_nan(page):
    shown, text = set(), None
    for subject in subjects(page, "Tables"):
        for row in rows(page, subject, "Tables"):
            press(page, row.find_element(By.XPATH, ".//a[1]"))
            text = wait(page, lambda last=text: table_text(page, last))
            assert "nan" not in text.lower().split()
            shown.add(row.find_element(By.TAG_NAME, "td").text)
    assert shown == set(TABLES)


def table_text(page, last):
    """Return what the frame with a table says, None until it is another one than the last."""
    try:
        page.switch_to.frame(page.find_element(By.TAG_NAME, "iframe"))
        found = page.find_elements(By.XPATH, "//tbody/tr")
        filled = bool(found and found[0].text)
        text = page.find_element(By.TAG_NAME, "body").text
    except WebDriverException:  # The frame is being replaced.
        return None
    finally:
        page.switch_to.default_content()
    return text if filled and text != last else None


def test_captions_have_the_numbers_of_the_config(page):
    captions = {
        (entry["labels"] or {}).get("figure") or (entry["labels"] or {}).get("table"): caption
        for entry, caption in page.execute_script(
            "return Object.values(results).map(entry => ["
            "{labels: entry.labels}, entry.caption.replace(/<[^>]*>/g, '')])"
        )
    }
    assert "20 labelled images, fold 0" in captions["embeddings_tsne"]
    assert "In colour class “8”, in grey" in captions["class_boundary"]
    assert "holds 95 % of the class" in " ".join(captions["class_boundary"].split())
    assert "40 points of uniform noise" in " ".join(captions["noise"].split())
    assert "5-fold cross-validation" in " ".join(captions["representation"].split())
    assert all(caption.strip() for caption in captions.values())


def test_statistics_of_the_workflow_are_drawn(page):
    start(page)
    click(page, "Statistics")
    assert wait(page, lambda: page.find_elements(By.CSS_SELECTOR, "#app canvas, #app svg.marks"))


def test_the_report_is_a_zip_too(finished_once, tmp_path):
    path = tmp_path / "report.zip"
    assert finished_once.run("--report", str(path)).returncode == 0
    members = zipfile.ZipFile(path).namelist()
    assert "report/report.html" in members
    assert sum(name.endswith(".png") for name in members) == 10
