"""Sends bytes to an HTTP server and says what it makes of them."""

import re
import socket

SECONDS_MAX = 10
HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")


class Malformed(Exception):
    """What the server sent is no sequence of whole answers."""


class Exchange:
    """The answers to what was sent, and how the connection ended."""

    def __init__(self, port, sent, half_closes=True):
        self.sent = sent
        self.received = b""
        self.is_closed = False
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as client:
            try:
                client.sendall(sent)
                if half_closes:
                    client.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # a refusal may come before all is sent
            try:
                while part := client.recv(1 << 16):
                    self.received += part
                self.is_closed = True
            except TimeoutError:
                pass
            except ConnectionResetError:
                self.is_closed = True
        self.answers = list(self._answers(is_head=sent.startswith(b"HEAD ")))

    def _answers(self, is_head):
        rest = self.received
        while rest:
            match = HEAD.match(rest)
            if not match:
                raise Malformed(rest[:200])
            headers = {}
            for line in match[2].decode("latin-1").splitlines():
                name, _, value = line.partition(": ")
                if name.lower() in headers:
                    raise Malformed(f"two {name}")
                headers[name.lower()] = value
            if "content-length" not in headers:
                raise Malformed("no Content-Length")
            for name, value in (("x-content-type-options", "nosniff"), ("cache-control", "no-store")):
                if headers.get(name) != value:
                    raise Malformed(f"{name} is {headers.get(name)}")
            length = 0 if is_head else int(headers["content-length"])
            body = rest[match.end():match.end() + length]
            if len(body) != length:
                raise Malformed(f"a body of {len(body)} bytes, not {length}")
            yield int(match[1]), headers, body
            rest = rest[match.end() + length:]
            is_head = False

    @property
    def says_close(self):
        return bool(self.answers) and self.answers[-1][1].get("connection") == "close"

    @property
    def verdict(self):
        """The statuses, and whether the last answer announces the end; `none` without an answer."""
        words = [str(status) for status, _, _ in self.answers] or ["none"]
        return " ".join(words + (["close"] if self.says_close else []))

    def echoes(self):
        """A piece of what was sent that came back; words of our own texts are none."""
        bodies = b"\n".join(body for _, headers, body in self.answers
                            if not headers["content-type"].startswith(("text/html", "text/plain; v")))
        for word in (b"Content-Length", b"Transfer-Encoding", b"Bad Request", b"HTTP/1.0", b"HTTP/1.1"):
            bodies = bodies.replace(word, b"")
        pieces = (self.sent[start:start + 10] for start in range(len(self.sent) - 9))
        return next((piece for piece in pieces if piece in bodies), None)
