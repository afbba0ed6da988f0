"""The pages in headless Chromium, at desktop and phone width, against a running stage.

TENFOLD_URL names a site that is up already; without it the stage is started as for the other
tests. Screenshots are kept in results/pages/. Needs Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tenfold.wait import wait_until

RESULTS = Path(__file__).resolve().parents[2] / "results" / "pages"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
NOT_YET = (NoSuchElementException, StaleElementReferenceException)
FOOTER = ("Served by", "AZ", "region", "release", "database", "cache")


class Browser:
    """A person at a browser of a given width."""

    def __init__(self, base: str, profile: Path, width: int, height: int) -> None:
        """Start Chromium with an empty profile; `width` and `height` in CSS pixels."""
        self.base = base
        self.width = width
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver") or "chromedriver")
        self.driver = webdriver.Chrome(options=options, service=service)
        phone = width < 600
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone},
        )

    def open(self, path: str) -> None:
        """Go there, and see that what came is one of our pages."""
        self.driver.get(self.base + path)
        self.fits()

    def fits(self) -> None:
        """Nothing sticks out to the right."""
        wide = self.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= self.width, f"{self.path} is {wide} px wide in {self.width}"

    @property
    def path(self) -> str:
        """Where the browser is, without the site."""
        return str(self.driver.current_url).removeprefix(self.base)

    def find(self, css: str) -> WebElement:
        """The first element; raises NoSuchElementException."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        """All elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def type(self, css: str, text: str) -> None:
        """Replace what is in a field."""
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def wait(self, what: str, check: Any, bound: float = 15) -> Any:
        """Until the page shows it."""
        return wait_until(what, check, bound, tolerate=NOT_YET)

    def press(self, css: str) -> None:
        """Press a button that sends a form, and wait for the next page."""
        page = self.find("html")
        self.find(css).click()

        def left() -> bool:
            try:
                page.is_enabled()
            except (StaleElementReferenceException, WebDriverException):
                return bool(self.driver.execute_script("return document.readyState") == "complete")
            return False

        self.wait("the next page", left)
        self.fits()

    def sees(self, text: str) -> bool:
        """Whether the page shows this text."""
        return text in self.find("main").text

    def footer(self) -> dict[str, str]:
        """Who served this page."""
        rows = self.all(".foot dl div")
        pairs = [[cell.text for cell in row.find_elements(By.XPATH, "*")] for row in rows]
        return dict(pairs)

    def shoot(self, name: str) -> None:
        """Keep a screenshot; on the way check the footer."""
        footer = self.footer()
        assert set(FOOTER) <= set(footer), f"{self.path}: {footer}"
        assert all(footer.values()), f"{self.path}: {footer}"
        RESULTS.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(RESULTS / f"{name}-{self.width}.png"))

    def complaints(self) -> list[str]:
        """What the console holds against us, minus answers that a test asked for (4xx pages)."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def sign_up(self) -> str:
        """A new account by the form; logged in afterwards."""
        handle = f"b-{secrets.token_hex(5)}"
        self.open("/signup")
        self.type("[name=handle]", handle)
        self.type("[name=email]", f"{handle}@example.com")
        self.type("[name=password]", password(handle))
        self.press("main button")
        assert self.path == "/", self.find("main").text
        return handle

    def post(self, text: str) -> None:
        """Write a post by the composer."""
        self.type("#text", text)
        self.press("[data-composer] [type=submit]")


def password(handle: str) -> str:
    """The password of an account made here."""
    return f"long enough {handle}"


@pytest.fixture(scope="module")
def base(request: pytest.FixtureRequest) -> str:
    """The site's address without a slash at the end."""
    given = os.environ.get("TENFOLD_URL")
    if given:
        return given.rstrip("/")
    urls: dict[str, str] = request.getfixturevalue("urls")
    return urls["the site"].rstrip("/")


@pytest.fixture(params=[(1200, 900), (390, 844)], ids=["desktop", "phone"])
def browser(request: pytest.FixtureRequest, base: str, tmp_path: Path) -> Iterator[Browser]:
    """A browser with nobody logged in."""
    one = Browser(base, tmp_path / "profile", *request.param)
    yield one
    with contextlib.suppress(WebDriverException):
        one.driver.quit()


@pytest.fixture
def desktop(base: str, tmp_path: Path) -> Iterator[Browser]:
    """As `browser`, at desktop width only."""
    one = Browser(base, tmp_path / "profile", 1200, 900)
    yield one
    with contextlib.suppress(WebDriverException):
        one.driver.quit()


