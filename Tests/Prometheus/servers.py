"""`relmon serve` and a real Prometheus that scrapes it, for checks that need both."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60


def built(tool):
    """A tool's path in $BIN (default: the release build)."""
    show = ["swift", "build", "--package-path", str(ROOT), "-c", "release", "--show-bin-path"]
    directory = os.environ.get("BIN") or subprocess.check_output(show, text=True).strip()
    return f"{directory}/{tool}"


def until(what, condition):
    """Asks again and again for something that takes its time; fails loudly in the end."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        result = condition()
        if result is not None:
            return result
        if time.monotonic() > deadline:
            sys.exit(f"{Path(sys.argv[0]).name}: no {what} within {SECONDS_MAX} s")
        time.sleep(0.05)


@contextlib.contextmanager
def relmon(*arguments):
    """Serves while the block runs, and must end well; gives the address."""
    process = subprocess.Popen(
        [built("relmon"), "serve", "--web.listen-address=127.0.0.1:0", *map(str, arguments)],
        stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
        match = re.search(r"serving http://(\S+?)/metrics", line)
        if match is None:
            sys.exit(f"{Path(sys.argv[0]).name}: relmon does not serve: {line}")
        yield match[1]
    finally:
        process.terminate()
        status = process.wait()
    if status != 0:
        sys.exit(f"{Path(sys.argv[0]).name}: relmon ended with {status}")


@contextlib.contextmanager
def prometheus(directory, configuration, *options):
    """Runs while the block runs; gives the address as soon as it answers."""
    config = Path(directory) / "prometheus.yml"
    config.write_text(json.dumps(configuration))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with open(Path(directory) / "prometheus.log", "w", encoding="utf-8") as messages:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
             "--enable-feature=exemplar-storage", f"--web.listen-address={address}", *options],
            stderr=messages)
    try:
        until("Prometheus", lambda: query(address, "vector(1)"))
        yield address
    finally:
        process.terminate()
        process.wait()


def query(address, promql, at=None):
    """The rows of an instant query; None as long as no server is ready."""
    parameters = {"query": promql} | ({} if at is None else {"time": at})
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return None
        raise QueryError(json.load(error)["error"]) from error
    except (urllib.error.URLError, ConnectionError):
        return None
    return answer["data"]["result"]


class QueryError(Exception):
    """What Prometheus says of a query that it cannot answer."""
