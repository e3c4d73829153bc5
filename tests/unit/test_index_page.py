"""The study's page in a real browser, opened from disk: what one sees, sorts, finds and tabs to."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from art_transfer.report.read_grids import table_page
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from small_page import TEMPLATES, SmallStudy, html, write_page

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="needs the programs chromium and chromedriver"
)
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)> \"'{{7*7}}"
RIGHT_TO_LEFT = "محمود \u202e& <b>שלום</b>"
RUN = "runs/museum/type/vgg19/imagenet/off_the_shelf/seed-1"
CLAIM = {
    **{"id": "c1", "quote": "significant <i>improvements</i>", "page": "8", "kind": "superiority"},
    **{"verdict": "supported", "estimate": 0.0312345, "low": -0.01, "high": 0.05, "margin": ""},
    **{"sentence": "It gains 3 points.", "evidence": f"tables/table2.csv {RUN} runs/elsewhere"},
}


def open_browser() -> webdriver.Chrome:
    """A browser with a new profile, which notes what it says and what it loads."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in [*FLAGS, f"--user-data-dir={tempfile.mkdtemp()}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    opened = open_browser()
    yield opened
    opened.quit()


def show(browser: webdriver.Chrome, page: Path, width: int = 1280) -> None:
    """Open a page from disk in a window of this width; forget what was said before."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(page.as_uri())


def addresses(browser: webdriver.Chrome) -> list[str]:
    """What the page has asked for since it was opened."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def find(browser: webdriver.Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def cells(browser: webdriver.Chrome, selector: str) -> list[list[str]]:
    """The texts of a table's rows that are in the page, seen or not."""
    script = (
        "return [...document.querySelectorAll(arguments[0] + ' tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return browser.execute_script(script, selector)


def headings(browser: webdriver.Chrome, selector: str) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, f"{selector} thead button")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("page") / "results" / "small"
    return write_page(SmallStudy(results, list_rows=250, claims=[CLAIM]))


@needs_browser
def test_the_page_opens_from_disk_without_a_word_and_without_a_network(browser, page):
    show(browser, page)
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    figure = page.parent / "figures" / "figure1.png"
    scroll_to(browser, "#figures")
    WebDriverWait(browser, 20).until(
        lambda b: b.execute_script("return document.querySelector('#figures img').naturalWidth > 0")
    )
    assert browser.get_log("browser") == []
    asked = [address for address in addresses(browser) if not address.startswith("data:")]
    assert sorted(asked) == sorted([figure.as_uri(), page.as_uri()])


def scroll_to(browser: webdriver.Chrome, selector: str) -> None:
    browser.execute_script("arguments[0].scrollIntoView()", find(browser, selector))


@needs_browser
def test_every_link_leads_to_a_file_or_a_place_in_the_page(browser, page):
    show(browser, page)
    links = browser.find_elements(By.CSS_SELECTOR, "a[href]")
    found = {str(link.get_dom_attribute("href")) for link in links}
    places = {name for name in found if name.startswith("#")}
    assert {"#table-table2", "#claims", "#classes", "#saliency", "#files"} <= places
    for place in places:
        assert browser.find_elements(By.ID, place[1:]), place
    made_later = {"report.html", "ro-crate-metadata.json", "MANIFEST.sha256", "records.jsonl.gz"}
    assert made_later <= found
    for name in found - places - made_later:
        assert (page.parent / name).is_file(), name


@needs_browser
def test_a_table_is_sorted_by_its_headings(browser, page):
    show(browser, page)
    table = "#table-table2"
    network, accuracy = headings(browser, table)
    accuracy.click()
    # The dash has no value, and stays last both ways.
    assert [row[1] for row in cells(browser, table)] == ["1,234.00", "62.01", "9.50", "–"]
    assert find(browser, f"{table} th:nth-child(2)").get_attribute("aria-sort") == "descending"
    accuracy.click()
    assert [row[1] for row in cells(browser, table)] == ["9.50", "62.01", "1,234.00", "–"]
    network.send_keys(Keys.ENTER)
    assert [row[0] for row in cells(browser, table)] == sorted(
        ["vgg19", "resnet50", "xception", "inception_v3"]
    )
    sorts = [th.get_attribute("aria-sort") for th in browser.find_elements(By.CSS_SELECTOR, "th")]
    assert [kind for kind in sorts if kind] == ["ascending"]
    assert find(browser, f"{table} strong").text == "62.01"


