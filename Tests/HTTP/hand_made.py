"""Requests made by hand, each with the answers that it must get."""

HOST = b"Host: localhost\r\n"


def get(target=b"/-/healthy", fields=b"", method=b"GET", version=b"HTTP/1.1"):
    return method + b" " + target + b" " + version + b"\r\n" + HOST + fields + b"\r\n"


def length(value, method=b"POST"):
    return get(b"/metrics", b"Content-Length: " + value + b"\r\n", method)


def coding(value):
    return get(b"/metrics", b"Transfer-Encoding: " + value + b"\r\n", b"POST")


def timeout(value):
    return get(b"/metrics", b"X-Prometheus-Scrape-Timeout-Seconds: " + value + b"\r\n")


LINE = b"GET /" + b"a" * (8192 - len("GET / HTTP/1.1")) + b" HTTP/1.1"
FIELDS = b"X: a\r\n" * 63
# With Host to the byte.
HEADER = b"X: " + b"a" * (16 * 1024 - len(HOST) - len("X: \r\n")) + b"\r\n"

FRAMING = [
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", "400 close"),
    ("no Host in 1.0", b"GET / HTTP/1.0\r\n\r\n", "403 close"),
    ("two Hosts", get(fields=HOST), "400 close"),
    ("foreign Host", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"),
    ("foreign target", get(b"http://evil.example/metrics"), "403"),
    ("space before the colon", get(fields=b"X : a\r\n"), "400 close"),
    ("folded field", get(fields=b"X: a\r\n b\r\n"), "400 close"),
    ("bare CR in a value", get(fields=b"X: a\rb\r\n"), "400 close"),
    ("NUL in a value", get(fields=b"X: a\0b\r\n"), "400 close"),
    ("bare LF line ends", b"GET / HTTP/1.1\nHost: localhost\n\n", "400 close"),
    ("bare CR line ends", b"GET / HTTP/1.1\rHost: localhost\r\r", "400 close"),
    ("both framings", get(fields=b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400 close"),
    ("Content-Length +5", length(b"+5"), "400 close"),
    ("Content-Length -1", length(b"-1"), "400 close"),
    ("Content-Length 5, 5", length(b"5, 5"), "400 close"),
    ("two Content-Length", length(b"5\r\nContent-Length: 5"), "400 close"),
    ("Content-Length 2^63-1", length(b"9223372036854775807"), "413 close"),
    ("Content-Length 2^63", length(b"9223372036854775808"), "400 close"),
    ("Content-Length 2^64", length(b"18446744073709551616"), "400 close"),
    ("Content-Length 0 on GET", length(b"0", b"GET"), "200"),
    ("a body on GET", length(b"5", b"GET") + b"hello", "413 close"),
    ("a body on GET that never comes", length(b"5", b"GET"), "413 close"),
    ("a chunked body on GET", get(fields=b"Transfer-Encoding: chunked\r\n"), "413 close"),
    ("Expect, and never a body", get(fields=b"Expect: 100-continue\r\nContent-Length: 5\r\n"),
     "413 close"),
    ("Transfer-Encoding xchunked", coding(b"xchunked"), "501 close"),
    ("Transfer-Encoding chunked, gzip", coding(b"chunked, gzip"), "400 close"),
    ("HTTP/0.9", b"GET /\r\n", "400 close"),
    ("HTTP/1.0", get(version=b"HTTP/1.0"), "200 close"),
    ("HTTP/1.2", get(version=b"HTTP/1.2"), "505 close"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 close"),
    ("TLS hello", bytes.fromhex("16030100c4010000c00303") + b"\x11" * 32, "400 close"),
]

LIMITS = [
    ("a request line of 8,192 bytes", LINE + b"\r\n" + HOST + b"\r\n", "404"),
    ("a request line of 8,193 bytes", LINE.replace(b"/a", b"/aa", 1) + b"\r\n" + HOST + b"\r\n",
     "414 close"),
    ("a request line of 2 MB", b"GET /" + b"a" * 2_000_000, "414 close"),
    ("64 fields", get(fields=FIELDS), "200"),
    ("65 fields", get(fields=FIELDS + b"X: a\r\n"), "431 close"),
    ("16 KiB of fields", get(fields=HEADER), "200"),
    ("16 KiB and a byte of fields", get(fields=b"X" + HEADER), "431 close"),
    ("100 pipelined", get() * 100, " ".join(["200"] * 100 + ["close"])),
    ("101 pipelined", get() * 101, " ".join(["200"] * 100 + ["close"])),
    ("pipelined, then broken", get() + get(b"/nope") + b"\0" + get(), "200 404 400 close"),
]

PATHS = [
    ("metrics", get(b"/metrics"), "200"),
    ("metrics with a query", get(b"/metrics?x"), "200"),
    ("absolute form", get(b"http://localhost/metrics"), "200"),
    ("landing page", get(b"/"), "200"),
    ("ready", get(b"/-/ready"), "200"),
    ("HEAD", get(b"/metrics", method=b"HEAD"), "200"),
    ("dots", get(b"/metrics/.."), "404"),
    ("slash behind", get(b"/metrics/"), "404"),
    ("percent", get(b"/%6detrics"), "404"),
    ("two slashes", get(b"//metrics"), "404"),
    ("capitals", get(b"/Metrics"), "404"),
    ("lower-case method", get(b"/metrics", method=b"get"), "405"),
    ("POST", get(b"/metrics", method=b"POST"), "405"),
    ("TRACE", get(b"/metrics", b"X-Secret: abcdefghijklmnop\r\n", b"TRACE"), "405"),
    ("CONNECT", get(b"localhost:443", method=b"CONNECT"), "405"),
    ("OPTIONS *", get(b"*", method=b"OPTIONS"), "405"),
    ("half a request", b"GET /metrics HTTP/1.1\r\nHo", "none"),
    ("nothing", b"", "none"),
]

TIMEOUTS = [
    (f"scrape timeout {value[:20]!r}", timeout(value), "200")
    for value in (b"nan", b"inf", b"-1", b"0", b"1e308", b"1_0", b"9" * 4096, b"10", b"")
]

REQUESTS = FRAMING + LIMITS + PATHS + TIMEOUTS

# Where we differ from what a corpus says of its own case.
DIFFERENCES = {
    # Any token is a method (RFC 9110 §9.1): these two are not known here, which is no framing error.
    "invalid.md: HTTP protocol and ANNOUNCE method #1",
    "invalid.md: Invalid method #1",
    # A request target is not empty (RFC 9112 §3.2).
    "rfc-compliant.yaml: Empty URI #1",
}
