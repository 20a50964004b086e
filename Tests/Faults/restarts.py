"""`relmon serve` is killed and started again, and loses and forgets nothing."""

import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

from checker import expect
from scene import ROOT, WAIT_SECONDS_MAX, case, line_count, until

sys.path.insert(0, str(ROOT / "Tests" / "Oracle"))
import compare  # noqa: E402

KILLS, KILLS_FULL = 30, 200
SCRAPE_SECONDS = 0.1
SECONDS_MAX = 60
ZERO = "--zero-period=2"


class Serve:
    """A running `relmon serve` on a port that stays the same."""

    def __init__(self, scene, log, *options, port=0, prefix=()):
        self.errors = open(scene.path("serve.stderr"), "ab+")
        begin = self.errors.tell()
        self.process = subprocess.Popen(
            [*prefix, scene.bin / "relmon", "serve", f"--web.listen-address=127.0.0.1:{port}", *options, log],
            stderr=self.errors, stdin=subprocess.DEVNULL)
        scene.stack.callback(self.kill)
        path = scene.path("serve.stderr")

        def address():
            text = path.read_bytes()[begin:].decode()
            assert self.process.poll() is None, f"relmon serve ended: {text}"
            return re.search(r"serving http://(127\.0\.0\.1:(\d+))/metrics", text)

        match = until("relmon serves", address)
        self.url, self.port = f"http://{match[1]}/metrics", int(match[2])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.errors.close()

    def page(self):
        """The text of the page; None while it is not ready or not there."""
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        expect(self.process.wait(5) == 0, "SIGTERM does not end it with 0")


def page_of_all(scene, serve, log, seconds=WAIT_SECONDS_MAX):
    """The page once a log that nobody writes to is read, with the unfinished last lines of its segments."""
    total = line_count(log.glob("attempts*.jsonl"))
    unfinished = len((log / "attempts.jsonl").read_bytes().rpartition(b"\n")[2])

    def page_if_all():
        page = serve.page()
        # A line may be a torn record and a whole one behind it: the number of lines alone says too early that
        # all is read.
        is_all = page and scene.metric(page, "relmon_log_records_total") + scene.metric(
            page, "relmon_log_records_rejected_total") >= total - bool(unfinished)
        return page if is_all and scene.metric(page, "relmon_log_unread_bytes") == unfinished else None

    return until("all is read", page_if_all, seconds)


def counters(page):
    """Values by series, of the counters and histograms."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    values = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        series, value = line.rsplit(" ", 1)
        name = series.split("{", 1)[0]
        # What the process itself did begins again with it, as in every exporter.
        if name.startswith(("process_", "relmon_scrapes_", "relmon_http_")):
            continue
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if kinds.get(name) == "counter" or kinds.get(base) == "histogram":
            values[series] = float(value)
    return values


class Scraper(threading.Thread):
    """Scrapes again and again, and notes what falls or vanishes."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.serve, self.scrapes, self.fallen, self.last = serve, 0, [], {}
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(SCRAPE_SECONDS):
            page = self.serve.page()
            if page is None:
                continue
            self.scrapes += 1
            now = counters(page)
            self.fallen += [(series, value, now.get(series)) for series, value in self.last.items()
                            if now.get(series, -1) < value]
            self.last = now


def agrees(scene, log, page):
    """Every series is what the oracle says about the log."""
    scene.path("page").write_text(page)
    done = subprocess.run(
        [sys.executable, ROOT / "Tests" / "Oracle" / "compare_built.py", "metrics", "--now",
         datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
         "--got", scene.path("page"), log], capture_output=True, text=True)
    expect(done.returncode == 0, f"not what the oracle says: {done.stdout[:2000]}{done.stderr[-2000:]}")


@case("F19", "kill -9 of the reader at any moment, under load and rotation")
def killed_reader(scene):
    log = scene.directory("log")
    chance = random.Random(19)
    loads = [scene.load(log, name=f"w{number}", threads=2, pause=2000, length=250 + 111 * number,
                        rotate=400_000) for number in range(3)]
    # What is new stays 0 for a moment, over kills too.
    serve = Serve(scene, log, ZERO)
    scraper = Scraper(serve)
    scraper.start()
    kills = KILLS_FULL if scene.full else KILLS
    ready = 0
    for _ in range(kills):
        moment = time.monotonic() + chance.uniform(0, 1.2)
        while time.monotonic() < moment:
            scraper.stopped.wait(0.01)
        serve.process.send_signal(signal.SIGKILL)
        serve.kill()
        serve = scraper.serve = Serve(scene, log, ZERO, port=serve.port)
        if chance.random() < 0.5:
            before = scraper.scrapes
            until("a scrape", lambda: scraper.scrapes > before, SECONDS_MAX)
            ready += 1
    for load in loads:
        load.stop()
    segments = sum(1 for _ in log.glob("attempts.0*.jsonl"))
    page_of_all(scene, serve, log, SECONDS_MAX)
    total = line_count(log.glob("attempts*.jsonl"))
    serve.terminate()
    serve = scraper.serve = Serve(scene, log, ZERO, port=serve.port)
    page = page_of_all(scene, serve, log, SECONDS_MAX)
    before = scraper.scrapes
    until("a last scrape", lambda: scraper.scrapes > before, SECONDS_MAX)
    scraper.stopped.set()
    scraper.join()
    expect(not scraper.fallen, f"{len(scraper.fallen)} counters fell: {scraper.fallen[:5]}")
    expect(segments >= 3, f"only {segments} rotations")
    expect(scraper.scrapes > kills // 2, f"only {scraper.scrapes} scrapes")
    for name in ("relmon_state_lost_total", "relmon_log_truncated_files_total",
                 "relmon_log_deleted_unread_bytes_total"):
        expect(scene.metric(page, name) == 0, f"{name} is not 0")
    kept = scene.path("kept")
    shutil.copytree(log, kept)
    agrees(scene, kept, page)
    return f"{kills} kills, {segments} rotations, {scraper.scrapes} scrapes, {total} lines"


@case("F22", "no space for the state")
def full_disk(scene):
    log, disk = scene.directory("log"), scene.tmpfs("disk", 1)
    state = disk / "state"
    load = scene.load(log, threads=1, pause=5000)
    load.advance(10)
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    serve = Serve(scene, log, "--state", state)

    def value(name):
        page = serve.page()
        return scene.metric(page, name) if page else None

    until("a failure is counted", lambda: value("relmon_state_save_errors_total"))
    goal = load.total + 100
    load.advance(100)
    until("counting goes on", lambda: (value("relmon_log_records_total") or 0) >= goal)
    expect(not state.exists(), "there is a state")
    filler.unlink()
    until("the state is saved", state.exists)
    load.stop()
    serve.terminate()
    errors = scene.path("serve.stderr").read_text()
    expect("no space left on device" in errors and "the state is saved again" in errors,
           f"it says {errors!r}")
