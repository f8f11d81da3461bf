"""Tables as pages, as a reader uses them: sorted, searched, and on a phone."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from limbeck.tables.page import to_page

COLUMNS = ["metric", "method", "50 labels", "null at 50"]
ROWS = [
    ["accuracy (%)", "teacher", "9.50 ± 1.00", "10.00"],
    ["accuracy (%)", "<script>alert(1)</script>", "not measured", ""],
    ["area (%)", "teacher", "86.27 ± 0.61", "127.00 (120.00 to 130.00)"],
    ["area (%)", 'a "b", שלום', "-3.00", "1.00"],
]


def test_a_page_needs_no_other_file():
    page = to_page(COLUMNS, ROWS, "a < b", "A note & more.")
    assert page.startswith("<!DOCTYPE html>") and "<title>a &lt; b</title>" in page
    assert "A note &amp; more." in page
    assert page.count("<script>") == 1 and "src=" not in page and "http" not in page
    assert page.count('class="gap"') == 1 and page.count('class="number null"') == 3


@pytest.fixture
def page(browser, tmp_path):
    (tmp_path / "table.html").write_text(to_page(COLUMNS, ROWS, "a table"), encoding="utf-8")
    browser.set_window_size(1000, 700)
    browser.get((tmp_path / "table.html").as_uri())
    browser.get_log("browser")
    return browser


def column(page, number):
    rows = page.find_elements(By.CSS_SELECTOR, "tbody tr")
    shown = [row for row in rows if row.is_displayed()]
    return [row.find_elements(By.TAG_NAME, "td")[number].text for row in shown]


def test_names_are_text(page):
    assert column(page, 1) == [row[1] for row in ROWS]
    assert page.get_log("browser") == []


def test_columns_are_sorted_by_their_numbers_by_mouse_and_keyboard(page):
    button = page.find_elements(By.CSS_SELECTOR, "thead button")[2]
    button.click()
    assert column(page, 2) == ["-3.00", "9.50 ± 1.00", "86.27 ± 0.61", "not measured"]
    head = page.find_elements(By.TAG_NAME, "th")[2]
    assert head.get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.ENTER)
    assert column(page, 2) == ["86.27 ± 0.61", "9.50 ± 1.00", "-3.00", "not measured"]
    button.send_keys(Keys.SPACE)
    assert column(page, 2) == [row[2] for row in ROWS]
    assert head.get_attribute("aria-sort") is None


def test_numbers_with_commas_are_sorted_by_size(browser, tmp_path):
    rows = [["10,000"], ["400"], ["2,500.5 ± 1.0"]]
    (tmp_path / "table.html").write_text(to_page(["labels"], rows, "a table"), encoding="utf-8")
    browser.get((tmp_path / "table.html").as_uri())
    browser.find_element(By.CSS_SELECTOR, "thead button").click()
    assert column(browser, 0) == ["400", "2,500.5 ± 1.0", "10,000"]


def test_rows_are_found_by_all_of_the_words(page):
    search = page.find_element(By.ID, "search")
    search.send_keys("AREA teach")
    assert column(page, 2) == ["86.27 ± 0.61"]
    assert page.find_element(By.ID, "count").text == "1 of 4 rows"
    search.clear()
    search.send_keys("שלום")
    assert column(page, 2) == ["-3.00"]


def test_a_phone_shows_every_row_as_a_card(page):
    # Chromium has no narrower window than 500 pixels; a device may be as narrow as it likes.
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390
        cell = page.find_elements(By.CSS_SELECTOR, "tbody td")[2]
        label = "return getComputedStyle(arguments[0], '::before').content"
        assert page.execute_script(label, cell) == '"50 labels"'
        assert cell.rect["x"] < 40 and cell.rect["width"] > 300
        page.find_element(By.CSS_SELECTOR, '#sort option[value="2"]').click()
        assert column(page, 2)[0] == "-3.00"
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
