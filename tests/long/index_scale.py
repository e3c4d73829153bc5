"""How fast the page of a study of 1,000 runs is made and opens, from disk in a real browser.

python tests/long/index_scale.py [networks] [classes] [test objects]

There are 100 runs for each network.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "unit")]
sys.path[:0] = [str(Path(__file__).parents[2] / "workflow" / "scripts")]

from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from small_page import SmallStudy, html, write_page  # noqa: E402
from test_index_page import cells, open_browser, scroll_to, show  # noqa: E402

OPENED = "const [n] = performance.getEntriesByType('navigation'); return n.loadEventEnd"


def main(networks: int, classes: int, test_objects: int) -> None:
    """Print the seconds to make the page, its size, and the seconds until it is there to read."""
    with tempfile.TemporaryDirectory() as folder:
        study = SmallStudy(
            Path(folder) / "results",
            inits=tuple(f"init_{n}" for n in range(10)),
            methods=tuple(f"method_{n}" for n in range(10)),
            backbones=tuple(f"network_{n}" for n in range(networks)),
            classes=classes,
            test_objects=test_objects,
            list_rows=5000,
        )
        page = write_page(study)
        started, cpu = time.monotonic(), time.process_time()
        html(study)
        made, cpu = time.monotonic() - started, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        megabytes = page.stat().st_size / 1e6
        browser = open_browser()
        try:
            show(browser, page)
            opened = browser.execute_script(OPENED) / 1000
            started = time.monotonic()
            scroll_to(browser, "#classes")
            WebDriverWait(browser, 60, 0.05).until(lambda b: len(cells(b, "#class-table")) == 100)
            found = time.monotonic() - started
        finally:
            browser.quit()
    print(
        f"{len(study.runs())} runs of {classes} classes and {test_objects} test objects: made in "
        f"{made:.1f} s, {cpu:.1f} s of CPU, with a peak of {peak:.0f} MB; {megabytes:.1f} MB; "
        f"opens in {opened:.2f} s, the classes are there {found:.2f} s after they come into view"
    )


if __name__ == "__main__":
    given = [int(number) for number in sys.argv[1:]]
    main(*given, *(10, 1000, 10_000)[len(given) :])
