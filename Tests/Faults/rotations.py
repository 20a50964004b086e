"""Files that are renamed or removed while a writer has them open."""

import resource
import time

from checker import Log, expect
from scene import case, command, until
from writes import RECORDS, account

REOPEN_SECONDS_MAX = 10
WRITERS = 8


def no_descriptors(load):
    limit = resource.prlimit(load.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(load.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
    return lambda: resource.prlimit(load.pid, resource.RLIMIT_NOFILE, limit)


def starts(path):
    """How many writers have begun in a file."""
    return path.exists() and path.read_bytes().count(b'"kind":"writer_start"')


@case("F8a", "no descriptor when another process has rotated")
def rotated_without_descriptors(scene):
    log = scene.directory("log")
    load = scene.load(log, name="a", pause=1000)
    load.advance(RECORDS)
    free = no_descriptors(load)
    other = scene.load(log, name="b", lines=500, rotate=50_000)
    other.wait()
    until("a warning", lambda: "cannot be reopened" in load.stderr)
    load.advance(RECORDS)
    free()
    before = starts(log / "attempts.jsonl")
    until("the writer is in the new file", lambda: starts(log / "attempts.jsonl") > before,
          REOPEN_SECONDS_MAX)
    load.advance(RECORDS)
    load.stop()
    read = Log.at(log)
    expect(account(read, load, other) == 0, "a record is lost")


@case("F8b", "no descriptor when the file was removed")
def removed_without_descriptors(scene):
    log = scene.directory("log")
    active, kept = log / "attempts.jsonl", scene.path("kept.jsonl")
    load = scene.load(log, pause=1000)
    load.advance(RECORDS)
    free = no_descriptors(load)
    with open(active, "rb") as removed:
        active.unlink()
        until("a warning", lambda: "cannot be reopened" in load.stderr)
        load.advance(RECORDS)
        free()
        until("a new file", lambda: starts(active), REOPEN_SECONDS_MAX)
        load.advance(RECORDS)
        load.stop()
        # What was written before the writer could notice.
        kept.write_bytes(removed.read())
    read = Log([kept, active])
    expect(account(read, load, reasons=["emfile"]) > 0, "nothing was dropped")


@case("F14", "logrotate renames and creates under eight writers")
def renamed_by_others(scene):
    log = scene.directory("log") / "app.log"
    configuration, state = scene.path("logrotate.conf"), scene.path("logrotate.state")
    configuration.write_text(f'"{log}" {{\n  create 0600\n  rotate 9\n  nocompress\n}}\n')
    # So few records that the second between two looks passes before the 256 lines.
    loads = [scene.load(log, name=f"w{number}", threads=2, pause=20_000)
             for number in range(WRITERS)]
    until("all have begun", lambda: starts(log) == WRITERS)
    rotations = []
    for _ in range(2):
        loads[0].advance(10)
        command("logrotate", "-f", "-s", state, configuration)
        rotations.append(time.time())
        until("all have followed", lambda: starts(log) == WRITERS)
    for load in loads:
        load.stop()
    files = [log.with_name("app.log.2"), log.with_name("app.log.1"), log]
    read = Log(files)
    expect(account(read, *loads, created_by_others=files[1:]) == 0, "a record is lost")
    for file, moment in zip(files, rotations):
        late = sum(time > moment for time in Log([file], keeps_times=True).times)
        expect(late > 0, f"no late write into {file}")
    metrics = scene.relmon("metrics", *files)
    for name, value in (("records_total", read.kinds.total()), ("records_rejected_total", 0),
                        ("missing_records_total", 0)):
        expect(scene.metric(metrics, f"relmon_log_{name}") == value, f"relmon_log_{name}")
