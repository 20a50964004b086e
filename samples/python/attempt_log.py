"""Writes the attempt log of relmon from a Python program; standard library only.

    log = AttemptLog("attempts.jsonl")
    retrier = Retrier(log, "assemblyai", max_attempts=2, backoff=lambda attempt: 5.0, describe=describe)
    transcript = retrier.call("transcribe", transcriber.transcribe, audio_url)

`describe(error)` tells what an exception means, as keys of the log's schema and `retry`:

    {"error_class": "rate_limited", "error_type": "429", "http_status": 429, "retry": True,
     "retry_after_ms": 2000}

It must let no secret through: no key, no URL with a query. A call inside a call serves it: its
`parent_id` is the outer operation. A program has one AttemptLog, which its threads share; each
process of a pool makes its own. Recording never raises and never waits for another process: what
cannot be written is counted, and told in the log as soon as that works again.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import socket
import sys
import threading
import time
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, Callable

VERSION = 1
LINE_BYTES_MAX = 4_000
MESSAGE_CHARACTERS_MAX = 256
DELAY_SECONDS_MAX = 120.0
EXPENDABLE = ("error_message", "error_param", "span_id", "trace_id", "request_id", "error_code", "error_type")

SERVED: ContextVar[str | None] = ContextVar("the operation that a call inside it serves", default=None)


class AttemptLog:
    """An append-only file of JSON lines that threads and processes share."""

    def __init__(self, path: str, process: str | None = None):
        self._path = path
        self._lock = threading.Lock()
        self._writer, self._seq, self._dropped, self._untold = secrets.token_hex(8), 0, 0, 0
        self._open()
        self.record("writer_start", version="python-1", host=socket.gethostname(), pid=os.getpid(),
                    process=process or os.path.basename(sys.argv[0] or "python"))

    @property
    def dropped(self) -> int:
        """Lines of this writer that are not in the log."""
        return self._dropped

    def record(self, kind: str, **keys: Any) -> None:
        """Appends one line; keys without a value are left out."""
        with self._lock:
            if self._untold and kind != "dropped":
                told = self._untold
                if self._write(self._line("dropped", {"count": told})):
                    self._untold -= told
            if not self._write(self._line(kind, keys)):
                self._dropped += 1
                self._untold += 1

    def close(self) -> None:
        self.record("writer_stop")
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            self._descriptor: int | None = os.open(self._path, flags)
        except FileNotFoundError:
            self._create()
            self._descriptor = os.open(self._path, flags)
        size = os.fstat(self._descriptor).st_size
        # A line that somebody could not finish must not swallow ours.
        self._needs_newline = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def _create(self) -> None:
        """The file appears complete with its first line, whoever creates it first."""
        temporary = f"{self._path}.{self._writer}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, self._line("segment", {"segment": secrets.token_hex(8), "number": 1}))
            os.link(temporary, self._path)
        except FileExistsError:
            self._seq = 0  # somebody was faster; that line is nowhere
        finally:
            os.close(descriptor)
            os.unlink(temporary)

    def _line(self, kind: str, keys: dict[str, Any]) -> bytes:
        self._seq += 1
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record = {"v": VERSION, "kind": kind, "time": now, "writer": self._writer, "seq": self._seq}
        record |= {key: value for key, value in keys.items() if _is_writable(value)}
        if "error_message" in record:
            record["error_message"] = str(record["error_message"])[:MESSAGE_CHARACTERS_MAX]
        line = _encoded(record)
        for key in EXPENDABLE:
            if len(line) > LINE_BYTES_MAX and record.pop(key, None) is not None:
                line = _encoded(record)
        return line

    def _write(self, line: bytes) -> bool:
        """Hands a whole line to the kernel by one write; a rest is never written."""
        if self._descriptor is None or len(line) > LINE_BYTES_MAX:
            return False
        data = b"\n" + line if self._needs_newline else line
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            written = 0
        complete = written == len(data)
        self._needs_newline = (self._needs_newline and written == 0) or (0 < written < len(data))
        return complete


class Retrier:
    """Calls a function until it succeeds or is given up, and records every attempt."""

    def __init__(self, log: AttemptLog, provider: str, max_attempts: int,
                 backoff: Callable[[int], float], describe: Callable[[Exception], dict[str, Any]],
                 account: str | None = None, billable: bool = True):
        self.log, self.provider, self.max_attempts = log, provider, max_attempts
        self.backoff, self.describe, self.account, self.billable = backoff, describe, account, billable

    def call(self, operation: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        head = {"provider": self.provider, "account": self.account, "operation": operation,
                "operation_id": secrets.token_hex(8), "parent_id": SERVED.get()}
        start, slept_ms, retry_keys = time.monotonic(), 0.0, {}
        for attempt in range(1, self.max_attempts + 1):
            if self.billable:
                self.log.record("attempt_start", **head, attempt=attempt)
            began = time.monotonic()
            line = head | {"attempt": attempt, "max_attempts": self.max_attempts}
            error: BaseException
            outer = SERVED.set(head["operation_id"])
            try:
                result = function(*arguments, **options)
            except Exception as caught:
                error, facts = caught, dict(self.describe(caught))
            except BaseException as caught:  # KeyboardInterrupt, cancellation: the caller's own wish
                error, facts = caught, {"error_class": "cancelled", "error_type": type(caught).__name__}
            else:
                self.log.record("attempt", **line, outcome="success", latency_ms=_ms(began), **retry_keys,
                                decision="stop")
                self._end(head, "success", attempt, start, slept_ms)
                return result
            finally:
                SERVED.reset(outer)
            outcome, delay, source = self._decide(facts, attempt)
            retries = {"decision": "retry", "backoff_ms": round(delay * 1000, 3), "backoff_source": source}
            self.log.record("attempt", **line, outcome="failure", latency_ms=_ms(began), **retry_keys, **facts,
                            **({"decision": "stop"} if outcome else retries))
            if outcome:
                last = {key: facts.get(key) for key in ("http_status", "error_class", "error_type", "error_code")}
                self._end(head, outcome, attempt, start, slept_ms, **last)
                raise error
            before = time.monotonic()
            time.sleep(delay)
            slept_ms += (measured := _ms(before))
            retry_keys = {"slept_ms": measured, "slept_source": source,
                          "retry_reason": facts.get("error_class", "other")}
        raise AssertionError("max_attempts is at least 1")

    def _decide(self, facts: dict[str, Any], attempt: int) -> tuple[str | None, float, str]:
        """The outcome if it ends here; else the sleep, never shorter than the server asked for."""
        if facts.get("error_class") == "cancelled":
            return "cancelled", 0.0, ""
        if not facts.pop("retry", False):
            return "not_retryable", 0.0, ""
        if attempt == self.max_attempts:
            return "attempts_exhausted", 0.0, ""
        asked, own = facts.get("retry_after_ms", 0) / 1000, self.backoff(attempt)
        if asked > DELAY_SECONDS_MAX:
            return "delay_too_long", 0.0, ""
        return None, max(asked, own), "server" if asked >= own and asked > 0 else "computed"

    def _end(self, head: dict[str, Any], outcome: str, attempts: int, start: float, slept_ms: float,
             **last: Any) -> None:
        self.log.record("operation", **head, outcome=outcome, retried=attempts > 1, attempts=attempts,
                        duration_ms=_ms(start), slept_ms=round(slept_ms, 3), **last)


def _ms(since: float) -> float:
    return round((time.monotonic() - since) * 1000, 3)


def _is_writable(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _encoded(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace") + b"\n"
