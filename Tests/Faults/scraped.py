"""`relmon serve` is killed again and again while a real Prometheus scrapes it, under retention too."""

import http.client
import random
import re
import signal
import sys
import threading
import time

from checker import expect
from restarts import Serve, agrees, compare, counters
from scene import ROOT, case, line_count, tool, until

sys.path.insert(0, str(ROOT / "Tests" / "Prometheus"))
import servers  # noqa: E402

KILLS = {False: 30, True: 1000}
# Between two records of a thread: the reference reads all lines of the hour that 1,000 kills take.
PAUSE_MICROSECONDS = {False: 4000, True: 20_000}
ROTATE_BYTES = {False: 150_000, True: 100_000}
LIFE_SECONDS_MAX = 0.8
# Of the kills, those before which a scrape is waited for.
SCRAPED_SHARE = 0.1
# A rotated segment is deleted so long after it was seen, and after it was read.
KEPT_SECONDS = 4
WAIT_SECONDS_MAX = 120
# What a process counts of itself begins again with it.
COUNTERS = ('{job="relmon", __name__=~".+_(total|bucket|sum|count)", '
            '__name__!~"(process|relmon_scrapes|relmon_http)_.+"}')


class Retention(threading.Thread):
    """Deletes segments that were read, of all of which `kept` has a second name."""

    def __init__(self, log, kept, serve):
        super().__init__(daemon=True)
        self.log, self.kept, self.serve = log, kept, serve
        self.seen, self.deleted = {}, 0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.2):
            self.look()
            self.delete()

    def look(self):
        for segment in sorted(self.log.glob("attempts.0*.jsonl")):
            if segment not in self.seen:
                (self.kept / segment.name).hardlink_to(segment)
                self.seen[segment] = time.monotonic()

    def delete(self):
        """What a page counts is in the saved state; of what comes late `KEPT_SECONDS` takes care."""
        try:
            read = re.search(r"^relmon_log_bytes_read_total (\S+)$", self.serve.page() or "", re.MULTILINE)
        except http.client.HTTPException:  # killed while it answered
            return
        end = 0
        for segment, seen in self.seen.items():
            end += (self.kept / segment.name).stat().st_size
            if read is None or end > float(read[1]) or time.monotonic() - seen < KEPT_SECONDS:
                break
            if segment.exists():
                segment.unlink()
                self.deleted += 1


def in_prometheus(address, promql, at=None):
    """{series: value} of what Prometheus answers."""
    rows = servers.query(address, promql, at)
    return {key(name=row["metric"].get("__name__", ""), labels=[
        pair for pair in row["metric"].items() if pair[0] not in ("__name__", "job", "instance")]):
            float(row["value"][1]) for row in rows or []}


def on_page(page):
    """{series: value} of the counters of a page."""
    return {key(*re.fullmatch(compare.SERIES, series).groups()): value
            for series, value in counters(page).items()}


def key(name, labels):
    """One for both: to Prometheus an empty label is an absent one, and 1.0 is 1."""
    if not isinstance(labels, list):
        labels = compare.series(name, labels)[1]
    return name, frozenset((label, str(float(value)) if label == "le" else value)
                           for label, value in labels if value)


def kill(serve):
    serve.process.send_signal(signal.SIGKILL)
    serve.kill()


@case("F19b", "kill -9 of the reader under retention, scraped by Prometheus every second")
def scraped_reader(scene):
    tool("prometheus")
    log, kept, data = (scene.directory(name) for name in ("log", "kept", "prometheus"))
    chance = random.Random(191)
    loads = [scene.load(log, name=f"w{number}", threads=2, pause=PAUSE_MICROSECONDS[scene.full],
                        length=250 + 111 * number, rotate=ROTATE_BYTES[scene.full])
             for number in range(3)]
    loads[0].advance(10)
    serve = Serve(scene, log, "--zero-period=2")
    retention = Retention(log, kept, serve)
    retention.start()
    scene.stack.callback(retention.stopped.set)
    began = time.monotonic()
    address = scene.stack.enter_context(servers.prometheus(data, {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "relmon", "static_configs": [
            {"targets": [f"127.0.0.1:{serve.port}"]}]}]}))

    def newest():
        return max(in_prometheus(address, "timestamp(relmon_log_records_total)").values(), default=0)

    def wait_for_scrape():
        before = newest()
        until("a scrape by Prometheus", lambda: newest() > before, WAIT_SECONDS_MAX)

    for number in range(KILLS[scene.full]):
        if number == 0 or chance.random() < SCRAPED_SHARE:
            wait_for_scrape()
        moment = time.monotonic() + chance.uniform(0, LIFE_SECONDS_MAX)
        while time.monotonic() < moment:
            retention.stopped.wait(0.01)
        kill(serve)
        serve = retention.serve = Serve(scene, log, "--zero-period=2", port=serve.port)
    for load in loads:
        load.stop()
    retention.stopped.set()
    retention.join()
    retention.look()
    (kept / "attempts.jsonl").hardlink_to(log / "attempts.jsonl")
    total = line_count(kept.iterdir())

    def all_read():
        page = serve.page()
        return page if page and scene.metric(page, "relmon_log_records_total") >= total else None

    try:
        until("all is read", all_read, WAIT_SECONDS_MAX)
    except AssertionError as error:
        read = "\n".join(re.findall(r"^relmon_(?:log|state|late)_.*", serve.page() or "no page", re.MULTILINE))
        raise AssertionError(f"{error}, of {total} lines:\n{read}") from error
    serve.terminate()
    serve = Serve(scene, log, "--zero-period=2", port=serve.port)
    page = until("all is read after SIGTERM", all_read, WAIT_SECONDS_MAX)
    agrees(scene, kept, page)
    expected = on_page(page)

    def is_stored():
        found = in_prometheus(address, COUNTERS)
        return found if found == expected else None

    until("Prometheus has what the page has", is_stored, WAIT_SECONDS_MAX)
    seconds = int(time.monotonic() - began) + 10
    fallen, asked = [], 0
    # By name, for what it answers has none.
    for name in sorted({name for name, _ in expected}):
        resets = in_prometheus(address, f'resets({name}{{job="relmon"}}[{seconds}s])')
        asked += len(resets)
        fallen += [(name, labels) for (_, labels), count in resets.items() if count]
    expect(asked == len(expected), f"{asked} answers for {len(expected)} counters")
    expect(not fallen, f"{len(fallen)} of {asked} counters were reset: {fallen[:5]}")
    expect(scene.metric(page, "relmon_log_deleted_unread_bytes_total") == 0, "deleted unread")
    expect(scene.metric(page, "relmon_state_lost_total") == 0, "a state was lost")
    expect(retention.deleted >= 3, f"only {retention.deleted} segments were deleted")
    scrapes = sum(in_prometheus(
        address, f"count_over_time(relmon_log_records_total[{seconds}s])").values())
    return (f"{KILLS[scene.full]} kills, {scrapes:.0f} scrapes, {asked} counters, {total} lines, "
            f"{retention.deleted} of {len(retention.seen)} segments deleted")
