"""Fetches URLs with retries; every attempt goes into the log of relmon."""

import random
import socket
import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

from attempt_log import AttemptLog
from retrier import Retrier


def fetch(url):
    with urlopen(url, timeout=30) as response:
        return response.status, len(response.read())


def describe(error):  # without its text, which may quote the URL
    if isinstance(error, HTTPError):
        classes = {401: "auth", 403: "permission", 404: "not_found", 429: "rate_limited"}
        error_class = classes.get(error.code, "server_error" if error.code >= 500 else "invalid_request")
        return {"error_layer": "http", "error_class": error_class, "http_status": error.code, "request_sent": "yes",
                "retry": error_class in ("rate_limited", "server_error")}
    cause = getattr(error, "reason", error)  # of a URLError
    is_network = isinstance(error, (OSError, HTTPException))
    error_class = "timeout" if isinstance(cause, socket.timeout) else "network" if is_network else "invalid_request"
    return {"error_layer": "transport" if is_network else "client", "error_class": error_class,
            "error_type": type(cause).__name__, "retry": is_network}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: minimal.py LOG URL...")
    failed = 0
    with AttemptLog(sys.argv[1]) as log:
        retrier = Retrier(log, "example", max_attempts=3, backoff=lambda attempt: random.uniform(0, 2 ** attempt),
                          describe=describe, describe_result=lambda result: {"http_status": result[0]})
        for url in sys.argv[2:]:
            try:
                print(url.split("?")[0], *retrier.call("fetch", fetch, url))
            except Exception as error:
                failed = print(url.split("?")[0], type(error).__name__, file=sys.stderr) or 1
    sys.exit(failed)
