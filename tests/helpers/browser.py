"""A page in headless Chromium: what a test does with it, and what it reads there."""

import json
import math
import shutil
import time

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
    *("window-size=1440,1000", "force-device-scale-factor=1"),
)
SECONDS = 20
REACH = 1.06  # of a frame, in the page's coordinates


def start_browser(profile):
    """Start Chromium with an empty profile; requests and messages are recorded."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


class Page:
    """An explorer that is open in a browser."""

    def __init__(self, driver, path, state=""):
        self.driver = driver
        # The same address with another state would not load the page again.
        driver.get("about:blank")
        driver.get(path.as_uri() + (f"#{state}" if state else ""))
        self.wait(lambda: driver.execute_script("return document.documentElement.dataset.ready"))

    def wait(self, found):
        """Wait until something is found, and return it."""
        end = time.monotonic() + SECONDS
        while not (result := found()):
            assert time.monotonic() < end, "the page did not get there"
            time.sleep(0.02)
        return result

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def script(self, source, *arguments):
        return self.driver.execute_script(source, *arguments)

    def frames(self):
        """Return the frames of the panels, methods by layers."""
        return self.all(".panel .frame")

    def stage(self):
        return self.find("#stage-frame .frame")

    def choose(self, selector, text):
        """Choose an option of a select by its text."""
        for option in self.find(selector).find_elements(By.TAG_NAME, "option"):
            if option.text == text:
                option.click()
                return
        raise AssertionError(f"{selector} has no option {text}")

    def marks(self, selector, *attributes):
        """Return the attributes, as numbers, of what is drawn over each panel: a list a panel."""
        return self.script(
            "return [...document.querySelectorAll('.panel .frame')].map(frame =>"
            " [...frame.querySelectorAll(arguments[0])].map(mark =>"
            " arguments[1].map(name => Number(mark.getAttribute(name)))))",
            selector,
            attributes,
        )

    def tiles(self):
        """Return the images of each method's strip of neighbours, and whether they are framed."""
        return self.script(
            "return [...document.querySelectorAll('.strip')].map(strip =>"
            " [...strip.querySelectorAll('button')].map(tile =>"
            " [Number(tile.dataset.image), tile.classList.contains('shared')]))"
        )

    def leave(self):
        """Take the mouse away from the plots."""
        ActionChains(self.driver, duration=0).move_to_element(self.find("h1")).perform()

    def settled_hash(self):
        """Return the address's state, once it is written."""
        time.sleep(0.4)
        return self.script("return location.hash.slice(1)")

    def offset(self, frame, point):
        """Return where a point, from -1 to 1, lies in a frame, in pixels from its middle."""
        scale = self.script("return arguments[0].clientWidth", frame) / 2 / REACH
        return round(point[0] * scale), round(-point[1] * scale)

    def move_to(self, frame, point):
        self.reveal(frame)
        actions = ActionChains(self.driver, duration=0)
        actions.move_to_element_with_offset(frame, *self.offset(frame, point)).perform()

    def click(self, frame, point):
        self.reveal(frame)
        actions = ActionChains(self.driver, duration=0)
        actions.move_to_element_with_offset(frame, *self.offset(frame, point)).click().perform()

    def lasso(self, frame, corners, key=None):
        """Drag along corners, from -1 to 1; with a key held down."""
        self.reveal(frame)
        actions = ActionChains(self.driver, duration=10)
        if key:
            actions.key_down(key)
        first, *others = (self.offset(frame, corner) for corner in [*corners, corners[0]])
        actions.move_to_element_with_offset(frame, *first).click_and_hold()
        for corner in others:
            actions.move_to_element_with_offset(frame, *corner)
        actions.release()
        if key:
            actions.key_up(key)
        actions.perform()

    def reveal(self, element):
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)

    def picture(self, element):
        """Return an element as it is seen, (H, W, 3) uint8."""
        import io

        self.reveal(element)
        with Image.open(io.BytesIO(element.screenshot_as_png)) as image:
            return np.asarray(image.convert("RGB"))

    def messages(self):
        """Return what the console was told since the last call, without what is no error."""
        return [
            entry
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def requests(self):
        """Return the addresses that were asked for since the last call."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


def circle(middle, radius, corners=24):
    """Return corners around a point."""
    angles = [2 * math.pi * corner / corners for corner in range(corners)]
    return [(middle[0] + radius * math.cos(a), middle[1] + radius * math.sin(a)) for a in angles]
