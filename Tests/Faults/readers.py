"""What is done to the files under a running `relmon serve`, and to its state."""

import random
import re
import signal
import subprocess
import time
from pathlib import Path

from checker import expect
from restarts import Serve
from scene import MEBIBYTE, case, command, line_count, strace, tool, until

TIME = "2026-11-16T08:15:30Z"
MEMORY_BYTES_MAX = {"labels": 150 * MEBIBYTE, "line": 64 * MEBIBYTE}
LABELS = {False: 100_000, True: 1_000_000}
# 100 pairs with names of their own, and the one that has the rest.
PROVIDERS_MAX = 101
PAGE_BYTES_MAX = 5 * MEBIBYTE
LINE_MEBIBYTES = {False: 64, True: 1024}
STOP_SECONDS_MAX = 5


def lines(first, last, **keys):
    """Records of one writer."""
    more = "".join(f',"{name}":"{value}"' for name, value in keys.items())
    return "".join(f'{{"v":1,"kind":"writer_stop","time":"{TIME}","writer":"w","seq":{seq}{more}}}\n'
                   for seq in range(first, last + 1))


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


def value(scene, serve, name):
    page = serve.page()
    return scene.metric(page, name) if page else None


def expect_records(scene, serve, count):
    """So many are counted, and no more when another line has been read."""
    try:
        until(f"{count} records", lambda: value(scene, serve, "relmon_log_records_total") == count)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {value(scene, serve, 'relmon_log_records_total')}") from None


def stopped(serve, body):
    serve.process.send_signal(signal.SIGSTOP)
    body()
    serve.process.send_signal(signal.SIGCONT)
    return serve


def killed(scene, log):
    """The same with one that is killed, and another that goes on."""
    def kill_and_start(serve, body):
        serve.kill()
        body()
        return Serve(scene, log)
    return kill_and_start


def messages(scene):
    return scene.path("serve.stderr").read_text()


@case("F12", "the log is cut at its end while it is read")
def cut_tail(scene):
    for meanwhile in (stopped, killed(scene, log := scene.path("app.jsonl"))):
        log.write_text(lines(1, 1, segment="s") + lines(2, 10))
        Path(f"{log}.relmon-state").unlink(missing_ok=True)
        serve = Serve(scene, log)
        expect_records(scene, serve, 10)
        serve = meanwhile(serve, lambda: log.write_text(lines(1, 1, segment="s") + lines(2, 7)))
        until("the cut is counted", lambda: value(scene, serve, "relmon_log_truncated_files_total") == 1)
        append(log, lines(11, 13))
        expect_records(scene, serve, 13)
        serve.terminate()


@case("F13", "logrotate cuts the log (copytruncate), and it grows beyond what was read of it")
def copied_and_cut(scene):
    log = scene.path("app.jsonl")
    configuration, state = scene.path("logrotate.conf"), scene.path("logrotate.state")
    configuration.write_text(f'"{log}" {{\n  copytruncate\n  rotate 9\n  nocompress\n}}\n')

    def rotate():
        command("logrotate", "-f", "-s", state, configuration)
        append(log, lines(11, 40))
    for meanwhile in (stopped, killed(scene, log)):
        for old in scene.scratch.glob("app.jsonl*"):
            old.unlink()
        log.write_text(lines(1, 10))
        serve = Serve(scene, log)
        expect_records(scene, serve, 10)
        serve = meanwhile(serve, rotate)
        append(log, lines(41, 41))
        expect_records(scene, serve, 41)
        read = value(scene, serve, "relmon_log_bytes_read_total")
        expect(read == len(lines(1, 41)), f"{read} bytes are read, not {len(lines(1, 41))}")
        serve.terminate()
    text = messages(scene)
    expect("was cut and written anew" in text and "are gone" in text, f"it says {text!r}")


@case("F15", "several rotations of a single file between two looks")
def rotated_unseen(scene):
    log = scene.path("app.jsonl")
    configuration, state = scene.path("logrotate.conf"), scene.path("logrotate.state")
    for naming in ("nocompress", "compress\n  delaycompress", "compress"):
        configuration.write_text(f'"{log}" {{\n  create 0600\n  rotate 9\n  {naming}\n}}\n')

        def rotate():
            for number in range(3):
                append(log, lines(11 + 10 * number, 20 + 10 * number))
                command("logrotate", "-f", "-s", state, configuration)
            append(log, lines(41, 45))
        for meanwhile in (stopped, killed(scene, log)):
            for old in scene.scratch.glob("app.jsonl*"):
                old.unlink()
            log.write_text(lines(1, 10))
            serve = Serve(scene, log)
            expect_records(scene, serve, 10)
            serve = meanwhile(serve, rotate)
            expect_records(scene, serve, 45)
            expect(value(scene, serve, "relmon_log_missing_records_total") == 0, "a record is missing")
            serve.terminate()


