#!/usr/bin/env python3
"""Compares the totals of `relmon verify --format json` with what expected.py reads from the same log.

    compare_verify.py --got FILE LOG…

LOG is as for expected.py.  Each difference is printed as a line of key, expected and got, separated by tabs; the exit
status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from expected import COMMON, KEYS, KEYS_OF_KIND, Log, Record, Rejected, parse_json_object

# A key of ours that the contract's schema does not have.
KEYS_OF_KIND["dropped"]["reason"] = "string"

# The writers that verify lists, and the ranges of missing numbers of each.
WRITERS_MAX, GAPS_MAX = 20, 6
REASONS = {"enospc", "edquot", "eio", "erofs", "efbig", "emfile", "eperm", "short", "too_large", "invalid",
           "queue_full", "closed", "truncated_by_others", "sync_failed"}


class VerifiedLog(Log):
    """A log with what only verify counts."""

    def __init__(self, locations: list[str]):
        self.depth = self.files = self.lines = self.blank = self.recovered = 0
        self.repeated: Counter[str] = Counter()
        self.dropped_by_writer: Counter[str] = Counter()
        self.losses_by_reason: dict[str, list[int]] = {}  # how often it was reported, and of how many lines
        self.order: list[str] = []  # writers as they came
        self.ill_typed: Counter[str] = Counter()
        self.line = b""
        super().__init__(locations)

    def read(self, path: Path) -> None:
        self.files += 1
        super().read(path)

    def take(self, line: bytes) -> None:
        if self.depth == 0:
            self.lines += 1
            self.blank += not line.strip(b" \t\r") and len(line) < 16 * 1024
        self.depth += 1
        self.line = line
        super().take(line)
        self.depth -= 1

    def accept(self, record: Record) -> None:
        writer = record["writer"]
        if writer not in self.seqs:
            self.order.append(writer)
        # Optional keys that are there, and not in the record.
        ill_typed = [key for key in KEYS_OF_KIND.get(record["kind"], COMMON)
                     if key not in record and parse_json_object(self.line).get(key) is not None]
        try:
            super().accept(record)
        except Rejected:
            self.repeated[writer] += 1
            raise
        self.recovered += self.depth > 1
        self.ill_typed.update(ill_typed)
        self.dropped_by_writer[writer] += record.get("count", 0)
        if record["kind"] == "dropped":
            reason = record.get("reason")
            loss = self.losses_by_reason.setdefault(reason if reason in REASONS else "other", [0, 0])
            loss[0] += 1
            loss[1] += record["count"]

    def gaps(self, writer: str) -> list[list[int]]:
        """Ranges of missing numbers, both ends included."""
        ordered = sorted(self.seqs[writer])
        return [[one + 1, other - 1] for one, other in zip(ordered, ordered[1:]) if other - one > 1]

    def losses(self) -> list[dict[str, Any]]:
        """The writers with anything wrong, the worst first."""
        rows = []
        for writer in self.order:
            gaps = self.gaps(writer)
            missing = sum(last - first + 1 for first, last in gaps)
            repeated, dropped = self.repeated[writer], self.dropped_by_writer[writer]
            if missing + repeated + dropped > 0:
                rows.append({"writer": writer, "missing": missing, "gaps": gaps[:GAPS_MAX],
                             "gaps_left_out": max(0, len(gaps) - GAPS_MAX), "repeated": repeated, "dropped": dropped})
        return sorted(rows, key=lambda row: -(row["missing"] + row["repeated"] + row["dropped"]))

    def totals(self) -> dict[str, Any]:
        writers = self.losses()
        rejected = {reason: self.rejected[reason] for reason in ("malformed", "schema", "oversized", "duplicate")}
        cut = self.losses_by_reason.get("truncated_by_others", [0])[0]
        wrong = sum(rejected.values()) + self.missing + self.dropped + cut
        return {
            "schema": 1, "sound": wrong == 0, "logs_not_read_to_the_end": 0, "files": self.files, "lines": self.lines,
            "bytes": self.bytes_read, "records": {kind: self.kinds[kind] for kind in [*KEYS, "unknown"]},
            "rejected": rejected, "missing": self.missing, "dropped": self.dropped, "not_checked": 0,
            "losses": {reason: {"reports": reports, "lines": lines}
                       for reason, (reports, lines) in self.losses_by_reason.items()},
            "damaged_files": 0, "recovered": self.recovered, "blank_lines": self.blank,
            "unmapped": {key: self.unmapped[key]
                         for key in ("decision", "error_class", "outcome", "retry_reason", "slept_source")},
            "writers": writers[:WRITERS_MAX], "writers_left_out": max(0, len(writers) - WRITERS_MAX),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--got", type=Path, required=True, metavar="FILE", help="what relmon verify says")
    parser.add_argument("logs", nargs="+", metavar="LOG")
    options = parser.parse_args()
    got = json.loads(options.got.read_text(encoding="utf-8"))
    log = VerifiedLog(options.logs)
    expected = log.totals()
    expected["unfinished bytes"] = log.unread_bytes
    got["unfinished bytes"] = sum(line["bytes"] for line in got["unfinished"])
    expected["ill-typed keys"] = dict(log.ill_typed)
    lines_by_key: Counter[str] = Counter()
    for row in got["ill_typed_keys"]:
        lines_by_key[row["key"]] += row["lines"]
    got["ill-typed keys"] = dict(lines_by_key)
    # As many as there are rejected lines, shown or left out.
    expected["findings, shown or left out"] = sum(log.rejected.values())
    got["findings, shown or left out"] = len(got["findings"]) + got["findings_left_out"]
    different = [key for key in expected if got.get(key) != expected[key]]
    for key in different:
        print(f"verify {key}", json.dumps(expected[key]), json.dumps(got.get(key)), sep="\t")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