def test_a_day_on_the_site(browser: Browser, tmp_path: Path) -> None:
    """Join, post with a picture, follow, like, read, search, be notified, leave."""
    browser.open("/")
    assert "Join Tern" in browser.find("main").text, "who is not logged in sees the front page"
    first = browser.sign_up()
    browser.shoot("home-empty")

    word = f"albatross{secrets.token_hex(4)}"
    picture = tmp_path / "harbour.png"
    Image.linear_gradient("L").resize((640, 420)).convert("RGB").save(picture)
    browser.find("[data-pick]").send_keys(str(picture))
    browser.wait("the upload", lambda: browser.find(".previews [name=media_ids]"))
    assert browser.find("[data-say]").text == ""
    browser.shoot("composer")
    browser.post(f"A {word} passes the harbour. <b>&amp;</b>")
    browser.wait("the post", lambda: browser.sees(word))
    assert browser.sees("<b>&amp;</b>"), "text is shown as it was typed"

    def drawn() -> bool:
        browser.driver.refresh()
        shown = browser.find(".post .shots img")
        return bool(
            browser.driver.execute_script(
                "return arguments[0].complete && arguments[0].naturalWidth > 0", shown
            )
        )

    browser.wait("the thumbnail", drawn, 40)
    browser.shoot("timeline")
    browser.press(".tabs form button")

    second = browser.sign_up()
    browser.open(f"/@{first}")
    browser.press(".head form button")
    assert browser.find(".head form button").text == "Unfollow"
    assert browser.sees("1 follower")
    browser.shoot("profile")

    browser.open("/")
    browser.wait("the followed post", lambda: browser.sees(word))
    browser.find("[data-like] button").click()
    browser.wait("the like", lambda: browser.find("[data-like] button[aria-pressed=true]"))
    assert browser.find("[data-like] .n").text == "1"
    browser.driver.refresh()
    assert browser.find("[data-like] .n").text == "1", "the like was kept"

    browser.open(f"/search?q={word}")
    assert browser.sees("passes the harbour")
    browser.shoot("search")
    browser.open(browser.find(".when").get_attribute("href").removeprefix(browser.base))
    assert browser.sees(word)
    browser.shoot("post")
    browser.press(".tabs form button")
    browser.open("/notifications")
    assert browser.path.startswith("/login"), "logged out"

    browser.type("[name=handle]", first)
    browser.type("[name=password]", password(first))
    browser.press("main button")
    assert browser.path == "/notifications", "on to where one wanted to go"

    def told() -> bool:
        browser.driver.refresh()
        return browser.sees("liked your post") and browser.sees("follows you")

    browser.wait("the notifications", told, 30)
    assert browser.sees(second)
    assert browser.find(".count").text.startswith("2")
    browser.shoot("notifications")
    browser.press("main form button")
    assert not browser.all(".count")
    assert browser.complaints() == []


def test_a_report(desktop: Browser) -> None:
    """Asked for, waited for without a click, downloaded."""
    desktop.sign_up()
    desktop.post(f"for the record {secrets.token_hex(4)}")
    desktop.open("/reports")
    desktop.press("main form button")
    desktop.wait("the report", lambda: desktop.find("a[download]"), 40)
    desktop.shoot("report")
    got = desktop.driver.execute_async_script(
        "const done = arguments[1];"
        "fetch(arguments[0]).then(async (a) => done([a.status, (await a.text()).length]))"
        ".catch((e) => done([0, String(e)]))",
        desktop.find("a[download]").get_attribute("href"),
    )
    assert got[0] == 200, got
    assert got[1] > 0
    assert desktop.complaints() == []


def test_a_double_click_posts_once(desktop: Browser) -> None:
    """Two sends of one form, not through the script that would hold the second back."""
    handle = desktop.sign_up()
    text = f"twice {secrets.token_hex(6)}"
    desktop.type("#text", text)
    sent = desktop.driver.execute_async_script(
        "const done = arguments[0], form = document.querySelector('[data-composer]');"
        "const body = new URLSearchParams(new FormData(form));"
        "const send = () => fetch(form.action, {method: 'POST', body});"
        "Promise.all([send(), send()]).then((all) => done(all.map((a) => a.status)))"
        ".catch((e) => done([String(e)]))"
    )
    assert 200 in sent, sent
    desktop.open(f"/@{handle}")
    assert desktop.find("main").text.count(text) == 1


@pytest.mark.parametrize(
    ("path", "fields", "reason"),
    [
        ("/signup", {"handle": "a b", "email": "no", "password": "x"}, "valid"),
        ("/login", {"handle": "nobody-at-all", "password": "wrong one"}, "not match"),
    ],
)
def test_bad_input_says_why(
    desktop: Browser, path: str, fields: dict[str, str], reason: str
) -> None:
    """The form comes back with what was typed and the reason."""
    desktop.open(path)
    for name, value in fields.items():
        desktop.type(f"[name={name}]", value)
    desktop.press("main button")
    assert desktop.path == path
    assert reason in desktop.find("main").text
    assert desktop.find("[name=handle]").get_attribute("value") == fields["handle"]
    desktop.shoot(f"bad{path.replace('/', '-')}")


def test_an_empty_post_says_why(desktop: Browser) -> None:
    """And what is too large for a post is held back or refused, not a 500."""
    desktop.sign_up()
    desktop.press("[data-composer] [type=submit]")
    assert desktop.sees("Write something")
    desktop.driver.execute_script(
        "const text = document.querySelector('#text');"
        "text.removeAttribute('maxlength'); text.value = 'x'.repeat(9000)"
    )
    desktop.press("[data-composer] [type=submit]")
    assert desktop.sees("at most")


@pytest.mark.parametrize(
    "path", ["/nothing", "/@nobody-of-this-name", "/p/no-id", "/search?cursor=%00&q=a"]
)
def test_a_wrong_address_is_a_friendly_page(browser: Browser, path: str) -> None:
    """With the footer and a way home."""
    browser.open(path)
    assert browser.find("main").text
    browser.shoot("error" + "".join(c if c.isalnum() else "-" for c in path))


@pytest.mark.parametrize("name", ["landing", "help", "error"])
def test_static_pages(browser: Browser, name: str) -> None:
    """Files from S3: they come whole, with their style."""
    browser.open(f"/static/pages/{name}.html")
    assert browser.find("h1").text
    font = browser.driver.execute_script("return getComputedStyle(document.body).fontFamily")
    assert "system-ui" in font, "the style sheet is there"
    RESULTS.mkdir(parents=True, exist_ok=True)
    browser.driver.save_screenshot(str(RESULTS / f"static-{name}-{browser.width}.png"))
    assert browser.complaints() == []
