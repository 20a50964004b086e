"""Calls a function with retries and records every attempt in the attempt log; standard library only.

    log = AttemptLog("attempts.jsonl")
    retrier = Retrier(log, "assemblyai", max_attempts=2, backoff=lambda attempt: 5.0, describe=describe)
    transcript = retrier.call("transcribe", transcriber.transcribe, audio_url)

`describe(error)` tells what an exception means, as keys of the log's schema and `retry`:

    {"error_class": "rate_limited", "error_type": "429", "http_status": 429, "retry": True,
     "retry_after_ms": 2000}

It must let no secret through: no key, no URL with a query. A call inside a call serves it: its
`parent_id` is the outer operation.
"""

from __future__ import annotations

import secrets
import time
from contextvars import ContextVar
from typing import Any, Callable

from attempt_log import AttemptLog

DELAY_SECONDS_MAX = 120.0

SERVED: ContextVar[str | None] = ContextVar("the operation that a call inside it serves", default=None)


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
            try:
                time.sleep(delay)
            except BaseException:
                self._end(head, "cancelled", attempt, start, slept_ms + _ms(before))
                raise
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
