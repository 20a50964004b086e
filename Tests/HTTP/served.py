"""Starts `relmon serve` for the scripts beside this one."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60


def built(name):
    """A tool of this package, from $BIN or of the release build."""
    directory = os.environ.get("BIN") or subprocess.check_output(
        ["swift", "build", "--package-path", str(ROOT), "-c", "release", "--show-bin-path"],
        text=True).strip()
    return f"{directory}/{name}"


def get(url, headers=None, timeout=10):
    """Status, headers and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}),
                                    timeout=timeout) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def until(what, condition):
    """Asks again and again for something that takes its time; fails loudly in the end."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"no {what} within {SECONDS_MAX} s")
        time.sleep(0.05)


@contextlib.contextmanager
def relmon_reading(log, *options):
    """The process and its port, at once; it must end well on SIGTERM, within 5 s, if it has not."""
    process = subprocess.Popen(
        [built("relmon"), "serve", "--web.listen-address=127.0.0.1:0", *options, str(log)],
        stderr=subprocess.PIPE, text=True)
    try:
        match = re.search(r"serving http://127.0.0.1:(\d+)/", process.stderr.readline())
        yield process, int(match[1])
        process.terminate()
        status = process.wait(timeout=5)
        if status != 0:
            sys.exit(f"relmon ended with {status}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextlib.contextmanager
def relmon(log, *options):
    """The same, once it has read the log."""
    with relmon_reading(log, *options) as (process, port):
        until("ready monitor", lambda: get(f"http://127.0.0.1:{port}/-/ready")[0] == 200)
        yield process, port