@case("F17", "another file has the inode of the one that was read")
def reused_inode(scene):
    image = scene.image("disk", 16, "mkfs.ext4", "-q")
    disk = scene.mount("mounted", "-o", "loop", image)
    log, state = disk / "app.jsonl", scene.path("state")
    for _ in range(3):
        state.unlink(missing_ok=True)
        log.write_text(lines(1, 10))
        inode = log.stat().st_ino
        serve = Serve(scene, log, "--state", state)
        expect_records(scene, serve, 10)
        serve.kill()
        log.unlink()
        log.write_text(lines(11, 40))
        expect(log.stat().st_ino == inode, "the inode is another")
        serve = Serve(scene, log, "--state", state)
        expect_records(scene, serve, 40)
        serve.terminate()
        log.unlink()


@case("F18", "files that begin alike, and files of 0 to 64 bytes")
def alike(scene):
    log = scene.directory("log")
    for number in range(65):
        (log / f"attempts.{number + 1:06}.jsonl").write_text(lines(1, 1)[:number])
    for number in range(66, 70):
        (log / f"attempts.{number:06}.jsonl").write_text(lines(1, 1) * 2 + lines(number, number))
    (log / "attempts.jsonl").write_text(lines(1, 1))
    def size():
        return sum(path.stat().st_size for path in log.glob("attempts.*jsonl"))
    serve = Serve(scene, log)
    # The first lines are one line again and again.
    expect_records(scene, serve, 4 + 1)
    until("all is read", lambda: value(scene, serve, "relmon_log_bytes_read_total") == size())
    serve.kill()
    append(log / "attempts.jsonl", lines(1, 1))
    (log / "attempts.jsonl").rename(log / "attempts.000070.jsonl")
    (log / "attempts.jsonl").write_text(lines(1, 1) + lines(90, 90))
    serve = Serve(scene, log)
    expect_records(scene, serve, 4 + 2)
    until("the rest is read once", lambda: value(scene, serve, "relmon_log_bytes_read_total") == size())
    serve.terminate()


@case("F20", "kill -9 between each pair of steps of saving the state")
def killed_while_saving(scene):
    # At the second saving, so that there is a generation before; a save renames twice.
    steps = [("openat", ".new", 2), ("write", ".new", 2), ("fdatasync", ".new", 2), ("rename", None, 3),
             ("rename", None, 4), ("fsync", None, 2)]
    for call, suffix, when in steps:
        log, state = scene.path(f"{call}{when}.jsonl"), scene.path(f"{call}{when}.state")
        log.write_text(lines(1, 10))
        path = [] if suffix is None else ["-P", f"{state}{suffix}"]
        serve = Serve(scene, log, "--state", state, prefix=strace(
            "-o", scene.path("trace"), *path, "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={when}"))
        expect_records(scene, serve, 10)
        append(log, lines(11, 20))
        until(f"it is killed at {call}", lambda: serve.process.poll() is not None)
        append(log, lines(21, 25))
        serve.kill()
        serve = Serve(scene, log, "--state", state)
        expect_records(scene, serve, 25)
        expect(value(scene, serve, "relmon_state_lost_total") == 0, f"the state is lost by {call}")
        serve.terminate()
    return f"{len(steps)} steps"


@case("F21", "the newest state is damaged, then both generations")
def damaged_states(scene):
    log, state = scene.path("app.jsonl"), scene.path("state")
    previous = scene.path("state.previous")
    log.write_text(lines(1, 10))
    serve = Serve(scene, log, "--state", state)
    expect_records(scene, serve, 10)
    append(log, lines(11, 20))
    expect_records(scene, serve, 20)
    until("two generations", previous.exists)
    serve.terminate()

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    for paths, lost in (([state], 0), ([state, previous], 1)):
        for path in paths:
            flip(path)
        append(log, lines(21 + 10 * lost, 30 + 10 * lost))
        serve = Serve(scene, log, "--state", state)
        expect_records(scene, serve, 30 + 10 * lost)
        expect(value(scene, serve, "relmon_state_lost_total") == lost, f"not {lost} lost states")
        until("a state", lambda: state.exists() and (lost or previous.exists()))
        expect(scene.path("state.broken").exists(), "the damaged state is not kept")
        serve.terminate()
    expect("the state is lost" in messages(scene), messages(scene))