@needs_browser
def test_a_long_list_is_written_when_it_is_opened_and_can_be_searched(browser, page):
    show(browser, page)
    rows = "#table-labels-museum"
    assert len(cells(browser, rows)) == 1
    find(browser, f"{rows} summary").click()
    scroll_to(browser, f"{rows} .scroll")
    WebDriverWait(browser, 20).until(lambda b: len(cells(b, rows)) == 100)
    assert find(browser, f"{rows} [role=status]").text == "250 of 250 rows"
    find(browser, f"{rows} button.more").click()
    assert len(cells(browser, rows)) == 250
    find(browser, f"{rows} input").send_keys("LIFE 24")
    expected = [str(n) for n in range(250) if "24" in str(n)]
    assert [row[1] for row in cells(browser, rows)] == expected
    assert find(browser, f"{rows} [role=status]").text == "13 of 250 rows"


@needs_browser
def test_a_class_is_found_with_its_sizes_and_accuracies(browser, page):
    show(browser, page)
    scroll_to(browser, "#classes")
    WebDriverWait(browser, 20).until(lambda b: len(cells(b, "#class-table")) == 3)
    names = [button.text for button in headings(browser, "#class-table")]
    expected = ["Class", "train", "test"]
    assert names == [*expected, "imagenet + off the shelf", "rijksnet + off the shelf"]
    find(browser, "#class-filter").send_keys("002")
    # Test objects 2 and 5 are of this class; the first run gets the even ones right.
    assert cells(browser, "#class-table") == [["Stil life 002", "1", "2", "50.0", "50.0"]]
    find(browser, "#class-filter").send_keys("x")
    assert cells(browser, "#class-table") == []


@needs_browser
def test_the_browser_of_maps_shows_truth_and_predictions_and_can_be_filtered(browser, page):
    show(browser, page)
    scroll_to(browser, "#saliency")
    first, second = browser.find_elements(By.CSS_SELECTOR, "#saliency article")
    assert "truth: Stil life" in first.text and "before: wrong one (wrong)" in first.text
    assert "after: Stil life (right, 91 %)" in first.text and "o1" in first.text
    widths = "return [...arguments[0].querySelectorAll('img')].map(i => i.naturalWidth)"
    WebDriverWait(browser, 20).until(lambda b: b.execute_script(widths, first) == [128] * 3)
    find(browser, "#saliency input").send_keys("kathe")
    assert not first.is_displayed() and second.is_displayed()
    assert find(browser, "#saliency [role=status]").text == "1 of 2 objects"


@needs_browser
def test_claims_have_their_verdict_numbers_and_way_to_the_evidence(browser, page):
    show(browser, page)
    text = find(browser, "#claims").text
    assert "Of 1 claim: 1 supported." in text
    assert "significant <i>improvements</i> p. 8" in text
    assert "superiority; +3.12 points (−1.00 to +5.00)" in text
    find(browser, "#claims summary").click()
    evidence = browser.find_elements(By.CSS_SELECTOR, "#claims details li")
    assert [item.text for item in evidence] == CLAIM["evidence"].split()
    links = browser.find_elements(By.CSS_SELECTOR, "#claims details a")
    found = [link.get_dom_attribute("href") for link in links]
    assert found == ["#table-table2", f"{RUN}/metrics.json"]


