"""Processes that are stopped at a bad moment."""

import os
import signal
import time
from pathlib import Path

from checker import Log, expect
from disks import compare_delays
from scene import case, strace, until
from writes import RECORDS, account

STOP_SECONDS = {False: 3, True: 60}
# A busy machine takes a thread off its core for longer than R-4 allows; a stop is far longer.
HELD_SECONDS_MAX = 0.5
# A writer whose thread hangs gives up waiting for it after 5 s.
END_SECONDS_MAX = 3


def stop_and_go(scene, log, trace, others, meanwhile=lambda: None, **options):
    """Starts a load that stops at a system call; others must not notice. Gives that load."""
    output = scene.path("trace")
    load = scene.load(log, name="stopped", threads=1, pause=500, **options, prefix=strace(
        "-o", output, *trace))
    until("all threads are stopped", lambda: output.exists() and
          "--- stopped by" in output.read_text() and states(load.pid) <= {"t", "T"})
    began, count = time.monotonic(), load.total
    meanwhile()
    # The fault itself is this long.
    time.sleep(STOP_SECONDS[scene.full])
    ended = time.monotonic()
    expect(load.total == count, "the process was not stopped")

    def goes_on():
        # strace counts the calls of each thread: another one may stop the process again.
        load.process.send_signal(signal.SIGCONT)
        return load.total > count + RECORDS
    until("the process goes on", goes_on)
    load.stop()
    for other in others:
        other.stop()
    text = ""
    for other in others[:1]:
        calls = other.samples(began, ended)
        text = compare_delays(other.samples(end=began), calls)
        expect(calls[-1] <= HELD_SECONDS_MAX, f"a call was held for {calls[-1]:.3f} s")
    return load, text


def states(pid):
    """Of all threads (proc(5)); `t` is stopped under a tracer."""
    tasks = Path(f"/proc/{pid}/task")
    return {(tasks / task / "stat").read_text().rpartition(") ")[2][0] for task in os.listdir(tasks)}


@case("F24a", "a writer is stopped within its write")
def stopped_writer(scene):
    log = scene.directory("log")
    others = [scene.load(log, name=f"o{number}", threads=2, pause=1000) for number in range(2)]
    others[0].advance(RECORDS)
    load, text = stop_and_go(
        scene, log, ["-e", "trace=write", "-P", log / "attempts.jsonl",
                     "-e", "inject=write:signal=SIGSTOP:when=20"], others)
    expect(account(Log.at(log), load, *others) == 0, "a record is lost")
    expect(not segments(log), "a false rotation")
    return text


def segments(log):
    return sorted(log.glob("attempts.0*"))


@case("F24b", "a writer is stopped while it has the lock of rotation")
def stopped_rotator(scene):
    log = scene.directory("log")
    calm = scene.load(log, name="calm", threads=2, pause=1000)
    calm.advance(RECORDS)
    eager = []

    def meanwhile():
        before = segments(log)
        # This one finds the file too large all the time, and the lock taken.
        eager.append(scene.load(log, name="eager", threads=2, pause=500, rotate=100_000))
        eager[0].advance(4 * RECORDS)
        stopping = time.monotonic()
        eager[0].stop()
        expect(time.monotonic() - stopping < END_SECONDS_MAX, "a thread waits for the lock")
        expect(segments(log) == before, "rotated while another process had the lock")
    load, text = stop_and_go(
        scene, log, ["-e", "trace=rename", "-e", "inject=rename:signal=SIGSTOP:when=1"], [calm],
        meanwhile, rotate=100_000)
    expect(segments(log), "never rotated")
    expect(account(Log.at(log), load, calm, *eager) == 0, "a record is lost")
    return text
