"""Tests of compare_built.py on a generated log, with the oracle's own answers as what relmon says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import compare_built

HERE = Path(__file__).parent
WEEK = ["--from", "2026-11-16T00:00:00Z", "--to", "2026-11-23T00:00:00Z"]
NOW = ["--now", "2026-11-23T00:00:00Z"]
LISTED = ["incidents", "quota_episodes", "api_client_quota_*"]


def run(program, *arguments):
    return subprocess.run([sys.executable, HERE / program, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "attempts.jsonl"
    run("generate_log.py", "--seed", "7", *WEEK, "--operations", "500", "--out", path)
    return path


@pytest.fixture(scope="module")
def report(log):
    return with_added(json.loads(run("expected.py", "report", *WEEK, *NOW, log)))


def with_added(report):
    """As relmon writes it."""
    for path, keys in compare_built.ADDED.items():
        part = report[path] if path else report
        for values in part if isinstance(part, list) else [part]:
            values.update(dict.fromkeys(keys))
    return report


def status(tmp_path, report, log):
    got = tmp_path / "got.json"
    got.write_text(json.dumps(report))
    return compare_built.main(["report", *WEEK, *NOW, "--got", str(got), str(log)])


def without(report, *keys):
    return {key: value for key, value in report.items() if key not in keys}


@pytest.fixture(autouse=True)
def not_yet(monkeypatch, tmp_path):
    path = tmp_path / "not-yet.txt"
    path.write_text("# why\n\n" + "\n".join(LISTED) + "\n")
    monkeypatch.setattr(compare_built, "NOT_YET", path)


def test_listed_keys_may_be_absent(tmp_path, report, log):
    assert status(tmp_path, without(report, "incidents", "quota_episodes"), log) == 0


def test_a_listed_key_that_exists_fails(tmp_path, report, log, capsys):
    assert status(tmp_path, without(report, "incidents"), log) == 1
    assert capsys.readouterr().out == "quota_episodes\tnot yet\texists\n"


def test_another_absent_key_fails(tmp_path, report, log):
    assert status(tmp_path, without(report, "incidents", "quota_episodes", "days"), log) == 1


def test_another_value_fails(tmp_path, report, log, capsys):
    built = without(report, "incidents", "quota_episodes")
    built["totals"] = {**built["totals"], "operations": 1}
    assert status(tmp_path, built, log) == 1
    assert capsys.readouterr().out.startswith("totals.operations\t")


@pytest.mark.parametrize(("path", "label"), [("", "report"), ("slo", "slo"), ("errors", "errors")])
def test_an_added_key_that_is_missing_or_not_behind_the_others_fails(tmp_path, report, log, capsys, path, label):
    for place in ["nowhere", "first"]:
        built = json.loads(json.dumps(without(report, "incidents", "quota_episodes")))
        part = built[path] if path else built
        values = part[0] if isinstance(part, list) else part
        key = compare_built.ADDED[path][0]
        value = values.pop(key)
        if place == "first":
            others = dict(values)
            values.clear()
            values.update({key: value, **others})
        assert status(tmp_path, built, log) == 1
        assert capsys.readouterr().out.startswith(f"{label} (last keys)\t")


def test_a_key_that_is_not_listed_fails(tmp_path, report, log, capsys):
    built = without(report, "incidents", "quota_episodes")
    built = {**built, "slo": {"another": 1, **built["slo"]}}
    assert status(tmp_path, built, log) == 1
    assert capsys.readouterr().out.startswith("slo.another\t")


def test_only_absence_is_forgiven():
    found = [
        ('api_client_quota_exhausted{quota="daily"}', 1, "absent"),
        ('api_client_quota_exhausted{quota="rate"}', 1, 0),
        ('api_client_attempts_total{provider="lesan"}', 1, "absent"),
        ("totals.incidents", 1, "absent"),
    ]
    assert compare_built.left_over(found, LISTED) == found[1:]


@pytest.mark.parametrize("line", [
    'api_client_quota_exhausted{quota="daily"} 0', "api_client_quota_exhausted 0",
    "# TYPE api_client_quota_exhausted gauge", "# HELP api_client_quota_exhausted A text.",
])
def test_a_listed_metric_that_exists_is_named(line):
    text = f"api_client_attempts_total 1\n{line}\n"
    assert compare_built.present(text, LISTED) == ["api_client_quota_exhausted"]


def test_a_metric_is_not_taken_for_its_prefix():
    assert compare_built.present("api_client_quotas 1\n", LISTED) == []
