"""Damage to a log that is there, which readers must get over."""

from checker import Log, expect
from scene import case
from writes import account

LINES = 500
NULS = bytes(4096)


def agree(scene, log, read):
    """relmon reads what the checker reads."""
    metrics = scene.relmon("metrics", log)
    for name, value in (("records_total", read.kinds.total()), ("missing_records_total", read.missing),
                        ("dropped_records_total", read.dropped.total()),
                        ("records_rejected_total", len(read.torn) + len(read.malformed))):
        found = scene.metric(metrics, f"relmon_log_{name}")
        expect(found == value, f"relmon_log_{name} is {found}, not {value}")
    scene.relmon("report", "--since", "2d", log)


@case("F11", "NUL bytes at the end and in the middle")
def nul_bytes(scene):
    log = scene.directory("log")
    active = log / "attempts.jsonl"
    first = scene.load(log, name="a", threads=1, lines=LINES, length=1500)
    first.wait()
    # What a crash leaves: blocks that were given to the file and never written.
    with open(active, "r+b") as file:
        file.seek(100_001)
        file.write(NULS)
    with open(active, "ab") as file:
        file.write(NULS)
    second = scene.load(log, name="b", threads=1, lines=LINES)
    second.wait()
    read = Log.at(log)
    lost = read.lost(first.acknowledged | second.acknowledged)
    # 4096 bytes touch 4 lines of 1500 at most.
    expect(0 < lost <= 4 and lost == read.missing, f"{lost} records lost, {read.missing} missing")
    expect(read.records["b", 0].count(1) == LINES, "a record behind the NUL bytes is lost")
    expect(read.malformed, "nothing is malformed")
    expect(read.glued == 0, "a writer did not end what it found at the end of the file")
    agree(scene, log, read)


@case("F16", "a segment that is deleted before it was read")
def deleted_segment(scene):
    log = scene.directory("log")
    load = scene.load(log, lines=5000, rotate=100_000)
    load.wait()
    agree(scene, log, Log.at(log))
    segments = sorted(log.glob("attempts.0*.jsonl"))
    expect(len(segments) >= 2, f"{len(segments)} segments")
    # Not the first, for what came before it is in no gap.
    segment = segments[len(segments) // 2]
    deleted = Log([segment])
    segment.unlink()
    read = Log.at(log)
    expect(read.missing == deleted.kinds.total() > 0,
           f"{read.missing} missing, {deleted.kinds.total()} deleted")
    agree(scene, log, read)
