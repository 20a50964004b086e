"""Writers that are killed, and the lines that they leave torn."""

import random
import shutil

from checker import Log, expect
from readings import agree
from scene import DIE, case, until

PROCESSES, THREADS = 8, 4
LENGTHS = [250, 600, 1500, 3999]
ROTATION_BYTES = 4 << 20
KEEP_BYTES = 1 << 50
FREE_BYTES = 28 << 30
SIZES = {False: (25_000, 20), True: (1_000_000, 200)}


class Slot:
    """One of the processes, started anew after each kill until its lines are written."""

    def __init__(self, scene, log, number, lines):
        self.scene, self.log, self.number, self.lines = scene, log, number, lines
        self.loads = []
        self.start()

    def start(self):
        left = max(1, -(-(self.lines - self.total) // THREADS))
        name = f"p{self.number}k{len(self.loads)}"
        self.loads.append(self.scene.load(
            self.log, name=name, threads=THREADS, lines=left, length=LENGTHS, rotate=ROTATION_BYTES,
            keep=KEEP_BYTES))

    @property
    def total(self):
        return sum(load.total for load in self.loads)

    @property
    def runs(self):
        return self.loads[-1].process.poll() is None


@case("F1", "kill -9 of one of eight writers, again and again")
def kills_under_load(scene):
    lines, kills = SIZES[scene.full]
    if scene.full:
        expect(shutil.disk_usage(scene.scratch).free > FREE_BYTES, "less than 28 GiB free")
    log = scene.directory("log")
    seed = random.SystemRandom().getrandbits(32)
    choice = random.Random(seed)
    slots = [Slot(scene, log, number, lines) for number in range(PROCESSES)]
    for kill in range(kills):
        # At random moments of the load, the last well before its end.
        goal = PROCESSES * lines * (kill + choice.random()) / (kills + 1)
        until(f"{goal:.0f} records", lambda: sum(slot.total for slot in slots) >= goal, 1200)
        slot = choice.choice([slot for slot in slots if slot.runs])
        slot.loads[-1].kill()
        slot.start()
    for slot in slots:
        expect(slot.loads[-1].wait(1200) == {}, "a writer dropped lines")
    loads = [load for slot in slots for load in slot.loads]
    read = Log.at(log)
    read.check_form()
    read.check_gaps()
    lost = read.lost({key: count for load in loads for key, count in load.acknowledged.items()})
    expect(lost == 0, f"{lost} acknowledged records are not there")
    expect(read.missing == 0, f"{read.missing} numbers are missing")
    expect(len(read.torn) <= kills, f"{len(read.torn)} torn lines after {kills} kills")
    # Records of operations that never end: relmon keeps the ids of all, up to 4 KB each.
    if not scene.full:
        agree(scene, log, read)
    return (f"{read.kinds['attempt_start']} records in {len(read.files)} files, {kills} kills, "
            f"{len(read.torn)} torn, seed {seed}")


@case("F2", "a torn line, then another writer's")
def torn_line(scene):
    log = scene.directory("log")
    lines = 50
    for name in ("a", "b", "c"):
        load = scene.load(log, name=name, threads=1, lines=lines)
        load.wait()
    # Before a line, where a writer died while another had the file open; and at the file's end.
    active = log / "attempts.jsonl"
    whole = active.read_bytes().splitlines(keepends=True)
    torn = whole[20][:len(whole[20]) // 2]
    active.write_bytes(b"".join(whole[:60] + [torn] + whole[60:]) + whole[-2][:14])
    last = scene.load(log, name="d", threads=1, lines=lines)
    last.wait()
    # A writer that dies within its write, while another one is recording.
    shim = scene.shim(every=20, burst=1, what=DIE)
    other = scene.load(log, name="e", threads=1, pause=1000)
    dying = scene.load(log, name="f", threads=1, shim=shim)
    dying.process.wait(timeout=30)
    other.advance(5)
    other.stop()
    read = Log.at(log)
    read.check_form()
    read.check_gaps()
    acknowledged = {(name, 0): lines for name in "abcd"} | other.acknowledged | dying.acknowledged
    expect(read.lost(acknowledged) == 0, "a record behind a torn line is lost")
    expect(len(read.torn) == 3, f"{len(read.torn)} torn lines, not 3")
    # Of the three only the end of a file shows a writer that something is torn.
    expect(read.glued == 2, f"{read.glued} lines glued behind others, not 2")
    agree(scene, log, read)
