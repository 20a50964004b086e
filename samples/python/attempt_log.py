"""Writes the attempt log of relmon from a Python program; standard library only.

    log = AttemptLog("attempts.jsonl")  # or a directory, in which another writer rotates
    log.record("attempt_start", provider="lesan", operation="transcribe", operation_id="7c9e66", attempt=1)

The keys of each kind of line are those of the log's schema; `retrier.py` writes them for calls that
it makes. A program has one AttemptLog for its threads, and a forked child one of its own. Recording
never raises and waits for no other process: what is lost is counted, and told when writing works
again. No secret may get in: no key, no URL with a query.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import Any

VERSION = 1
LINE_BYTES_MAX = 4_000
MESSAGE_CHARACTERS_MAX = 256
EXPENDABLE = ("error_message", "error_param", "span_id", "trace_id", "request_id", "error_code", "error_type")
SEGMENT = re.compile(r"attempts\.(\d{6,})\.jsonl(?:\.gz)?")
REASONS = {"EACCES": "eperm", "ENFILE": "emfile"} | {
    name: name.lower() for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG", "EMFILE", "EPERM")}


class AttemptLog:
    """An append-only log that threads and processes share: a file, or a directory with `attempts.jsonl`.

    When another writer rotates the log, this one goes on in the new file; it does not rotate itself.
    """

    def __init__(self, path: str, process: str | None = None):
        self._path = os.path.join(path, "attempts.jsonl") if os.path.isdir(path) else os.path.abspath(path)
        self._process = process or os.path.basename(sys.argv[0] or "python")
        os.register_at_fork(after_in_child=self._begin)
        self._begin()
        self._open()

    def _begin(self) -> None:
        """A writer of its own: at the start, and in a forked child, which has no part in the parent's."""
        self._lock, self._descriptor, self._needs_newline, self._closed = threading.Lock(), None, False, False
        self._writer, self._seq, self._untold = secrets.token_hex(8), 0, Counter()
        self.dropped: Counter[str] = Counter()  # lines of this writer that are not in the log, by reason
        self._trouble, self._lines_left, self._next_look = "other", 0, 0.0

    def record(self, kind: str, **keys: Any) -> None:
        """Appends one line; keys without a value are left out. What is lost is told before the next line."""
        with self._lock:
            if self._closed:
                self.dropped["closed"] += 1
                return
            self._look()
            reason = None
            for lost in list(self._untold):
                reason = reason or self._put("dropped", {"count": self._untold[lost], "reason": lost})
                if reason is None:
                    del self._untold[lost]
            if reason := reason or self._put(kind, keys):
                self._seq += 1  # a lost line leaves a gap
                self.dropped[reason] += 1
                self._untold[reason] += 1

    def close(self) -> None:
        self.record("writer_stop")
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor, self._closed = None, True

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
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            self._create()
            descriptor = os.open(self._path, flags)
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, size = descriptor, os.fstat(descriptor).st_size
        # A line that somebody could not finish must not swallow ours.
        self._needs_newline = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        self._lines_left, self._next_look = 256, time.monotonic() + 1
        self._put("writer_start", {"version": "python-1", "host": socket.gethostname(), "pid": os.getpid(),
                                   "process": self._process})

    def _create(self) -> None:
        """The file appears complete with its first line, whoever creates it first."""
        directory, name = os.path.split(self._path)
        numbers = [int(found[1]) for found in map(SEGMENT.fullmatch, os.listdir(directory)) if found]
        temporary = f"{directory}/.{name}.{self._writer}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            number = max(numbers, default=0) + 1 if name == "attempts.jsonl" else 1
            os.write(descriptor, self._line("segment", {"segment": secrets.token_hex(8), "number": number}))
            os.link(temporary, self._path)
            self._seq += 1
        except FileExistsError:
            pass  # somebody was faster; that line is nowhere
        finally:
            os.close(descriptor)
            os.unlink(temporary)

    def _line(self, kind: str, keys: dict[str, Any]) -> bytes:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record = {"v": VERSION, "kind": kind, "time": now, "writer": self._writer, "seq": self._seq + 1}
        record |= {key: value for key, value in keys.items() if _is_writable(value)}
        if "error_message" in record:
            record["error_message"] = str(record["error_message"])[:MESSAGE_CHARACTERS_MAX]
        line = _encoded(record)
        for key in EXPENDABLE:
            if len(line) > LINE_BYTES_MAX and record.pop(key, None) is not None:
                line = _encoded(record)
        return line

    def _put(self, kind: str, keys: dict[str, Any]) -> str | None:
        """Hands a whole line to the kernel by one write; a rest is never written. Why it is lost, or None."""
        line = self._line(kind, keys)
        if self._descriptor is None or len(line) > LINE_BYTES_MAX:
            return "too_large" if len(line) > LINE_BYTES_MAX else self._trouble
        data = b"\n" + line if self._needs_newline else line
        try:
            written, reason = os.write(self._descriptor, data), "short"
        except OSError as error:
            written, reason = 0, _reason(error)
        self._needs_newline = written != len(data)
        if written >= len(data) - 1:  # without its newline alone it is through: the next write begins with one
            self._seq += 1
            return None
        return reason


def _reason(error: OSError) -> str:
    return REASONS.get(errno.errorcode.get(error.errno or 0, ""), "other")


def _is_writable(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _encoded(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace") + b"\n"
