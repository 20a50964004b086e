"""Writes the records of a log with Python's logging and a JSON formatter, as fast as it can.

    json_logging.py LOG OUTPUT REPEATS ROUNDS

Prints lines/s of the median round, and the median and the 99th percentile of a call in seconds.
"""

import json
import logging
import statistics
import sys
import time


class JSONFormatter(logging.Formatter):
    """One object a line: the time, and the fields of the record."""

    def format(self, record):
        fields = {"v": 1, "kind": record.msg, "time": self.formatTime(record)}
        return json.dumps(fields | record.fields, separators=(",", ":"))


def main():
    log, output, repeats, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    handler = logging.FileHandler(output)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("attempts")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    records = []
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                fields = json.loads(line)
            except ValueError:
                continue  # A damaged line, which the reader of the log skips as well.
            if not isinstance(fields, dict) or "kind" not in fields:
                continue
            kind = fields["kind"]
            rest = {key: fields[key] for key in fields if key not in ("v", "kind", "time")}
            records.append((kind, {"fields": rest}))
    times, calls = [], []
    for _ in range(rounds):
        began = last = time.perf_counter()
        for _ in range(repeats):
            for kind, extra in records:
                logger.info(kind, extra=extra)
                now = time.perf_counter()
                calls.append(now - last)
                last = now
        times.append(last - began)
    calls.sort()
    speed = repeats * len(records) / statistics.median(times)
    print(speed, calls[len(calls) // 2], calls[len(calls) * 99 // 100])


if __name__ == "__main__":
    main()
