"""Transcribes with AssemblyAI's own SDK, and every attempt goes into the log of relmon.

    python transcribe_with_sdk.py LOG AUDIO_URL...

Needs `pip install assemblyai`; the key is in $ASSEMBLYAI_API_KEY, and $ASSEMBLYAI_BASE_URL leads
the SDK elsewhere. An attempt to transcribe is one job, from its submission to its end; a job that
fails by a server error is submitted once more after 5 s, as AssemblyAI's guide says. The submission
and each poll are operations below it, with retries of their own.
"""

from __future__ import annotations

import random
import re
import sys
import time
from typing import Any

import assemblyai as aai
import httpx

from attempt_log import AttemptLog
from retrier import Retrier

RESUBMISSION_SECONDS = 5.0
REQUEST_ATTEMPTS_MAX = 3
BACKOFF_SECONDS_MAX = 20.0
POLL_SECONDS_MAX = 10_800.0

# What a failed job says: prefix without its final dot, class, name; the first that fits.
JOB_ERRORS = [
    ("Internal server error. Please retry your request", "server_error", "server_error"),
    ("Server error, developers have been alerted", "server_error", "server_error_legacy"),
    ("Download error", "media_error", "download_error"),
    ("File does not appear to contain audio", "media_error", "not_audio"),
    ("Transcoding failed. File does not appear to contain audio", "media_error", "not_audio"),
    ("Audio duration is too short", "media_error", "audio_too_short"),
    ("language_detection cannot be performed on files with no spoken audio", "media_error", "no_speech"),
    ("", "other", "unknown_job_error"),
]
# What a refused request says: status, prefix, class, code, limit; the first that fits.
REQUEST_ERRORS = [
    (400, "Your current account balance is negative", "quota_exhausted", "negative_balance", "balance"),
    (400, "Transcript lookup error, transcript id not found", "not_found", "transcript_not_found", None),
    (400, "", "invalid_request", None, None),
    (401, "", "auth", None, None),
    (403, "", "permission", None, None),
    (404, "", "not_found", None, None),
    (408, "", "timeout", None, None),
    (422, "", "invalid_request", None, None),
    (429, "", "rate_limited", None, "rate"),
]
TRANSIENT = {"server_error", "timeout", "network", "rate_limited"}


class JobFailed(Exception):
    """The job ended in `error`; `text` is what AssemblyAI says."""

    def __init__(self, job_id: str | None, text: str):
        super().__init__(text)
        self.job_id, self.text = job_id, text


class PollLimitReached(Exception):
    """The job was not done in time; it may go on."""

    def __init__(self, job_id: str | None):
        super().__init__(job_id)
        self.job_id = job_id


