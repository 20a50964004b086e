"""A clock that is set back and forth."""

import json
import os
import subprocess
import time

from checker import Log, expect
from scene import case, until
from writes import RECORDS, account

SECOND = 10**9
HOUR = 3600 * SECOND
TRANSCRIPTIONS = 4
DURATIONS = ("latency_ms", "slept_ms", "backoff_ms", "duration_ms")


def steps():
    """Two hours forward, one hour back, to a minute after 1970."""
    return 2 * HOUR, -HOUR, 60 * SECOND - time.time_ns()


def numbers(log):
    return sorted(int(name.split(".")[1]) for name in os.listdir(log)
                  if name.startswith("attempts.0"))


@case("F25a", "clock steps while segments are rotated and deleted")
def clock_steps(scene):
    log, shim = scene.directory("log"), scene.shim()
    load = scene.load(log, threads=2, pause=500, shim=shim, rotate=50_000, keep=300_000,
                      keep_age=86_400)

    def rotate(count):
        goal = numbers(log)[-1:] or [0]
        until(f"{count} rotations", lambda: (numbers(log) or [0])[-1] >= goal[0] + count)
        return numbers(log)
    there = rotate(12)
    expect(there[0] == 1, "a young segment was deleted")
    # A minute passes on both clocks: segments are old enough, and what is too much goes.
    shim.set(wall=61 * SECOND, monotonic=61 * SECOND)
    until("deletions", lambda: len(numbers(log)) <= 8)
    deleted = numbers(log)[0]
    for step in steps():
        there = numbers(log)
        shim.set(wall=61 * SECOND + step)
        after = rotate(6)
        gone = sorted(set(there) - set(after))
        expect(len(gone) <= 1, f"a step of {step / SECOND:.0f} s deleted segments {gone}")
    expect(load.stop() == {}, "a line was lost")
    read = Log.at(log)
    read.check_form()
    # What retention took is missing in front, so no gap.
    expect(read.missing <= max(0, after[0] - deleted) * 10_000, f"{read.missing} missing")


@case("F25b", "clock steps and rotation by age")
def clock_steps_by_age(scene):
    log, shim = scene.directory("log"), scene.shim()
    load = scene.load(log, threads=2, pause=1000, shim=shim, rotate_age=3600)
    load.advance(RECORDS)
    shim.set(wall=2 * HOUR)
    until("a rotation", lambda: numbers(log) == [1])
    for step in (*steps()[1:], 2 * HOUR):
        shim.set(wall=step)
        # 1.5 s at least: the age is looked at every second.
        load.advance(3000)
    load.stop()
    expect(numbers(log) == [1], f"segments {numbers(log)}")
    read = Log.at(log)
    expect(account(read, load) == 0, "a record is lost")


@case("F25c", "clock steps under a client's calls")
def durations(scene):
    simulator = subprocess.Popen(
        [scene.bin / "provider-simulator", "--port", "0", "--job-seconds", "0.3", "--seed", "7",
         "--fault", "lesan:503:p=0.4"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    scene.stack.callback(simulator.communicate)
    scene.stack.callback(simulator.terminate)
    address = simulator.stdout.readline().split()[-1]
    shim, began = scene.shim(), time.monotonic()
    client = subprocess.Popen(
        [scene.bin / "transcribe", "--provider", "lesan", "--language", "am", "--base-url",
         f"{address}/lesan", "--log", f"{scene.path('log')}/",
         *(f"https://example.org/{number}" for number in range(TRANSCRIPTIONS))],
        env={**os.environ, **shim.environment, "LESAN_API_KEY": "any"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    scene.stack.callback(client.kill)
    offsets = [0, *steps()]

    def has_ended():
        offsets.append(offsets.pop(0))
        shim.set(wall=offsets[0])
        return client.poll() is not None
    until("the client has ended", has_ended)
    longest = (time.monotonic() - began + 1) * 1000
    text = scene.path("log").joinpath("attempts.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    found = [line[key] for line in lines for key in DURATIONS if key in line]
    expect(sum(line["kind"] == "operation" for line in lines) == TRANSCRIPTIONS, "operations missing")
    expect(any(line.get("attempt", 0) > 1 for line in lines), "nothing was retried")
    expect(all(0 <= value <= longest for value in found), f"durations {sorted(found)}")
    times = [line["time"] for line in lines]
    expect(times != sorted(times), "the clock did not go back")
