"""DuckDB's plain group-by over an attempt log, on one thread, for `compare`.

    duckdb_group_by.py LOG

Prints rows of provider, operation, attempts, failed attempts, and on standard error the seconds of
the query alone, without the start of Python.
"""

import sys
import time

import duckdb

COLUMNS = {"kind": "VARCHAR", "provider": "VARCHAR", "operation": "VARCHAR", "outcome": "VARCHAR",
           "error_class": "VARCHAR", "attempt": "BIGINT", "latency_ms": "DOUBLE", "slept_ms": "DOUBLE"}
GROUPS = f"""
    SELECT provider, operation, error_class, count(*) AS attempts,
           count(*) FILTER (outcome = 'failure') AS failures, count(*) FILTER (attempt > 1) AS retries,
           avg(latency_ms) AS latency_ms, sum(slept_ms) AS slept_ms
    FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS})
    WHERE kind = 'attempt' GROUP BY ALL"""

sql = duckdb.connect(config={"threads": 1})
began = time.perf_counter()
groups = sql.execute(GROUPS, [sys.argv[1]]).fetchall()
print(time.perf_counter() - began, file=sys.stderr)

attempts, failed = {}, {}
for provider, operation, error_class, count, failures, *_ in groups:
    pair = f"{provider}\t{operation}"
    attempts[pair] = attempts.get(pair, 0) + count
    failed[pair] = failed.get(pair, 0) + (failures if error_class != "cancelled" else 0)
for pair, count in attempts.items():
    print(pair, count, failed[pair], sep="\t")
