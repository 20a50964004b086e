#!/usr/bin/env python3
"""Compares a report as JSON with what DuckDB's SQL finds in the same log, without the oracle's code.

    compare_duckdb.py --from T --to T --now T [--slo X] [--timezone Z] --got FILE LOG…

LOG is a plain file of whole records: one that has repeated lines, other values than the closed sets, or two ends of an
operation is refused, for that is where SQL is no longer plain.  Abandoned operations are found, judged at --now.

Each difference is printed as a line of key, what SQL finds and what the report says, separated by tabs; the exit status
is 1 if there is any, 2 if the log is refused.  Counts must be equal, sums within 1e-9, quantiles within 1 %.  Not
compared: the findings, the keys that compare_built.py lists as added, the quota episodes, the intervals of the changes,
the window's label, and the order of rows.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator
from zoneinfo import ZoneInfo

import duckdb

from compare_built import without_added
from duckdb_report import PERCENTS, Days, LogInSQL, Refused, report

IDENTITY = {  # of the rows of a list
    "changes": ("key",),
    "operations": ("provider", "operation"),
    "errors": ("provider", "operation", "error_class", "error_type", "error_code", "http_status"),
    "retries": ("provider", "operation", "reason"),
    "retries_by_attempt": ("provider", "operation", "attempt"),
    "incidents": ("provider", "operation", "from"),
    "days": ("date",),
}
NOT_COMPARED = {"schema", "window", "findings", "quota_episodes"}
ABSENT = "absent"


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every figure with its key; the rows of a list by what they are about."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for row in value:
            row_of = ", ".join(str(row.get(key)) for key in IDENTITY[path])
            yield from flat(f"{path}[{row_of}]", row)
        yield f"{path} (rows)", len(value)
    else:
        yield path, value


def same(key: str, wanted: Any, got: Any) -> bool:
    if wanted is None or isinstance(wanted, str) or got is None or isinstance(got, (str, bool)):
        return wanted == got
    if key.rpartition(".")[2] in {f"p{percent}" for percent in PERCENTS}:
        return math.isclose(wanted, got, rel_tol=0.01)
    return math.isclose(wanted, got, rel_tol=1e-9, abs_tol=1e-12) if isinstance(wanted, float) else wanted == got


def differences(wanted: dict, got: dict) -> Iterator[tuple[str, Any, Any]]:
    wanted_figures = dict(flat("", wanted))
    got_figures = dict(flat("", {key: value for key, value in got.items() if key not in NOT_COMPARED}))
    for key in [*wanted_figures, *(key for key in got_figures if key not in wanted_figures)]:
        if key.startswith("changes[") and key not in wanted_figures:
            continue
        one, other = wanted_figures.get(key, ABSENT), got_figures.get(key, ABSENT)
        if not same(key, one, other):
            yield key, one, other


def microseconds(text: str) -> int:
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: say the offset from UTC, for example with a final Z")
    since = parsed - datetime.fromtimestamp(0, timezone.utc)
    return since // timedelta(microseconds=1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, meaning in (("from", "begin of the window"), ("to", "its end"), ("now", "when silence is judged")):
        parser.add_argument(f"--{name}", dest=name, type=microseconds, required=True, metavar="T", help=meaning)
    parser.add_argument("--slo", type=float, default=0.995, metavar="X", help="objective, as a fraction")
    parser.add_argument("--timezone", type=ZoneInfo, default=ZoneInfo("UTC"), metavar="Z")
    parser.add_argument("--got", type=argparse.FileType(encoding="utf-8"), required=True, metavar="FILE")
    parser.add_argument("logs", nargs="+", metavar="LOG")
    options = parser.parse_args(arguments)
    try:
        log = LogInSQL(options.logs, options.now)
    except (Refused, duckdb.Error) as error:
        print(f"compare_duckdb.py: {error}", file=sys.stderr)
        return 2
    days = Days(getattr(options, "from"), options.to, options.timezone)
    got, _ = without_added(options.got.read())
    found = list(differences(report(log, days, options.slo), json.loads(got)))
    for key, wanted, got in found:
        print(key, *(json.dumps(side, ensure_ascii=False) for side in (wanted, got)), sep="\t")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
