"""Calls a function with retries and records every attempt in the attempt log; standard library only.

    with AttemptLog("attempts.jsonl") as log:
        retrier = Retrier(log, "assemblyai", max_attempts=2, backoff=lambda attempt: 5.0, describe=describe)
        transcript = retrier.call("transcribe", transcriber.transcribe, audio_url)

`describe(error)` tells what an exception means, as keys of the log's schema and `retry`; keys that
are None are left out, and `error_class` is "other" if it is missing:

    {"error_class": "rate_limited", "error_type": "429", "http_status": 429, "retry": True,
     "retry_after_ms": 2000}

`describe_result(result)` tells facts of a success, if there are any: `http_status`, `request_id`,
`job_id`, `audio_seconds`, `quota_remaining` and others of the schema. A fault of either, or of
`backoff`, is warned of once; it hides neither the error nor the result.

They must let no secret through: no key, no URL with a query. A call inside a call serves it: its
`parent_id` is the outer operation. A thread that is started inside a call does not inherit that,
unless it runs its work by `contextvars.copy_context().run`, of a copy made in the call.
"""

from __future__ import annotations

import inspect
import json
import math
import secrets
import time
from contextvars import ContextVar
from typing import Any, Callable

from attempt_log import AttemptLog

DELAY_SECONDS_MAX = 120.0
# A longer backoff is a fault of the function that gives it.
BACKOFF_SECONDS_MAX = 86_400.0
# What the log and the retrier write themselves.
OWN_KEYS = frozenset((
    "v", "kind", "time", "writer", "seq", "provider", "account", "operation", "operation_id", "parent_id", "attempt",
    "max_attempts", "outcome", "latency_ms", "slept_ms", "slept_source", "retry_reason", "decision", "backoff_ms",
    "backoff_source"))
KEYS_OF_ERROR = ("http_status", "error_class", "error_type", "error_code")
KEYS_OF_WORK = ("job_id", "audio_seconds", "trace_id")

SERVED: ContextVar[str | None] = ContextVar("the operation that a call inside it serves", default=None)


