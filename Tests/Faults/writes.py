"""Single calls of write(2) that are short, refused or interrupted."""

import errno
import resource

from checker import Log, expect
from scene import SHORT, case, command, tool, until

RECORDS = 400


def account(log, *loads, reasons=(), created_by_others=()):
    """Every acknowledged record is there, or among the losses that the log tells of.

    A line of the writer about itself that is torn counts as a loss too; it leaves a torn piece.
    """
    log.check_form(created_by_others)
    log.check_gaps()
    # Who leaves a torn line begins the next write with a newline.
    expect(log.glued == 0, f"{log.glued} lines glued behind others")
    lost = log.lost({key: count for load in loads for key, count in load.acknowledged.items()})
    dropped = log.dropped.total()
    expect(lost <= dropped <= lost + len(log.torn), f"{lost} records lost, {dropped} told")
    expect(set(log.dropped) <= set(reasons), f"dropped {dict(log.dropped)}, expected {reasons}")
    return lost


def short_writes(**mode):
    def run(scene):
        log = scene.directory("log")
        shim = scene.shim(every=7, burst=1, what=SHORT)
        load = scene.load(log, shim=shim, pause=100, **mode)
        until("5 strikes", lambda: shim["struck"] >= 5)
        load.advance(RECORDS)
        expect(load.stop() == {}, "a line was lost")
        read = Log.at(log)
        expect(account(read, load) == 0, "a record is lost")
        # A remainder written behind its beginning would make a whole line of the two.
        expect(len(read.torn) == shim["struck"] > 0, f"{len(read.torn)} torn, {shim['struck']} struck")
    return run


case("F3a", "short writes")(short_writes())
case("F3b", "short writes of whole batches")(short_writes(buffered=True))


def twice_short(**mode):
    def run(scene):
        log = scene.directory("log")
        shim = scene.shim(every=20, burst=2, what=SHORT)
        load = scene.load(log, shim=shim, pause=100, **mode)
        until("5 strikes", lambda: shim["struck"] >= 10)
        shim.set(every=0)
        load.advance(RECORDS)
        dropped = load.stop()
        read = Log.at(log)
        lost = account(read, load, reasons=["short"])
        expect(0 < lost <= dropped["short"], f"{lost} lost, the writer tells of {dropped}")
        expect(len(read.torn) == shim["struck"], f"{len(read.torn)} torn, {shim['struck']} struck")
    return run


case("F3c", "a short write, and the second try is short too")(twice_short())
case("F3d", "the same with whole batches")(twice_short(buffered=True))


@case("F3e", "a small tmpfs that fills up within a line, then grows")
def small_file_system(scene):
    log = scene.tmpfs("log", 1)
    load = scene.load(log, length=[250, 1500, 3999], pause=200)
    read = until_told(log, load, lambda: command("mount", "-o", "remount,size=64m", log))
    lost = account(read, load, reasons=["enospc"])
    expect(lost > 0, "the limit cost nothing")
    # The pages of a tmpfs end within a line, mostly; F3a to F3d tear one for certain.
    return f"{lost} lost, {len(read.torn)} torn"


def until_told(log, load, free):
    """Lets a load run against a limit, takes that away, and reads the log that goes on."""
    until("a log", (log / "attempts.jsonl").exists)

    def size():
        return (log / "attempts.jsonl").stat().st_size

    def is_stuck():
        before, count = size(), load.total
        load.advance(RECORDS)
        return load.total > count and size() == before
    until("no line gets through", is_stuck)
    before = size()
    free()
    until("lines get through again", lambda: size() > before, 5)
    load.advance(RECORDS)
    load.stop()
    return Log.at(log)


@case("F6", "a limit on the size of files, which raises SIGXFSZ")
def size_limit(scene):
    log = scene.directory("log")
    load = scene.load(log, pause=200, prefix=[tool("prlimit"), "--fsize=100000:unlimited", "--"])
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    read = until_told(
        log, load, lambda: resource.prlimit(load.pid, resource.RLIMIT_FSIZE, unlimited))
    expect(account(read, load, reasons=["efbig"]) > 0, "the limit cost nothing")
    expect(len(read.torn) <= 1, f"{len(read.torn)} torn")


def refused_twice(code):
    def run(scene):
        log = scene.directory("log")
        shim = scene.shim(every=5, burst=3, what=code)
        load = scene.load(log, shim=shim)
        load.advance(RECORDS)
        expect(load.stop() == {}, "a line was lost")
        read = Log.at(log)
        expect(account(read, load) == 0, "a record is lost")
        expect(shim["struck"] > RECORDS / 5, f"{shim['struck']} calls were struck")
        expect(not read.torn and not read.blank, "a call that wrote nothing left a trace")
    return run


case("F7a", "EINTR")(refused_twice(errno.EINTR))
case("F7b", "EAGAIN")(refused_twice(errno.EAGAIN))
