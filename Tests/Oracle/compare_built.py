#!/usr/bin/env python3
"""compare.py, but what not-yet.txt lists may be absent, and must be; and a report has the keys of ADDED besides.

    compare_built.py report --from T --to T [--slo X] [--timezone Z] [--now T] --got FILE LOG…
    compare_built.py metrics [--now T] --got FILE LOG…

Prints the differences that are left as compare.py does, and a line `KEY<tab>not yet<tab>exists` for each listed key
that is there after all; the exit status is 1 if there is any line.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import compare
from expected import command_line, computed

NOT_YET = Path(__file__).with_name("not-yet.txt")

# Keys that a report has behind those of definitions.md, in this order; of `errors` and the like, each of their rows.
ADDED = {
    "": ["hours", "trend", "gone_errors", "generated_at", "version"],
    "window": ["hours"],
    "log": ["first_record", "last_record", "cut_by_others", "failed_syncs", "not_checked", "damaged_files",
            "clock_steps"],
    "slo": ["left_operations"],
    "errors": ["attempts_before", "first_seen", "last_seen", "example_operation_id"],
    "retries_by_attempt": ["slept_seconds"],
}

# Of a monitor that keeps its state and of its endpoint; the log does not tell of them.
compare.NOT_COMPARED |= {
    "relmon_scrapes_total", "relmon_http_connections", "relmon_http_connections_accepted_total",
    "relmon_http_connections_shed_total", "relmon_http_requests_rejected_total",
    "relmon_log_truncated_files_total", "relmon_log_deleted_unread_bytes_total",
    "relmon_state_last_saved_timestamp_seconds", "relmon_state_lost_total", "relmon_state_save_errors_total",
}


def patterns(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


def is_listed(name: str, listed: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in listed)


def left_over(found: list[compare.Difference], listed: list[str]) -> list[compare.Difference]:
    """Without the differences that say that a listed key is absent."""
    return [(key, expected, got) for key, expected, got in found
            if not (got == compare.ABSENT and is_listed(re.split(r"[{\[]", key)[0], listed))]


def present(got: str, listed: list[str]) -> list[str]:
    """The listed names that a report or an exposition has."""
    if got.lstrip().startswith("{"):
        names: list[str] = list(json.loads(got))
    else:
        names = re.findall(rf"^(?:# (?:HELP|TYPE|UNIT) )?({compare.NAME})", got, re.MULTILINE)
    return sorted({name for name in names if is_listed(name, listed)})


def without_added(got: str) -> tuple[str, list[compare.Difference]]:
    """A report without the keys of ADDED, and where they are not the last ones."""
    try:
        report = json.loads(got)
    except ValueError:
        return got, []  # compare.py says so
    if not isinstance(report, dict):
        return got, []
    found: list[compare.Difference] = []
    for path, keys in ADDED.items():
        part = report.get(path) if path else report
        for values in part if isinstance(part, list) else [part]:
            if not isinstance(values, dict):
                continue
            last = list(values)[-len(keys):]
            if last != keys:
                found.append((f"{path or 'report'} (last keys)", keys, last))
            for key in keys:
                values.pop(key, None)
    return json.dumps(report, ensure_ascii=False), found


def main(arguments: list[str] | None = None) -> int:
    got_option = argparse.ArgumentParser(add_help=False)
    got_option.add_argument("--got", required=True, metavar="FILE", help="what relmon says: a file or -")
    options = command_line(__doc__, [got_option]).parse_args(arguments)
    got = compare.load(options.got)
    listed = patterns(NOT_YET.read_text(encoding="utf-8"))
    expected = computed(options)
    found: list[tuple[Any, ...]] = []
    if "schema" in expected:
        got, found[:] = without_added(got)
    found += left_over(compare.differences(expected, got), listed)
    for key, *sides in found:
        print(key, *(json.dumps(side, ensure_ascii=False, default=str) for side in sides), sep="\t")
    exist = present(got, listed)
    for name in exist:
        print(name, "not yet", "exists", sep="\t")
    return 1 if found or exist else 0


if __name__ == "__main__":
    sys.exit(main())
