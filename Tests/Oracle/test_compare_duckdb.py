"""Tests of compare_duckdb.py: the oracle and the SQL agree, and what differs is told."""

import json

import pytest

import expected
import generate_log
from test_oracle import Lines

compare_duckdb = pytest.importorskip("compare_duckdb", reason="needs duckdb")
WINDOW = ["--from", "2026-11-16T00:00:00Z", "--to", "2026-11-23T00:00:00Z", "--now", "2026-11-23T00:00:00Z"]


@pytest.fixture
def compared(tmp_path, capsys):
    """Compares the oracle's report, changed by a function, with a log to which text is appended."""
    log, got = tmp_path / "attempts.jsonl", tmp_path / "report.json"
    generate_log.main(["--seed", "5", "--from", "2026-11-09T00:00:00Z", "--to", WINDOW[3], "--operations", "1500",
                       "--out", str(log)])
    options = expected.command_line("").parse_args(["report", *WINDOW, str(log)])
    report = expected.computed(options)

    def compared(change=lambda report: None, more=lambda lines: ""):
        changed = json.loads(json.dumps(report))
        change(changed)
        got.write_text(json.dumps(changed))
        with open(log, "r+", encoding="utf-8") as file:
            file.write(more(file.readlines()))
        capsys.readouterr()
        status = compare_duckdb.main([*WINDOW, "--got", str(got), str(log)])
        told = capsys.readouterr()
        return status, [line.split("\t")[0] for line in told.out.splitlines()], told.err

    return compared


def test_the_oracle_agrees(compared):
    assert compared() == (0, [], "")


@pytest.mark.parametrize("section", ["operations", "errors", "retries", "retries_by_attempt", "incidents", "days"])
def test_a_row_that_is_gone_is_told(compared, section):
    status, keys, _ = compared(lambda report: report[section].pop())
    assert status == 1 and f"{section} (rows)" in keys and all(key.startswith(section) for key in keys)


def test_a_changed_figure_is_told(compared):
    def change(report):
        report["totals"]["rescued_operations"] += 1
        report["days"][3]["slept_seconds"] *= 1 + 1e-7
        report["previous"]["attempt_latency_ms"]["p95"] *= 1.02

    assert compared(change)[:2] == (
        1, ["totals.rescued_operations", "previous.attempt_latency_ms.p95", "days[2026-11-19].slept_seconds"])


@pytest.mark.parametrize("more, reason", [
    (lambda lines: lines[-1], "repeated lines"),
    (lambda lines: '{"v":1,"kind":', "Malformed JSON"),
    (lambda lines: '{"v":1,"kind":"segment"}\n', "lines without their time"),
])
def test_a_log_that_is_not_plain_is_refused(compared, more, reason):
    status, keys, error = compared(more=more)
    assert (status, keys) == (2, []) and reason in error


def edges():
    """An operation over the begin of the window, three failures in a row, one left in the middle, one still open."""
    lines = Lines().attempt("2026-11-15T23:59:58Z", "edge", error="server_error", decision="retry", backoff_ms=2000)
    lines.attempt("2026-11-16T00:00:01Z", "edge", attempt=2).operation("2026-11-16T00:00:01Z", "edge", attempts=2)
    for hour in ("10", "11", "12"):
        lines.attempt(f"{hour}:00:00", hour, error="server_error")
        lines.operation(f"{hour}:00:00", hour, "not_retryable", error_class="server_error", error_code=f"e{hour}")
    lines.start("13:00:00", "left").start("2026-11-22T23:44:59Z", "late").start("2026-11-22T23:45:00Z", "open")
    return lines


def test_edges(tmp_path):
    log, got = tmp_path / "attempts.jsonl", tmp_path / "report.json"
    log.write_text("".join(f"{text}\n" for text in edges().texts))
    report = expected.computed(expected.command_line("").parse_args(["report", *WINDOW, str(log)]))
    # the retry and the attempt before it, and three that failed; `open` is silent for 15 minutes, not longer
    assert (report["totals"]["attempts"], report["totals"]["outcomes"]["abandoned"]) == (5, 2)
    assert len(report["incidents"]) == 1
    got.write_text(json.dumps(report))
    assert compare_duckdb.main([*WINDOW, "--got", str(got), str(log)]) == 0
