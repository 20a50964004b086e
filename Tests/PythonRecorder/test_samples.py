"""What a newcomer to samples/python does wrong, and what the samples then do. Run by `check`."""

import asyncio
import contextlib
import functools
import io
import json
import math
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from collections import Counter
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "samples" / "python"))
from attempt_log import AttemptLog  # noqa: E402
from retrier import Retrier  # noqa: E402

START = {"provider": "test", "operation": "call", "operation_id": "1", "attempt": 1}


class Unwritable:
    def __str__(self):
        raise RuntimeError("no text")


class Scratch(unittest.TestCase):
    """A directory of its own, in which a log is sound if `relmon verify` says so."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = os.path.realpath(scratch.name)
        self.path = f"{self.scratch}/attempts.jsonl"
        self.warnings = []

    def open(self, path=None, **options):
        log = AttemptLog(path or self.path, warn=self.warnings.append, **options)
        self.addCleanup(log.close)
        return log

    def lines(self, *kinds):
        lines = [json.loads(line) for line in Path(self.path).read_bytes().splitlines()]
        return [line for line in lines if line["kind"] in kinds] if kinds else lines

    def verify(self):
        done = subprocess.run([os.environ["BIN"] + "/relmon", "verify", self.path], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


class Recording(Scratch):
    def test_what_is_no_json_is_dropped_as_invalid(self):
        circle = []
        circle.append(circle)
        deep = functools.reduce(lambda inner, _: [inner], range(100_000), 1)
        for value in (datetime(2026, 1, 1), Decimal(1), b"", {1}, math.nan, math.inf, [{"a": [-math.inf]}], circle,
                      deep, object(), {(1, 2): 3}):
            with self.subTest(type(value)):
                log = self.open()
                log.record("attempt_start", **START, audio_seconds=value)
                self.assertEqual(log.dropped, {"invalid": 1})
                log.close()
        log = self.open()
        log.record("attempt", **START, error_message=Unwritable())
        self.assertEqual(log.dropped, {"invalid": 1})

    def test_keys_of_the_log_itself_are_invalid(self):
        log = self.open()
        for key in ("v", "kind", "time", "writer", "seq"):
            log.record("attempt_start", **START, **{key: 1})
        self.assertEqual(log.dropped, {"invalid": 5})
        log.record("attempt_start", **START, self="a key like any other")
        log.close()
        self.assertEqual(self.lines("attempt_start")[0]["self"], "a key like any other")

    def test_the_first_loss_is_warned_of_and_the_close_counts(self):
        log = self.open()
        log.record("attempt_start", **START)
        self.assertEqual(self.warnings, [])
        for _ in range(3):
            log.record("attempt_start", **START, audio_seconds=Decimal(1))
        self.assertEqual(self.warnings, [
            f"a line 'attempt_start' is not in {self.path!r}: invalid (TypeError: Object of type Decimal is not JSON "
            "serializable)"])
        log.record("attempt_start", **START, request_param="x" * 4_000)
        log.close()
        self.assertEqual(self.warnings[1:], [f"lines that are not in {self.path!r}, by reason: invalid 3, too_large 1"])
        log.close()
        self.assertEqual(len(self.warnings), 2)
        told = Counter()
        for line in self.lines("dropped"):
            told[line["reason"]] += line["count"]
        self.assertEqual(told, {"invalid": 3, "too_large": 1})
        last = self.lines()[-1]
        self.assertEqual((last["kind"], last["seq"]), ("writer_stop", len(self.lines()) + 4))

    def test_a_full_disk_and_a_late_line_are_warned_of(self):
        log = self.open()
        with mock.patch("os.write", side_effect=OSError(28, "full")):
            log.record("attempt_start", **START)
            log.record("attempt_start", **START)
        self.assertEqual(self.warnings, [f"a line 'attempt_start' is not in {self.path!r}: enospc"])
        late = self.open(f"{self.scratch}/late.jsonl")
        late.close()
        late.record("attempt_start", **START)
        self.assertEqual(self.warnings[1:], [f"a line 'attempt_start' is not in {late._path!r}: closed"])

    def test_a_lost_first_line_counts(self):
        self.open().close()
        with mock.patch("os.write", side_effect=OSError(28, "full")):
            log = self.open()
        self.assertEqual(log.dropped, {"enospc": 1})

    def test_a_signal_behind_a_write_costs_a_number_and_makes_no_duplicate(self):
        log, write = self.open(), os.write

        def interrupted(*arguments):
            write(*arguments)
            raise KeyboardInterrupt

        log.record("attempt_start", **START)
        with mock.patch("os.write", interrupted), self.assertRaises(KeyboardInterrupt):
            log.record("attempt_start", **START)
        log.record("attempt_start", **START)
        log.close()
        self.verify()
        numbers = [line["seq"] for line in map(json.loads, filter(None, Path(self.path).read_bytes().splitlines()))]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_the_default_warning_is_on_stderr(self):
        with contextlib.redirect_stderr(io.StringIO()) as stderr, AttemptLog(self.path) as log:
            log.record("attempt_start", **START, audio_seconds=math.nan)
        self.assertRegex(stderr.getvalue(), r"\Aattempt log: a line .* invalid .*\nattempt log: lines .* invalid 1\n\Z")

    def test_a_warning_that_cannot_be_given_raises_nothing(self):
        with contextlib.redirect_stderr(None), AttemptLog(self.path) as log:
            log.record("attempt_start", **START, audio_seconds=math.nan)
        self.assertEqual(log.dropped, {"invalid": 1})

    def test_a_warning_may_record(self):
        log = AttemptLog(self.path, warn=lambda text: log.record("attempt_start", **START))
        log.record("attempt_start", **START, audio_seconds=math.nan)
        log.close()
        self.assertEqual(len(self.lines("attempt_start")), 1)

    def test_with_closes(self):
        with self.assertRaises(KeyError), self.open() as log:
            log.record("attempt_start", **START)
            raise KeyError
        self.assertEqual([line["kind"] for line in self.lines()],
                         ["segment", "writer_start", "attempt_start", "writer_stop"])
        self.verify()


class Places(Scratch):
    def refused(self, text, path=None):
        with self.assertRaisesRegex(OSError, text):
            self.open(path)

    def test_a_path_with_a_slash_is_a_directory(self):
        before = os.umask(0)
        try:
            with self.open(f"{self.scratch}/dir/") as log:
                pass
            self.open(f"{self.scratch}/dir/").close()
        finally:
            os.umask(before)
        self.assertEqual(log._path, f"{self.scratch}/dir/attempts.jsonl")
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.scratch}/dir").st_mode), 0o700)
        self.assertEqual(os.listdir(f"{self.scratch}/dir"), ["attempts.jsonl"])
        Path(self.path).touch(0o600)
        self.refused("Not a directory", f"{self.path}/")
        self.refused("No such file", f"{self.scratch}/missing/dir/")

    def test_a_path_object_will_do(self):
        self.open(Path(self.path)).close()
        self.verify()

    def test_the_mode_is_0600_or_0640_whatever_the_umask(self):
        for mask in (0, 0o777):
            for options, mode in (({}, 0o600), ({"group_readable": True}, 0o640)):
                with self.subTest(mask=mask, **options):
                    path = f"{self.scratch}/{mask}-{mode}"
                    before = os.umask(mask)
                    try:
                        self.open(path, **options).close()
                    finally:
                        os.umask(before)
                    self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)

    def test_only_a_regular_file_will_do(self):
        os.mkfifo(f"{self.scratch}/fifo")
        self.refused("a FIFO, not a regular file", f"{self.scratch}/fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{self.scratch}/socket")
            self.refused("a socket, not a regular file", f"{self.scratch}/socket")
        self.refused("a device, not a regular file", "/dev/null")
        Path(f"{self.scratch}/other").touch()
        os.symlink("other", f"{self.scratch}/link")
        self.refused("a symbolic link, not a regular file", f"{self.scratch}/link")
        os.mkdir(f"{self.scratch}/dir")
        os.mkdir(f"{self.scratch}/dir/attempts.jsonl")
        self.refused("a directory, not a regular file", f"{self.scratch}/dir")
        self.assertEqual(Path(f"{self.scratch}/other").read_bytes(), b"")

    def test_a_file_that_is_exchanged_while_it_is_opened_is_refused(self):
        Path(self.path).touch(0o600)
        regular = os.lstat(self.path)
        os.unlink(self.path)
        os.mkfifo(self.path)
        with mock.patch("os.lstat", return_value=regular):
            self.refused("a FIFO, not a regular file")

    def test_a_file_with_another_name_or_owner_is_refused(self):
        Path(f"{self.scratch}/other").touch()
        os.link(f"{self.scratch}/other", self.path)
        self.refused("the file has 2 names, must have one")
        os.unlink(f"{self.scratch}/other")
        owner = os.geteuid()
        with mock.patch("os.geteuid", return_value=owner + 1):
            self.refused(rf"belongs to another user \(uid {owner}\)")
        self.assertEqual(Path(self.path).read_bytes(), b"")

    def test_directories_that_everybody_may_write_to_are_refused(self):
        inner = f"{self.scratch}/outer/inner"
        os.makedirs(inner)
        os.symlink(inner, f"{self.scratch}/link")
        # What is on the way may be sticky; that of the log must be ours as well.
        for outer_mode, inner_mode, owner, at_fault in (
                (0o775, 0o770, 0, None), (0o1777, 0o755, 0, None), (0o755, 0o1777, 0, None), (0o755, 0o777, 0, inner),
                (0o777, 0o755, 0, os.path.dirname(inner)), (0o755, 0o1777, 1, inner)):
            with self.subTest(outer=oct(outer_mode), inner=oct(inner_mode), owner=owner):
                os.chmod(os.path.dirname(inner), outer_mode)
                os.chmod(inner, inner_mode)
                with mock.patch("os.geteuid", return_value=os.geteuid() + owner):
                    if at_fault:
                        self.refused(f"cannot log to '{at_fault}': everybody may write there", inner)
                        self.refused(f"cannot log to '{at_fault}': everybody", f"{self.scratch}/link/log.jsonl")
                    else:
                        self.open(inner).close()

    def test_a_refused_log_can_be_lost_later_without_an_exception(self):
        log = self.open()
        os.unlink(self.path)
        os.mkfifo(self.path)
        for _ in range(300):  # it looks every 256 lines
            log.record("attempt_start", **START)
        self.assertTrue(stat.S_ISFIFO(os.lstat(self.path).st_mode))


class Refused(Exception):
    pass


class Calling(Scratch):
    def setUp(self):
        super().setUp()
        self.log = self.open()
        self.slept = []
        patch = mock.patch("time.sleep", self.slept.append)
        patch.start()
        self.addCleanup(patch.stop)

    def retrier(self, describe=lambda error: {}, **options):
        options = {"max_attempts": 3, "backoff": lambda attempt: 1.0} | options
        return Retrier(self.log, "test", describe=describe, **options)

    def call(self, function, *arguments, **options):
        return self.retrier(**options).call("call", function, *arguments)

    def refuse(self, **options):
        """What the log says about a call that always fails: its attempts, and the operation."""
        refusal = Refused("real")
        before = len(self.lines())

        def function():
            raise refusal

        with self.assertRaises(Refused) as raised:
            self.call(function, **options)
        self.assertIs(raised.exception, refusal)
        lines = self.lines()[before:]
        operation, = (line for line in lines if line["kind"] == "operation")
        return [line for line in lines if line["kind"] == "attempt"], operation

    def test_faults_of_describe_do_not_hide_the_error(self):
        def raises(error):
            raise KeyError("fault")

        for describe, warning in (
                (raises, "raises is at fault: KeyError"), (lambda error: None, "TypeError"),
                (lambda error: {"attempt": 7, "outcome": "success"}, "itself sets attempt, outcome"),
                (lambda error: {"seq": 1}, "itself sets seq"), (lambda error: {1: 2}, "TypeError"),
                (lambda error: {"error_type": type(error)}, "not JSON"), (lambda error: {"x": math.nan}, "ValueError"),
                (lambda error: {"error_message": Unwritable()}, "RuntimeError")):
            with self.subTest(warning):
                self.warnings.clear()
                retrier = self.retrier(describe)
                (attempt,), operation = self.refuse(describe=describe)
                self.assertEqual((attempt["error_class"], attempt["error_type"], attempt["attempt"]),
                                 ("other", "Refused", 1))
                self.assertEqual((operation["outcome"], operation["error_class"]), ("not_retryable", "other"))
                self.assertEqual(len(self.warnings), 1)
                self.assertIn(warning, self.warnings[0])
                for _ in range(2):
                    with self.assertRaises(ZeroDivisionError):
                        retrier.call("call", lambda: 1 / 0)
                self.assertEqual(len(self.warnings), 2)
        self.assertFalse(self.log.dropped)
        self.log.close()
        self.verify()

    def test_none_as_a_value_is_no_value(self):
        (attempt,), _ = self.refuse(describe=lambda error: dict.fromkeys(
            ("error_class", "error_type", "http_status", "retry", "retry_after_ms", "error_message")))
        self.assertEqual((attempt["error_class"], attempt["error_type"]), ("other", "Refused"))
        self.assertNotIn("error_message", attempt)
        self.assertEqual(self.warnings, [])

    def test_the_error_type_is_the_status_if_there_is_one(self):
        (attempt,), _ = self.refuse(describe=lambda error: {"http_status": 404, "error_class": "not_found"})
        self.assertEqual((attempt["error_class"], attempt["error_type"]), ("not_found", "404"))

    def test_retry_is_never_in_the_log(self):
        for facts in ({"retry": True}, {"retry": False}, {"retry": True, "error_class": "cancelled"},
                      {"retry": True, "retry_after_ms": 1e9}):
            attempts, _ = self.refuse(describe=lambda error: dict(facts))
            self.assertFalse([line for line in attempts if "retry" in line], facts)
        self.call(lambda: 1, describe_result=lambda result: {"retry": True})
        self.assertNotIn("retry", self.lines("attempt")[-1])

    def test_delays_that_are_none_are_ignored(self):
        for asked in (None, -5, math.nan, math.inf, "5"):
            with self.subTest(asked):
                self.slept.clear()
                attempts, operation = self.refuse(describe=lambda error: {"retry": True, "retry_after_ms": asked})
                self.assertEqual(self.slept, [1.0, 1.0])
                self.assertEqual((len(attempts), operation["outcome"]), (3, "attempts_exhausted"))
                self.assertNotIn("retry_after_ms", attempts[0])
        self.refuse(describe=lambda error: {"retry": True, "retry_after_ms": 2500})
        self.assertEqual(self.slept[-2:], [2.5, 2.5])
        attempts, operation = self.refuse(describe=lambda error: {"retry": True, "retry_after_ms": 10 ** 400})
        self.assertEqual(operation["outcome"], "delay_too_long")
        self.assertEqual(self.warnings, [])

    def test_faults_of_backoff_do_not_hide_the_error(self):
        for backoff in (lambda attempt: 1 / 0, lambda attempt: None, lambda attempt: math.inf, lambda attempt: math.nan,
                        lambda attempt: 1e12):
            self.warnings.clear()
            _, operation = self.refuse(describe=lambda error: {"retry": True}, backoff=backoff)
            self.assertEqual((operation["outcome"], len(self.warnings)), ("not_retryable", 1))
        self.refuse(describe=lambda error: {"retry": True}, backoff=lambda attempt: -1)
        self.assertEqual(self.slept, [0.0, 0.0])

    def test_at_least_one_attempt(self):
        with self.assertRaisesRegex(ValueError, "max_attempts must be at least 1, got 0"):
            self.retrier(max_attempts=0)

    def test_arguments_may_have_the_names_of_ours(self):
        given = {"self": 1, "operation": 2, "function": 3}
        self.assertEqual(self.retrier().call("call", lambda **options: options, **given), given)

    def test_coroutine_functions_are_refused(self):
        async def work():
            pass

        for function in (work, functools.partial(work)):
            with self.assertRaisesRegex(TypeError, "synchronous functions only"):
                self.call(function)
        self.assertEqual(self.lines("attempt_start", "attempt", "operation"), [])

    def test_an_awaitable_is_no_success(self):
        async def work():
            pass

        async def future():
            return asyncio.get_running_loop().create_future()

        finished = asyncio.run(future())
        with self.assertWarns(RuntimeWarning) as warned:
            for function in (lambda: work(), lambda: finished):
                with self.assertRaisesRegex(TypeError, "synchronous functions only; .*<lambda>"):
                    self.call(function, describe=lambda error: {"retry": True})
            work()  # the only one that Python may warn of
        self.assertEqual(len(warned.warnings), 1)
        found = [(line["outcome"], line["error_class"]) for line in self.lines("attempt")]
        self.assertEqual(found, [("failure", "other")] * 2)
        self.assertEqual([line["outcome"] for line in self.lines("operation")], ["not_retryable"] * 2)

    def test_facts_of_a_success(self):
        facts = {"http_status": 200, "request_id": "r", "job_id": "j", "audio_seconds": 1.5, "quota_remaining": 7}
        self.assertEqual(self.call(lambda: 42, describe_result=lambda result: facts | {"error_code": None}), 42)
        attempt, operation = self.lines("attempt")[-1], self.lines("operation")[-1]
        self.assertEqual(attempt, attempt | facts)
        self.assertEqual({key: operation.get(key) for key in facts},
                         {"http_status": None, "request_id": None, "job_id": "j", "audio_seconds": 1.5,
                          "quota_remaining": None})
        for fault in (lambda result: result / 0, lambda result: {"attempt": 2}):
            self.warnings.clear()
            self.assertEqual(self.call(lambda: 42, describe_result=fault), 42)
            self.assertEqual((self.lines("attempt")[-1]["attempt"], len(self.warnings)), (1, 1))
        self.log.close()
        self.verify()


class Sometimes(BaseHTTPRequestHandler):
    """`/flaky` succeeds at the third request; `/missing` never; `/cut` ends before its answer does."""

    def do_GET(self):
        name = self.path.split("?")[0]
        self.server.requests[name] += 1
        status = {"/missing": 404, "/flaky": (503, 429, 200)[min(self.server.requests[name], 3) - 1]}.get(name, 200)
        self.send_response(status)
        self.send_header("Content-Length", "9" if name == "/cut" else "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


class Minimal(Scratch):
    def test_it_retries_and_its_log_is_sound(self):
        sample = ROOT / "samples/python/minimal.py"
        self.assertLessEqual(len(sample.read_text().splitlines()), 45)
        # The sample does not wait here for what it would wait for elsewhere.
        Path(f"{self.scratch}/sitecustomize.py").write_text("import time\ntime.sleep = lambda seconds: None\n")
        with ThreadingHTTPServer(("127.0.0.1", 0), Sometimes) as server:
            server.requests = Counter()
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                base = f"http://127.0.0.1:{server.server_port}"
                names = ("/plain?key=secret", "/flaky", "/missing", "/cut")
                done = subprocess.run(
                    [sys.executable, sample, self.path, *(base + name for name in names), "no-url"],
                    capture_output=True, text=True, timeout=60,
                    env=os.environ | {"PYTHONPATH": self.scratch, "no_proxy": "*"})
            finally:
                server.shutdown()
                thread.join()
        self.assertEqual(done.stdout, f"{base}/plain 200 2\n{base}/flaky 200 2\n")
        self.assertEqual(done.stderr, f"{base}/missing HTTPError\n{base}/cut IncompleteRead\nno-url ValueError\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(server.requests, {"/plain": 1, "/flaky": 3, "/missing": 1, "/cut": 3})
        self.assertNotIn("secret", Path(self.path).read_text())
        keys = "outcome", "attempts", "http_status", "error_class", "error_type"
        self.assertEqual([tuple(line.get(key) for key in keys) for line in self.lines("operation")], [
            ("success", 1, None, None, None), ("success", 3, None, None, None),
            ("not_retryable", 1, 404, "not_found", "404"), ("attempts_exhausted", 3, None, "network", "IncompleteRead"),
            ("not_retryable", 1, None, "invalid_request", "ValueError")])
        self.assertEqual([line.get("http_status") for line in self.lines("attempt")],
                         [200, 503, 429, 200, 404, None, None, None, None])
        self.assertEqual(self.lines()[-1]["kind"], "writer_stop")
        self.verify()


if __name__ == "__main__":
    unittest.main()
