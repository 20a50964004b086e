"""The queries of duckdb_report.py: an attempt log as tables, and the figures of a report from them."""

from __future__ import annotations

COLUMNS = dict.fromkeys(
    ("kind", "time", "writer", "host", "provider", "account", "operation", "operation_id", "parent_id", "outcome",
     "retry_reason", "error_class", "error_type", "error_code", "decision"), "VARCHAR") | dict.fromkeys(
    ("seq", "pid", "attempt", "attempts", "http_status", "count"), "BIGINT") | dict.fromkeys(
    ("latency_ms", "slept_ms", "backoff_ms", "duration_ms", "audio_seconds"), "DOUBLE") | {"retried": "BOOLEAN"}
OUTCOMES = ("success", "not_retryable", "attempts_exhausted", "deadline_exceeded", "delay_too_long", "budget_denied",
            "cancelled", "abandoned")

# ---------------------------------------------------------------------------------------------------------------------
# The log as tables. Times are microseconds since 1970.

LINES = f"""
    CREATE TABLE lines AS
    SELECT row_number() OVER () AS place, epoch_us(time::TIMESTAMP) AS moment, * EXCLUDE time
    FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS})"""

REFUSED = {
    "repeated lines": "SELECT count(*) - count(DISTINCT (writer, seq)) FROM lines",
    "more than one end of an operation":
        "SELECT count(*) - count(DISTINCT operation_id) FROM lines WHERE kind = 'operation'",
    "lines without their time, kind, writer or number":
        "SELECT count(*) FROM lines WHERE moment IS NULL OR kind IS NULL OR writer IS NULL OR seq IS NULL",
    "outcomes outside the closed set": f"""
        SELECT count(*) FROM lines WHERE kind = 'operation' AND outcome NOT IN {OUTCOMES[:-1]}
        OR kind = 'attempt' AND outcome NOT IN ('success', 'failure')""",
}

TABLES = """
    -- A writer is gone when it said so, or when its process id went to another.
    CREATE TABLE gone AS
    SELECT writer FROM lines WHERE kind = 'writer_stop'
    UNION
    SELECT writer FROM (
        SELECT writer, lead(writer) OVER (PARTITION BY host, pid ORDER BY moment, place) AS successor
        FROM lines WHERE kind = 'writer_start' AND host IS NOT NULL AND pid IS NOT NULL)
    WHERE successor <> writer;

    CREATE TABLE ended AS SELECT * FROM lines WHERE kind = 'operation';

    CREATE TABLE unfinished AS
    SELECT * FROM lines ANTI JOIN ended USING (operation_id) WHERE kind IN ('attempt_start', 'attempt');

    -- The lines of an operation and of those that serve it.
    CREATE TABLE signs AS
    SELECT operation_id, max(moment) AS last_sign
    FROM (SELECT operation_id, moment FROM lines UNION ALL SELECT parent_id, moment FROM lines)
    WHERE operation_id IN (SELECT operation_id FROM unfinished) GROUP BY operation_id;

    CREATE TABLE abandoned AS
    SELECT * FROM (
        SELECT operation_id, arg_min(provider, (moment, place)) AS provider, arg_min(operation, (moment, place)) AS operation,
               arg_min(coalesce(parent_id, ''), (moment, place)) AS parent_id, bool_or(attempt > 1) AS retried,
               count(*) FILTER (kind = 'attempt') AS attempts, arg_max(writer, (moment, place)) AS writer,
               arg_max(moment + CASE WHEN kind = 'attempt' AND decision = 'retry'
                            THEN round(coalesce(backoff_ms, 0) * 1000)::BIGINT ELSE 0 END, (moment, place)) AS planned
        FROM unfinished GROUP BY operation_id
        HAVING bool_or(kind = 'attempt_start' OR decision = 'retry'))
    JOIN signs USING (operation_id)
    WHERE writer IN (SELECT writer FROM gone) OR $now > greatest(last_sign, planned) + 15 * 60 * 1000000;

    -- O, with the time that decides on the window.
    CREATE TABLE operations AS
    SELECT moment, place, provider, operation, parent_id, outcome, retried, attempts, duration_ms, slept_ms,
           error_class, error_type, error_code, http_status, outcome <> 'cancelled' AS known
    FROM ended
    UNION ALL
    SELECT last_sign, NULL, provider, operation, nullif(parent_id, ''), 'abandoned', retried, attempts, NULL, NULL,
           NULL, NULL, NULL, NULL, false
    FROM abandoned;

    -- A: an attempt goes with its operation, if that has ended.
    CREATE TABLE attempts AS
    SELECT coalesce(ended.moment, lines.moment) AS moment, lines.* EXCLUDE (moment, error_class, retry_reason),
           lines.outcome = 'failure' AS failed,
           CASE WHEN failed THEN coalesce(lines.error_class, 'other') END AS error_class,
           CASE WHEN lines.attempt > 1 THEN coalesce(lines.retry_reason, 'other') END AS retry_reason,
           coalesce(CASE WHEN failed THEN lines.error_class END, '') <> 'cancelled' AS counted
    FROM lines LEFT JOIN ended USING (operation_id) WHERE lines.kind = 'attempt';"""

# ---------------------------------------------------------------------------------------------------------------------
# STATS of every scope at once


def ordered(column: str, name: str) -> str:
    return (f"count({column}) AS {name}_count, coalesce(sum({column}), 0) AS {name}_sum, min({column}) AS {name}_min, "
            f"max({column}) AS {name}_max, list_sort(list({column}) FILTER ({column} IS NOT NULL)) AS {name}_ordered")


IN_SCOPE = """moment >= low AND moment < high AND NOT (headline AND parent_id IS NOT NULL)
    AND (scopes.provider IS NULL OR scopes.provider = rows.provider AND scopes.operation = rows.operation)"""

