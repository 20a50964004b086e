"""The figures of a report by DuckDB's SQL over the raw lines of a log, without the oracle's code."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Iterator

import duckdb

import duckdb_queries as queries
from duckdb_queries import OUTCOMES

RATIOS = ("attempt_error_rate", "success_rate", "first_attempt_success_rate", "retry_success_ratio",
          "retry_attempt_success_ratio", "exhaustion_rate")
PERCENTS = (50, 90, 95, 99)
P99_FROM = 100  # values

# ---------------------------------------------------------------------------------------------------------------------
# STATS of a scope


def quotient(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def ratio(hits: int, of: int) -> dict:
    """With the Wilson interval at z = 1.96."""
    if of == 0:
        return {"hits": hits, "of": 0, "value": None, "low": None, "high": None}
    p, zz = hits / of, 1.96 ** 2
    center, reach = p + zz / (2 * of), math.sqrt(zz * (p * (1 - p) / of + zz / (4 * of * of)))
    return {"hits": hits, "of": of, "value": p, "low": max(0.0, (center - reach) / (1 + zz / of)),
            "high": min(1.0, (center + reach) / (1 + zz / of))}


def distribution(row: dict, name: str) -> dict:
    values, count = row[f"{name}_ordered"] or [], row[f"{name}_count"] or 0
    ranks = {percent: values[-(-percent * count // 100) - 1] if count else None for percent in PERCENTS}
    if count < P99_FROM:
        ranks[99] = None
    return {"count": count, "sum": row[f"{name}_sum"] or 0, "min": row[f"{name}_min"], "max": row[f"{name}_max"]} | {
        f"p{percent}": value for percent, value in ranks.items()}


def statistics(row: dict) -> dict:
    n = {key: 0 if value is None else value for key, value in row.items() if not isinstance(value, list)}
    return {
        "operations": n["operations"],
        "outcomes": {name: n[name] for name in OUTCOMES},
        "attempts": n["attempts"],
        "failed_attempts": n["failed_attempts"],
        "attempt_error_rate": ratio(n["failed_attempts"], n["counted_attempts"]),
        "success_rate": ratio(n["success"], n["known_count"]),
        "first_attempt_success_rate": ratio(n["first_successes"], n["tried"]),
        "retry_success_ratio": ratio(n["rescued_operations"], n["retried_operations"]),
        "retry_attempt_success_ratio": ratio(n["good_retries"], n["retries"]),
        "exhaustion_rate": ratio(n["attempts_exhausted"] + n["deadline_exceeded"], n["known_count"]),
        "amplification": quotient(n["attempts_of_operations"], n["with_attempts"]),
        "audio_amplification": quotient(n["audio"], n["first_audio"]),
        "backoff_share": quotient(n["slept_ms"], n["duration_sum"]),
        "retried_operations": n["retried_operations"],
        "rescued_operations": n["rescued_operations"],
        "slept_seconds": n["slept_ms"] / 1000,
        "wasted_backoff_seconds": n["wasted_ms"] / 1000,
        "audio_seconds": n["audio"],
        "attempt_latency_ms": distribution(row, "latency"),
        "operation_duration_ms": distribution(row, "duration"),
    }


# ---------------------------------------------------------------------------------------------------------------------
# The report


class Days:
    """The local days of a window, as microseconds since 1970."""

    def __init__(self, low: int, high: int, zone: tzinfo):
        self.low, self.high, self.zone = low, high, zone

    def day_of(self, moment: int) -> datetime:
        local = datetime.fromtimestamp(moment // 1_000_000, self.zone)
        return datetime(local.year, local.month, local.day)

    def begin(self, day: datetime) -> int:
        return int(day.replace(tzinfo=self.zone).astimezone(timezone.utc).timestamp()) * 1_000_000

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        day = self.day_of(self.low)
        while self.begin(day) < self.high:
            following = day + timedelta(days=1)
            yield day.date().isoformat(), max(self.low, self.begin(day)), min(self.high, self.begin(following))
            day = following

    def previous(self) -> tuple[int, int]:
        first, last = self.day_of(self.low), self.day_of(self.high)
        if (self.begin(first), self.begin(last)) == (self.low, self.high):
            return self.begin(first - (last - first)), self.low
        return self.low - (self.high - self.low), self.low


class Refused(Exception):
    pass


class LogInSQL:
    def __init__(self, files: list[str], now: int):
        self.sql = duckdb.connect()
        self.sql.execute(queries.LINES, [files])
        for what, query in queries.REFUSED.items():
            if count := self.sql.execute(query).fetchone()[0]:
                raise Refused(f"the log has {what}: {count}")
        self.sql.execute("SET VARIABLE now = ?", [now])
        self.sql.execute(queries.TABLES.replace("$now", "getvariable('now')"))

    def rows(self, query: str, **parameters: int) -> list[dict]:
        cursor = self.sql.execute(query, parameters or None)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def statistics(self, scopes: dict[str, tuple]) -> dict[str, dict]:
        """By scope: low, high, whether without those that serve another, provider, operation."""
        self.sql.execute("CREATE OR REPLACE TEMP TABLE scopes (scope TEXT, low BIGINT, high BIGINT, headline BOOLEAN, "
                         "provider TEXT, operation TEXT)")
        self.sql.executemany("INSERT INTO scopes VALUES (?, ?, ?, ?, ?, ?)",
                             [(name, *scope) for name, scope in scopes.items()])
        self.sql.execute(f"CREATE OR REPLACE TEMP TABLE of_operations AS {queries.OF_OPERATIONS}")
        self.sql.execute(f"CREATE OR REPLACE TEMP TABLE of_attempts AS {queries.OF_ATTEMPTS}")
        return {row["scope"]: statistics(row) for row in self.rows(queries.EVERY_SCOPE)}


def report(log: LogInSQL, days: Days, objective: float) -> dict:
    window = {"low": days.low, "high": days.high}
    pairs = log.rows("""
        SELECT provider, operation FROM operations WHERE moment >= $low AND moment < $high
        UNION SELECT provider, operation FROM attempts WHERE moment >= $low AND moment < $high""", **window)
    of_pair = {f"{pair['provider']} {pair['operation']}": pair for pair in pairs}
    scopes = {"totals": (days.low, days.high, True, None, None), "previous": (*days.previous(), True, None, None)}
    scopes |= {f"day {day}": (low, high, True, None, None) for day, low, high in days}
    scopes |= {f"pair {name}": (days.low, days.high, False, *pair.values()) for name, pair in of_pair.items()}
    found = log.statistics(scopes)
    totals, before = found["totals"], found["previous"]
    previous = before if before["operations"] or before["attempts"] else None
    known = totals["success_rate"]["of"]
    failed, budget = known - totals["success_rate"]["hits"], (1 - objective) * known
    return {
        "log": log.rows(queries.LOG)[0],
        "totals": totals,
        "previous": previous,
        "changes": [] if previous is None else [
            {"key": key, "before": previous[key]["value"], "after": totals[key]["value"]} for key in RATIOS],
        "operations": [pair | found[f"pair {name}"] for name, pair in of_pair.items()],
        "errors": log.rows(queries.ERRORS, **window),
        "retries": [with_ratio(row) for row in log.rows(queries.RETRIES, **window)],
        "retries_by_attempt": [with_ratio(row) for row in log.rows(queries.RETRIES_BY_ATTEMPT, **window)],
        "incidents": [row | {key: row[key] and time_text(row[key]) for key in ("from", "to")}
                      for row in log.rows(queries.INCIDENTS, **window)],
        "slo": {"objective": objective, "budget_operations": budget, "failed_operations": failed,
                "consumed": quotient(failed, budget)},
        "days": [{"date": day} | found[f"day {day}"] for day, _, _ in days],
    }


def with_ratio(row: dict) -> dict:
    return {key: value for key, value in row.items() if key not in ("hits", "of")} | {
        "ratio": ratio(row["hits"], row["of"])}


def time_text(moment: int) -> str:
    seconds, microseconds = divmod(moment, 1_000_000)
    text = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=microseconds).isoformat()
    return text.replace("+00:00", "Z")