class Transcriptions:
    """One client of the SDK, whose calls are recorded."""

    def __init__(self, log: AttemptLog):
        self.client = aai.Client(settings=aai.settings)
        self.transcriber = aai.Transcriber(client=self.client)
        self.transcribing = Retrier(log, "assemblyai", max_attempts=2, describe=self.describe_job,
                                    backoff=lambda attempt: RESUBMISSION_SECONDS)
        self.submitting = Retrier(log, "assemblyai", REQUEST_ATTEMPTS_MAX, backoff, self.describe_submission)
        self.polling = Retrier(log, "assemblyai", REQUEST_ATTEMPTS_MAX, backoff, self.describe, billable=False)

    def transcribe(self, audio_url: str) -> aai.Transcript:
        return self.transcribing.call("transcribe", self.run_job, audio_url)

    def run_job(self, audio_url: str) -> aai.Transcript:
        job = self.submitting.call("submit", self.transcriber.submit, audio_url)
        started, wait = time.monotonic(), self.client.settings.polling_interval
        while time.monotonic() - started + wait <= POLL_SECONDS_MAX:
            time.sleep(wait)
            wait = self.client.settings.polling_interval
            try:
                self.polling.call("poll", look_at, job)
            except Exception as error:
                # The job goes on whatever becomes of a poll.
                facts = self.describe(error)
                if not facts["retry"]:
                    raise
                wait = max(wait, facts.get("retry_after_ms", 0) / 1000)
            if job.status == aai.TranscriptStatus.error:
                raise JobFailed(job.id, job.error or "")
            if job.status == aai.TranscriptStatus.completed:
                return job
        raise PollLimitReached(job.id)

    # What an exception means, as keys of the log.

    def describe_job(self, error: Exception) -> dict[str, Any]:
        """Only a job is submitted again: a failed request had its retries."""
        if not isinstance(error, JobFailed):
            facts = self.describe(error)
            for key in ("retry_after_ms", "retry_after_source"):
                facts.pop(key, None)
            return facts | {"retry": False}
        text = error.text.lower()
        error_class, name = next(row[1:] for row in JOB_ERRORS if text.startswith(row[0].lower()))
        return {"http_status": 200, "error_layer": "result", "error_class": error_class,
                "error_type": "error", "error_code": name, "error_message": self.redacted(error.text),
                "request_sent": "yes", "job_id": error.job_id, "retry": error_class == "server_error"}

    def describe_submission(self, error: Exception) -> dict[str, Any]:
        """A submission of unknown fate is not repeated: it may have made a job, which is billed."""
        facts = self.describe(error)
        return facts | {"retry": facts["retry"] and facts["request_sent"] != "unknown"}

    def describe(self, error: Exception) -> dict[str, Any]:
        status, response = getattr(error, "status_code", None), self.client.last_response
        if status is not None and response is not None and response.status_code == status:
            return self.describe_answer(response)
        facts = {"error_type": type(error).__name__, "request_sent": "unknown", "retry": False}
        if isinstance(error, ValueError) and response is not None:  # JSON's and pydantic's errors are such
            return facts | {"http_status": response.status_code, "error_layer": "http",
                            "error_class": "malformed_response", "request_sent": "yes"}
        if isinstance(error, httpx.TransportError):
            timed_out = isinstance(error, httpx.TimeoutException)
            facts |= {"error_layer": "transport", "error_class": "timeout" if timed_out else "network",
                      "retry": True}
            if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
                facts["request_sent"] = "no"
            return facts
        if isinstance(error, PollLimitReached):
            return facts | {"error_layer": "client", "error_class": "timeout", "request_sent": "yes",
                            "job_id": error.job_id}
        return facts | {"error_layer": "client", "error_class": "other"}

    def describe_answer(self, response: httpx.Response) -> dict[str, Any]:
        """By the answer itself: the SDK's text quotes the request with its URLs."""
        status, text = response.status_code, error_text(response)
        rows = (row[2:] for row in REQUEST_ERRORS
                if row[0] == status and text.lower().startswith(row[1].lower()))
        error_class, code, quota = next(rows, ("server_error" if status >= 500 else "other", None, None))
        facts = {"http_status": status, "error_layer": "http", "error_class": error_class,
                 "error_type": str(status), "error_code": code, "error_message": self.redacted(text) or None,
                 "quota_name": quota, "request_sent": "yes", "retry": error_class in TRANSIENT}
        seconds = response.headers.get("retry-after", "")
        if re.fullmatch(r"[0-9]{1,9}", seconds):
            facts |= {"retry_after_ms": int(seconds) * 1000, "retry_after_source": "header"}
        return facts

    def redacted(self, text: str) -> str:
        """What AssemblyAI says may quote the key, and URLs that are signed in their queries."""
        key = self.client.settings.api_key
        if key:
            text = text.replace(key, "[REDACTED]")
        return re.sub(r"\?[^\s\"'<>]+", "?[REDACTED]", text)


def look_at(job: aai.Transcript) -> None:
    """Asks once how the job stands."""
    try:
        job.wait_for_completion(poll_timeout=0)
    except aai.TranscriptError as error:
        if error.status_code is not None:
            raise  # Without a status the SDK only says that the job is not done.


def backoff(attempt: int) -> float:
    """Exponential, with full jitter."""
    return random.uniform(0, min(BACKOFF_SECONDS_MAX, 2.0 ** (attempt - 1)))


def error_text(response: httpx.Response) -> str:
    """Empty for a gateway's answer, which is HTML or nothing."""
    try:
        text = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    log = AttemptLog(arguments[0])
    failed = 0
    try:
        transcriptions = Transcriptions(log)
        for audio_url in arguments[1:]:
            name = audio_url.split("?")[0]
            try:
                print(f"{name}: {transcriptions.transcribe(audio_url).text!r}")
            except Exception as error:
                failed += 1
                facts = transcriptions.describe_job(error)
                print(f"{name}: {facts['error_class']}, {facts.get('error_message')!r}", file=sys.stderr)
                if facts["error_class"] == "server_error":
                    print(f"{name}: please contact support@assemblyai.com", file=sys.stderr)
    finally:
        log.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