class NotSynchronous(TypeError):
    """The function returns before its work is done, so that neither its end nor its errors can be seen."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__(f"Retrier calls synchronous functions only; {_name(function)} is a coroutine function or "
                         "returns an awaitable")


class Retrier:
    """Calls a synchronous function until it succeeds or is given up, and records every attempt."""

    def __init__(self, log: AttemptLog, provider: str, max_attempts: int,
                 backoff: Callable[[int], float], describe: Callable[[Exception], dict[str, Any]],
                 account: str | None = None, billable: bool = True,
                 describe_result: Callable[[Any], dict[str, Any]] | None = None):
        if max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, got {max_attempts}")
        self.log, self.provider, self.max_attempts = log, provider, max_attempts
        self.backoff, self.describe, self.account, self.billable = backoff, describe, account, billable
        self.describe_result = describe_result
        self._has_warned = False

    def call(self, operation: str, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        """What `function(*arguments, **options)` returns, or its last error. Synchronous functions only."""
        if inspect.iscoroutinefunction(function):
            raise NotSynchronous(function)
        head = {"provider": self.provider, "account": self.account, "operation": operation,
                "operation_id": secrets.token_hex(8), "parent_id": SERVED.get()}
        start, slept_ms, retry_keys = time.monotonic(), 0.0, {}
        for attempt in range(1, self.max_attempts + 1):
            if self.billable:
                self.log.record("attempt_start", **head, attempt=attempt)
            began = time.monotonic()
            line = head | {"attempt": attempt, "max_attempts": self.max_attempts}
            outer = SERVED.set(head["operation_id"])
            try:
                result = _finished(function, function(*arguments, **options))
            except BaseException as caught:
                line["latency_ms"], error = _ms(began), caught
                facts = self._facts_of_error(caught)
            else:
                line["latency_ms"] = _ms(began)
                facts = self._facts(self.describe_result, result) if self.describe_result else {}
                facts.pop("retry", None)
                self.log.record("attempt", **line, outcome="success", **retry_keys, **facts, decision="stop")
                self._end(head, "success", attempt, start, slept_ms, facts, KEYS_OF_WORK)
                return result
            finally:
                SERVED.reset(outer)
            outcome, delay, source = self._decide(facts, attempt)
            retries = {"decision": "retry", "backoff_ms": round(delay * 1000, 3), "backoff_source": source}
            self.log.record("attempt", **line, outcome="failure", **retry_keys, **facts,
                            **({"decision": "stop"} if outcome else retries))
            if outcome:
                self._end(head, outcome, attempt, start, slept_ms, facts, KEYS_OF_ERROR + KEYS_OF_WORK)
                raise error
            before = time.monotonic()
            try:
                time.sleep(delay)
            except BaseException:
                self._end(head, "cancelled", attempt, start, slept_ms + _ms(before), {}, ())
                raise
            slept_ms += (measured := _ms(before))
            retry_keys = {"slept_ms": measured, "slept_source": source, "retry_reason": facts["error_class"]}
        raise AssertionError("max_attempts is at least 1")

    def _facts_of_error(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, NotSynchronous):
            facts = {"error_layer": "client"}
        elif isinstance(error, Exception):
            facts = self._facts(self.describe, error)
        else:  # KeyboardInterrupt, SystemExit: the caller's own wish
            facts = {"error_class": "cancelled"}
        status = facts.get("http_status")
        error_type = f"{status:d}" if isinstance(status, int) else type(error).__name__
        return {"error_class": "other", "error_type": error_type} | facts

    def _facts(self, describe: Callable[[Any], dict[str, Any]], described: Any) -> dict[str, Any]:
        """What `describe` tells, as keys that a line can take; none if it is at fault."""
        try:
            facts = dict(**{key: value for key, value in dict(describe(described)).items() if value is not None})
            if taken := sorted(OWN_KEYS & facts.keys()):
                raise ValueError(f"the retrier itself sets {', '.join(taken)}")
            if "error_message" in facts:
                facts["error_message"] = str(facts["error_message"])
            if not _is_delay(facts.get("retry_after_ms")):
                facts.pop("retry_after_ms", None)
            facts["retry"] = bool(facts.get("retry"))
            json.dumps(facts, allow_nan=False)
            return facts
        except Exception as fault:
            self._warn(describe, fault)
            return {}

    def _warn(self, function: Callable[[Any], Any], fault: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            self.log.warn(f"{_name(function)} is at fault: {type(fault).__name__}: {fault}")

    def _decide(self, facts: dict[str, Any], attempt: int) -> tuple[str | None, float, str]:
        """The outcome if it ends here; else the sleep, never shorter than the server asked for."""
        may_retry = facts.pop("retry", False)
        if facts["error_class"] == "cancelled":
            return "cancelled", 0.0, ""
        if not may_retry:
            return "not_retryable", 0.0, ""
        if attempt == self.max_attempts:
            return "attempts_exhausted", 0.0, ""
        asked = facts.get("retry_after_ms", 0)
        if asked > DELAY_SECONDS_MAX * 1000:
            return "delay_too_long", 0.0, ""
        try:
            asked, own = asked / 1000, float(self.backoff(attempt))
            if not own <= BACKOFF_SECONDS_MAX:  # nor a NaN
                raise ValueError(f"a backoff of {own} s")
        except Exception as fault:
            self._warn(self.backoff, fault)
            return "not_retryable", 0.0, ""
        return None, max(asked, own), "server" if asked >= own and asked > 0 else "computed"

    def _end(self, head: dict[str, Any], outcome: str, attempts: int, start: float, slept_ms: float,
             facts: dict[str, Any], keys: tuple[str, ...]) -> None:
        self.log.record("operation", **head, outcome=outcome, retried=attempts > 1, attempts=attempts,
                        duration_ms=_ms(start), slept_ms=round(slept_ms, 3), **{key: facts.get(key) for key in keys})


def _finished(function: Callable[..., Any], result: Any) -> Any:
    if not inspect.isawaitable(result):
        return result
    if inspect.iscoroutine(result):
        result.close()  # else Python warns that nobody awaited it
    raise NotSynchronous(function)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _is_delay(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < math.inf


def _ms(since: float) -> float:
    return round((time.monotonic() - since) * 1000, 3)