OF_OPERATIONS = f"""
    SELECT scope, count(*) AS operations,
           {", ".join(f"count(*) FILTER (outcome = '{name}') AS {name}" for name in OUTCOMES)},
           count(*) FILTER (known) AS known_count,
           count(*) FILTER (known AND attempts >= 1) AS tried,
           count(*) FILTER (success_of_known AND NOT retried) AS first_successes,
           count(*) FILTER (known AND attempts >= 2) AS retried_operations,
           count(*) FILTER (success_of_known AND attempts >= 2) AS rescued_operations,
           coalesce(sum(attempts), 0) AS attempts_of_operations, count(*) FILTER (attempts >= 1) AS with_attempts,
           coalesce(sum(slept_ms), 0) AS slept_ms,
           coalesce(sum(slept_ms) FILTER (known AND outcome <> 'success'), 0) AS wasted_ms,
           {ordered("duration_ms", "duration")}
    FROM (SELECT *, known AND outcome = 'success' AS success_of_known FROM operations) AS rows
    JOIN scopes ON {IN_SCOPE} GROUP BY scope"""

OF_ATTEMPTS = f"""
    SELECT scope, count(*) AS attempts, count(*) FILTER (counted) AS counted_attempts,
           count(*) FILTER (counted AND failed) AS failed_attempts,
           count(*) FILTER (counted AND attempt >= 2) AS retries,
           count(*) FILTER (counted AND attempt >= 2 AND NOT failed) AS good_retries,
           coalesce(sum(audio_seconds), 0) AS audio,
           coalesce(sum(audio_seconds) FILTER (attempt = 1), 0) AS first_audio,
           {ordered("latency_ms", "latency")}
    FROM attempts AS rows JOIN scopes ON {IN_SCOPE} GROUP BY scope"""

EVERY_SCOPE = """
    SELECT scope, o.* EXCLUDE scope, a.* EXCLUDE scope
    FROM scopes LEFT JOIN of_operations AS o USING (scope) LEFT JOIN of_attempts AS a USING (scope)"""

# ---------------------------------------------------------------------------------------------------------------------
# The tables by error, retry and incident

ERRORS = """
    WITH failed AS (
        SELECT provider, operation, error_class, error_type, error_code, http_status, count(*) AS attempts
        FROM attempts WHERE moment >= $low AND moment < $high AND counted AND failed GROUP BY ALL),
    final AS (
        SELECT provider, operation, error_class, error_type, error_code, http_status, count(*) AS final
        FROM operations WHERE moment >= $low AND moment < $high AND known AND outcome <> 'success' AND error_class IS NOT NULL
        GROUP BY ALL),
    together AS (
        SELECT provider, operation, error_class, error_type, error_code, http_status,
               sum(attempts)::BIGINT AS attempts, sum(final)::BIGINT AS final
        FROM (SELECT *, 0 AS final FROM failed UNION ALL BY NAME SELECT *, 0 AS attempts FROM final) GROUP BY ALL)
    SELECT *, coalesce(attempts / nullif(sum(attempts) OVER (PARTITION BY provider, operation), 0), 0)::DOUBLE AS share
    FROM together"""

RETRIES = """
    SELECT provider, operation, retry_reason AS reason, count(*) FILTER (NOT failed) AS hits, count(*) AS of,
           coalesce(sum(slept_ms), 0) / 1000 AS slept_seconds
    FROM attempts WHERE moment >= $low AND moment < $high AND counted AND attempt >= 2 GROUP BY ALL"""

RETRIES_BY_ATTEMPT = """
    SELECT provider, operation, attempt, count(*) FILTER (NOT failed) AS hits, count(*) AS of
    FROM attempts WHERE moment >= $low AND moment < $high AND counted AND attempt >= 2 GROUP BY ALL"""

# A run of failures is what lies between the same two successes.
INCIDENTS = """
    WITH in_order AS (
        SELECT *, outcome = 'success' AS good, coalesce(error_code, error_type, error_class) AS error,
               sum((outcome = 'success')::BIGINT) OVER (
                   PARTITION BY provider, operation ORDER BY moment, place ROWS UNBOUNDED PRECEDING) AS run
        FROM operations WHERE known),
    runs AS (
        SELECT provider, operation, run, min(moment) AS low, count(*) AS failed_operations,
               sum(greatest(attempts - 1, 0))::BIGINT AS retries
        FROM in_order WHERE NOT good GROUP BY ALL HAVING count(*) >= 3),
    counted_errors AS (
        SELECT provider, operation, run, error, count(*) AS times FROM in_order WHERE NOT good AND error IS NOT NULL
        GROUP BY ALL),
    names AS (
        SELECT DISTINCT ON (provider, operation, run) provider, operation, run, error AS error_code
        FROM counted_errors ORDER BY provider, operation, run, times DESC, error),
    successes AS (SELECT provider, operation, run - 1 AS run, moment AS high FROM in_order WHERE good)
    SELECT provider, operation, low AS "from", high AS "to", failed_operations, retries, error_code
    FROM runs LEFT JOIN names USING (provider, operation, run) LEFT JOIN successes USING (provider, operation, run)
    WHERE low < $high AND (high IS NULL OR high > $low OR low >= $low)"""

LOG = """
    SELECT count(*) AS records, count(*) FILTER (kind = 'attempt') AS attempts,
           count(*) FILTER (kind = 'operation') AS operations, 0 AS rejected,
           (SELECT sum(high - low + 1 - n)::BIGINT FROM (
               SELECT min(seq) AS low, max(seq) AS high, count(*) AS n FROM lines GROUP BY writer)) AS missing,
           coalesce(sum(count), 0)::BIGINT AS dropped, 0 AS duplicates
    FROM lines"""