@case("F23", "two readers with one state")
def two_readers(scene):
    log = scene.path("app.jsonl")
    log.write_text(lines(1, 10))
    serve = Serve(scene, log)
    second = subprocess.run(
        [scene.bin / "relmon", "serve", "--web.listen-address=127.0.0.1:0", log], capture_output=True,
        text=True, timeout=STOP_SECONDS_MAX, stdin=subprocess.DEVNULL)
    expect(second.returncode != 0 and "in use by another process" in second.stderr,
           f"the second ended with {second.returncode}: {second.stderr!r}")
    expect_records(scene, serve, 10)
    serve.kill()
    # The kernel has given the lock back.
    expect_records(scene, Serve(scene, log), 10)


def peak_bytes(serve):
    status = Path(f"/proc/{serve.process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024


def operation(seq, provider):
    return (f'{{"v":1,"kind":"operation","time":"{TIME}","writer":"w","seq":{seq},"provider":"{provider}",'
            f'"operation":"o","operation_id":"{seq}","outcome":"succeeded","retried":false,"attempts":1,'
            '"duration_ms":5,"slept_ms":0}\n')


@case("F30", "each line has labels of its own")
def distinct_labels(scene):
    log, count = scene.path("app.jsonl"), LABELS[scene.full]
    with open(log, "w") as file:
        for seq in range(1, count + 1):
            file.write(operation(seq, f"provider-{seq}"))
    serve = Serve(scene, log)
    expect_records(scene, serve, count)
    page = serve.page()
    expect(scene.metric(page, "api_client_operations_total") == count, "not every operation is counted")
    providers = set(re.findall(r'provider="([^"]*)"', page))
    expect(1 < len(providers) <= PROVIDERS_MAX, f"{len(providers)} providers on the page")
    expect(len(page) <= PAGE_BYTES_MAX, f"a page of {len(page)} bytes")
    peak = peak_bytes(serve)
    expect(peak < MEMORY_BYTES_MAX["labels"], f"{peak >> 20} MiB")
    serve.terminate()
    return f"{count} providers, {peak >> 20} MiB, a page of {len(page) >> 10} KiB"


@case("F31", "a line without an end, nesting and keys without number")
def endless_line(scene):
    log, empty = scene.path("app.jsonl"), scene.path("empty.jsonl")
    empty.write_text(lines(1, 1))
    serve = Serve(scene, empty)
    expect_records(scene, serve, 1)
    before = peak_bytes(serve)
    serve.terminate()
    prefix = lines(2, 2)[:-2]
    with open(log, "w") as file:
        file.write(lines(1, 1))
        for _ in range(LINE_MEBIBYTES[scene.full]):
            file.write("x" * MEBIBYTE)
        file.write("\n" + "[" * 100_000 + "\n" + "[" * 10_000 + "\n" + prefix + ',"a":' + "[" * 5_000 + "\n")
        file.write(prefix + "".join(f',"k{number}":1' for number in range(10_000)) + "}\n")
        file.write(lines(3, 3))
    serve = Serve(scene, log)
    until("the last line", lambda: (value(scene, serve, "relmon_log_records_total") or 0) >= 2)
    rejected = value(scene, serve, "relmon_log_records_rejected_total")
    expect(rejected >= 4, f"only {rejected} lines rejected")
    more = peak_bytes(serve) - before
    expect(more < MEMORY_BYTES_MAX["line"], f"{more >> 20} MiB more than an empty log")
    serve.terminate()
    return f"{more >> 10} KiB above the baseline"


@case("F37", "SIGTERM during rotation, saving and scraping")
def terminated(scene):
    log = scene.directory("log")
    chance = random.Random(37)
    loads = [scene.load(log, name=f"w{number}", threads=1, pause=1000, rotate=50_000)
             for number in range(2)]
    loads[0].advance(10)
    last, longest = 0, 0.0
    for _ in range(40 if scene.full else 8):
        serve = Serve(scene, log)
        until("a page", serve.page)
        moment = time.monotonic() + chance.uniform(0, 1.5)
        while time.monotonic() < moment:
            # An answer that is cut off raises.
            page = serve.page()
            now = scene.metric(page, "relmon_log_records_total")
            expect(now >= last, f"{now} records after {last}")
            last = now
        began = time.monotonic()
        serve.terminate()
        longest = max(longest, time.monotonic() - began)
    total = sum(load.stop() == {} and load.total for load in loads)
    expect(last > 0 and total > 0, "nothing was read")
    serve = Serve(scene, log)
    final = line_count(log.glob("attempts*.jsonl"))
    expect_records(scene, serve, final)
    serve.terminate()
    expect(longest < STOP_SECONDS_MAX, f"{longest:.1f} s until it ended")
    return f"{longest:.2f} s at most until it ended"
