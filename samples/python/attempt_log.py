"""Writes the attempt log of relmon from a Python program; standard library only.

    with AttemptLog("attempts.jsonl") as log:  # or "attempts/", in which another writer rotates
        log.record("attempt_start", provider="lesan", operation="transcribe", operation_id="7c9e66", attempt=1)

The keys of each kind of line are those of the log's schema; `retrier.py` writes them for calls that
it makes. A program has one AttemptLog at a time for its threads, and a forked child one of its own:
a second of the same host and process id is taken for a restart. Recording never raises and waits for
no other process: what is lost is counted and warned of, and told in the log when writing works again.
No secret may get in: no key, no URL with a query.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import socket
import stat
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import Any, Callable

VERSION = 1
LINE_BYTES_MAX = 4_000
MESSAGE_CHARACTERS_MAX = 256
OPEN_TRIES_MAX = 1_000
OPEN_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
EXPENDABLE = ("error_message", "error_param", "span_id", "trace_id", "request_id", "error_code", "error_type")
SEGMENT = re.compile(r"attempts\.(\d{6,})\.jsonl(?:\.gz)?")
REASONS = {"EACCES": "eperm", "ENFILE": "emfile"} | {
    name: name.lower() for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG", "EMFILE", "EPERM")}

FILE_KINDS = {stat.S_IFLNK: "symbolic link", stat.S_IFIFO: "FIFO", stat.S_IFCHR: "device", stat.S_IFBLK: "device",
              stat.S_IFSOCK: "socket", stat.S_IFDIR: "directory"}


class AttemptLog:
    """An append-only log that threads and processes share: a file, or a directory with `attempts.jsonl`.

    A path that ends with `/` is a directory, made with mode 0700 if it is missing. A new file has mode
    0600, or 0640 if it is `group_readable`: for a monitor that runs as another user in the log's group
    (and may enter the directory). Where somebody else could put a file of theirs in the way, the
    constructor raises OSError. `warn` is told of the first line that is lost, and at the end how many
    were; by default stderr is. `host` tells apart containers that share a host name, such as those of
    a pod; by default it is that name.

    When another writer rotates the log, this one goes on in the new file; it does not rotate itself.

    Close it from the main flow, best by `with`, and not within a signal handler, which may have
    interrupted `record`: there, raise SystemExit.
    """

    def __init__(self, path: str | os.PathLike[str], process: str | None = None, *,
                 host: str | None = None, group_readable: bool = False, warn: Callable[[str], None] | None = None):
        self._path, self._mode = _location(os.fspath(path)), 0o640 if group_readable else 0o600
        self._process = str(process or os.path.basename(sys.argv[0] or "python"))
        self._host = str(host or socket.gethostname())
        self._warn = warn or (lambda text: sys.stderr.write(f"attempt log: {text}\n"))
        self._begin()
        self._open()
        os.register_at_fork(after_in_child=self._begin)

    def __enter__(self) -> AttemptLog:
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()

    def _begin(self) -> None:
        """A writer of its own: at the start, and in a forked child, which has no part in the parent's."""
        self._lock, self._descriptor, self._needs_newline, self._closed = threading.Lock(), None, False, False
        self._writer, self._seq, self._untold = secrets.token_hex(8), 0, Counter()
        self.dropped: Counter[str] = Counter()  # lines of this writer that are not in the log, by reason
        self._trouble, self._lines_left, self._next_look = "other", 0, 0.0
        self._fault, self._warning = "", ""

    def record(self, kind: str, /, **keys: Any) -> None:
        """Appends one line; keys that are None are left out. What is lost is told before the next line."""
        with self._lock:
            if self._closed:
                self._lose(kind, "closed")
            else:
                self._record(kind, keys)
            warning, self._warning = self._warning, ""
        if warning:
            self.warn(warning)

    def close(self) -> None:
        if self._closed:
            return
        self.record("writer_stop")
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor, self._closed = None, True
        if self.dropped:
            counts = ", ".join(f"{reason} {count}" for reason, count in sorted(self.dropped.items()))
            self.warn(f"lines that are not in {self._path!r}, by reason: {counts}")

    def warn(self, text: str) -> None:
        try:
            self._warn(text)
        except Exception:
            pass  # a closed stderr must not end the program

    def _record(self, kind: str, keys: dict[str, Any]) -> None:
        self._look()
        reason = None
        for lost in list(self._untold):
            reason = reason or self._put("dropped", {"count": self._untold[lost], "reason": lost})
            if reason is None:
                del self._untold[lost]
        if reason := reason or self._put(kind, keys):
            self._lose(kind, reason)

    def _lose(self, kind: str, reason: str) -> None:
        if not self.dropped:
            why = f"{reason} ({self._fault})" if reason == "invalid" else reason
            self._warning = f"a line {kind!r} is not in {self._path!r}: {why}"
        self.dropped[reason] += 1
        self._untold[reason] += 1
        self._seq += 1  # a lost line leaves a gap

    def _look(self) -> None:
        """Every second and every 256 lines: is the file still the log's?"""
        self._lines_left -= 1
        if self._lines_left > 0 and time.monotonic() < self._next_look:
            return
        self._lines_left, self._next_look = 256, time.monotonic() + 1
        try:
            there = os.lstat(self._path) if os.path.lexists(self._path) else None
            own = os.fstat(self._descriptor) if self._descriptor is not None else None
            if there is None or own is None or not os.path.samestat(there, own):
                self._open()
        except OSError as error:
            self._trouble = _reason(error)

    def _open(self) -> None:
        descriptor = self._opened()
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, size = descriptor, os.fstat(descriptor).st_size
        # A line that somebody could not finish must not swallow ours.
        self._needs_newline = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        self._lines_left, self._next_look = 256, time.monotonic() + 1
        start = {"version": "python-1", "host": self._host, "pid": os.getpid(), "process": self._process}
        if reason := self._put("writer_start", start):
            self._lose("writer_start", reason)

    def _opened(self) -> int:
        """A descriptor of the log's file: a regular one of ours, which has no other name."""
        names = 0
        for _ in range(OPEN_TRIES_MAX):
            try:
                _check_file(self._path, os.lstat(self._path))
                descriptor = os.open(self._path, OPEN_FLAGS)
            except FileNotFoundError:
                self._create()
                continue
            try:
                status = os.fstat(descriptor)
                _check_file(self._path, status)
                names = status.st_nlink
                if names == 1:
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            time.sleep(0)  # two names may be a file in the making, none one that was just removed
        raise OSError(f"cannot open {self._path!r}: the file has {names} names, must have one")

    def _create(self) -> None:
        """The file appears complete with its first line, whoever creates it first."""
        directory, name = os.path.split(self._path)
        numbers = [int(found[1]) for found in map(SEGMENT.fullmatch, os.listdir(directory)) if found]
        temporary = f"{directory}/.{name}.{self._writer}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            number = max(numbers, default=0) + 1 if name == "attempts.jsonl" else 1
            os.fchmod(descriptor, self._mode)  # whatever the umask
            os.write(descriptor, self._line("segment", {"segment": secrets.token_hex(8), "number": number}))
            self._seq += 1  # before: a signal's handler may raise behind the next call
            os.link(temporary, self._path)
        except FileExistsError:
            self._seq -= 1  # somebody was faster; that line is nowhere
        finally:
            os.close(descriptor)
            os.unlink(temporary)

    def _line(self, kind: str, keys: dict[str, Any]) -> bytes:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record = {"v": VERSION, "kind": kind, "time": now, "writer": self._writer, "seq": self._seq + 1}
        if taken := sorted(record.keys() & keys.keys()):
            raise ValueError(f"the log itself sets {', '.join(taken)}")
        record |= {key: value for key, value in keys.items() if value is not None}
        if "error_message" in record:
            record["error_message"] = str(record["error_message"])[:MESSAGE_CHARACTERS_MAX]
        line = _encoded(record)
        for key in EXPENDABLE:
            if len(line) > LINE_BYTES_MAX and record.pop(key, None) is not None:
                line = _encoded(record)
        return line

    def _put(self, kind: str, keys: dict[str, Any]) -> str | None:
        """Hands a whole line to the kernel by one write; a rest is never written. Why it is lost, or None."""
        try:
            line = self._line(kind, keys)
        except Exception as error:  # whatever a value does when it is written
            self._fault = f"{type(error).__name__}: {error}"
            return "invalid"
        if self._descriptor is None or len(line) > LINE_BYTES_MAX:
            return "too_large" if len(line) > LINE_BYTES_MAX else self._trouble
        data = b"\n" + line if self._needs_newline else line
        # Taken before: a signal's handler may raise behind the write, and a gap is better than a duplicate.
        self._seq, self._needs_newline = self._seq + 1, True
        try:
            written, reason = os.write(self._descriptor, data), "short"
        except OSError as error:
            written, reason = 0, _reason(error)
        self._needs_newline = written != len(data)
        if written >= len(data) - 1:  # without its newline alone it is through: the next write begins with one
            return None
        self._seq -= 1
        return reason