@needs_browser
def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, page):
    show(browser, page)
    body = find(browser, "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "To the content"
    seen: list[str] = []
    focused = (
        "const e = document.activeElement, s = getComputedStyle(e);"
        "return [e.tagName, e.textContent.trim().slice(0, 40), e.id, s.outlineStyle]"
    )
    for _ in range(80):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        tag, text, name, outline = browser.execute_script(focused)
        if tag == "BODY":
            break
        assert outline != "none", (tag, text)
        seen += [f"{tag} {text or name}"]
    for wanted in ("A Table 2", "BUTTON accuracy", "SELECT", "INPUT class-filter", "SUMMARY"):
        assert any(wanted in stop for stop in seen), (wanted, seen)


@needs_browser
def test_headings_are_in_order_and_everything_has_a_name(browser, page):
    show(browser, page)
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    nameless = browser.execute_script(
        "return [...document.querySelectorAll('input,select,img,table,section,nav,[role=region]')]"
        ".filter(e => !(e.labels?.length || e.alt || e.ariaLabel || document.getElementById("
        "e.getAttribute('aria-labelledby')))).map(e => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []


LONG = "Abcdefghij" * 40


@needs_browser
@pytest.mark.parametrize("text", ["Stil life", LONG, RIGHT_TO_LEFT], ids=["calm", "long", "rtl"])
def test_on_a_phone_only_tables_scroll_sideways(browser, tmp_path, text):
    page = write_page(SmallStudy(tmp_path / "results", text, claims=[{**CLAIM, "quote": text}]))
    show(browser, page, width=375)
    scroll_to(browser, "#classes")
    WebDriverWait(browser, 20).until(lambda b: len(cells(b, "#class-table")) == 3)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width == 375


@needs_browser
@pytest.mark.parametrize("text", [HOSTILE, RIGHT_TO_LEFT], ids=["hostile", "rtl"])
def test_what_a_museum_wrote_is_text(browser, tmp_path, text):
    results = tmp_path / "results" / "small"
    claim = {**CLAIM, "quote": text, "sentence": text, "evidence": text}
    page = write_page(SmallStudy(results, text, list_rows=80, claims=[claim]))
    show(browser, page)
    scroll_to(browser, "#classes")
    WebDriverWait(browser, 20).until(lambda b: len(cells(b, "#class-table")) == 3)
    assert browser.title == text
    assert cells(browser, "#class-table")[0][0] == f"{text} 000"
    find(browser, "#table-labels-museum summary").click()
    scroll_to(browser, "#table-labels-museum .scroll")
    WebDriverWait(browser, 20).until(lambda b: len(cells(b, "#table-labels-museum")) == 80)
    assert cells(browser, "#table-labels-museum")[79][0] == f"{text} 79"
    assert text in find(browser, "#claims").get_attribute("textContent")
    assert browser.get_log("browser") == []
    scripts = browser.find_elements(By.CSS_SELECTOR, "script:not([type])")
    assert len(scripts) == 1 and not browser.find_elements(By.CSS_SELECTOR, "bdi *")


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_the_paper(browser, page, scheme):
    """WCAG's contrast of 4.5 for every colour of text, in both of the reader's schemes."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    show(browser, page)
    pairs = browser.execute_script(
        "const shown = e => { for (; e; e = e.parentElement) {"
        "  const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c; }"
        "  return 'rgb(255, 255, 255)'; };"
        "return [...document.querySelectorAll('p,a,h1,th,td,button,input,.verdict,.soft,pre')]"
        ".map(e => [getComputedStyle(e).color, shown(e)])"
    )
    assert len({paper for _, paper in pairs}) >= 2
    for ink, paper in {tuple(pair) for pair in pairs}:
        assert contrast(ink, paper) >= 4.5, (ink, paper)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(one: str, two: str) -> float:
    low, high = sorted(map(luminance, (one, two)))
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """Of a colour as the browser writes it, by WCAG 2.2."""
    parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@needs_browser
def test_a_table_has_a_page_of_its_own_that_can_be_sorted(browser, page, tmp_path):
    alone = tmp_path / "table2.html"
    markdown = page.parent / "tables" / "table2.md"
    html = table_page(TEMPLATES / "table.html", TEMPLATES / "index.js", markdown)
    alone.write_text(html, encoding="utf-8")
    show(browser, alone)
    assert find(browser, "h1").text == browser.title == "Table 2: Stil life"
    headings(browser, "main")[1].click()
    assert [row[1] for row in cells(browser, "main")] == ["1,234.00", "62.01", "9.50", "–"]
    assert "Note: Stil life" in find(browser, "main").text and browser.get_log("browser") == []


def test_without_claims_or_maps_there_are_no_such_parts(tmp_path):
    study = SmallStudy(tmp_path / "results")
    assert 'id="saliency"' in write_page(study).read_text(encoding="utf-8")
    page = html(study, saliency=())
    assert 'id="claims"' not in page and 'id="saliency"' not in page and 'id="classes"' in page


def test_two_builds_are_the_same_bytes(tmp_path):
    study = SmallStudy(tmp_path / "results", claims=[CLAIM])
    assert write_page(study).read_text(encoding="utf-8") == html(study)