def _reason(error: OSError) -> str:
    return REASONS.get(errno.errorcode.get(error.errno or 0, ""), "other")


def _location(path: str) -> str:
    """The log's file, by an absolute path without symbolic links, in directories that are safe."""
    if path.endswith("/") and not os.path.lexists(path):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass  # somebody was faster
    is_directory = path.endswith("/") or os.path.isdir(path)
    directory, name = (path, "attempts.jsonl") if is_directory else os.path.split(path)
    directory = os.path.realpath(directory)
    _check_directories(directory)
    return os.path.join(directory, name)


def _check_directories(directory: str) -> None:
    """If others may write to one on the way, it must be sticky, and that of the log ours as well."""
    path = directory
    while True:
        status = os.stat(path)
        is_safe = status.st_mode & stat.S_ISVTX and (path != directory or status.st_uid == os.geteuid())
        if status.st_mode & stat.S_IWOTH and not is_safe:
            raise OSError(f"cannot log to {path!r}: everybody may write there, must be a directory that only "
                          "its owner or group may write to")
        if path == os.path.dirname(path):
            return
        path = os.path.dirname(path)


def _check_file(path: str, status: os.stat_result) -> None:
    kind = FILE_KINDS.get(stat.S_IFMT(status.st_mode))
    if kind:
        raise OSError(f"cannot open {path!r}: a {kind}, not a regular file")
    if status.st_uid != os.geteuid():
        raise OSError(f"cannot open {path!r}: the file belongs to another user (uid {status.st_uid})")


def _encoded(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="replace") + b"\n"
