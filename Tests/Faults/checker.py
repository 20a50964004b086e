#!/usr/bin/env python3
"""Reads a log by the reading rules of the log's specification and says what is in it.

Nothing of the project is used: a log is judged by Python's json module. Records are those of
log-load: `operation_id` is `ID-THREAD-NUMBER-xxx`. As a program: checker.py LOG…
"""

import json
import os
import re
import sys
from collections import Counter, defaultdict
from datetime import datetime

PREFIX = b'{"v":1,"kind":"'
LINE_BYTES_MAX = 16_384
SEGMENT = re.compile(r"attempts\.(\d{6,})\.jsonl$")

# A record of log-load piece by piece: what a torn one is a beginning of.
TIME, ID, NUMBER = rb"[-0-9T:.]{0,26}Z?", rb"[0-9a-f]{0,16}", rb"\d*"
RECORD = [
    PREFIX, rb"[a-z_]*", b'","time":"', TIME, b'","writer":"', ID, b'","seq":', NUMBER,
    b',"provider":"load","operation":"write","operation_id":"', rb"\w*-?\d*-?\d*-?x*",
    b'","attempt":1}']


class Wrong(Exception):
    """What a log must not hold."""


def expect(holds, text):
    if not holds:
        raise Wrong(text)


class Writer:
    """The lines of one writer."""

    def __init__(self):
        self.seqs = bytearray()
        self.dropped = Counter()
        self.files = {}
        self.last = 0
        self.stops = False

    def add(self, line, file):
        seq = line["seq"]
        if seq >= len(self.seqs):
            self.seqs.extend(bytes(max(seq + 1 - len(self.seqs), len(self.seqs), 1024)))
        expect(not self.seqs[seq], f"seq {seq} of {line['writer']} twice")
        self.seqs[seq] = 1
        kinds = self.files.setdefault(file, [])
        if len(kinds) < 2:
            kinds.append(line["kind"])
        if line["kind"] == "dropped":
            self.dropped[line.get("reason", "")] += line["count"]
        self.stops = line["kind"] == "writer_stop"

    @property
    def missing(self):
        """Gaps: a first seq above 1 is no loss."""
        return self.seqs.rindex(1) - self.seqs.index(1) + 1 - self.seqs.count(1)


class Log:
    """What files hold, read in the order given; the last is the active one."""

    def __init__(self, files, keeps_times=False):
        self.files = [str(file) for file in files]
        self.keeps_times = keeps_times
        self.kinds = Counter()
        self.writers = defaultdict(Writer)
        self.records = defaultdict(bytearray)
        self.torn = []
        self.malformed = []
        self.blank = 0
        self.glued = 0
        self.segments = {}
        self.drops = []
        self.times = []
        for file in self.files:
            self._read(file)

    @classmethod
    def at(cls, directory, **options):
        """Segments by number, then the active file; one that is deleted meanwhile is left out."""
        names = sorted((int(match[1]), match[0]) for match in map(SEGMENT.match, os.listdir(directory))
                       if match)
        active = os.path.join(directory, "attempts.jsonl")
        paths = [os.path.join(directory, name) for _, name in names]
        return cls(paths + [active] * os.path.exists(active), **options)

    def _read(self, file):
        closed = file != self.files[-1]
        with open(file, "rb") as lines:
            first = True
            for line in lines:
                if not line.endswith(b"\n") and not closed:
                    # The end of an active file is not a line yet.
                    self._bad(line)
                    break
                first = self._line(line, file, first)

    def _line(self, line, file, first):
        value = parse(line)
        pieces = [line] if value is not None else cut(line)
        self.glued += len(pieces) > 1
        for piece in pieces:
            if not piece.strip():
                self.blank += 1
            elif not is_line(found := value if value is not None else parse(piece)):
                self._bad(piece)
            else:
                self._accept(found, file, first)
                first = False
        return first

    def _bad(self, piece):
        (self.torn if is_beginning(piece.rstrip(b"\n")) else self.malformed).append(piece)

    def _accept(self, line, file, first):
        kind = line["kind"]
        self.kinds[kind] += 1
        self.writers[line["writer"]].add(line, file)
        if kind == "segment":
            expect(first, f"{file}: a segment line that is not the first")
            self.segments[file] = (line["segment"], line["number"])
        elif kind == "attempt_start":
            self._record(line)
        elif kind == "dropped":
            self.drops.append((seconds(line["time"]), line.get("reason"), line["count"]))

    def _record(self, line):
        name, thread, number, padding = line["operation_id"].split("-", 3)
        expect(not padding.strip("x") and line["provider"] == "load", f"a mixed line: {line}")
        counts = self.records[name, int(thread)]
        number = int(number)
        if number >= len(counts):
            counts.extend(bytes(max(number + 1 - len(counts), len(counts), 1024)))
        counts[number] += 1
        expect(counts[number] == 1, f"record {name}-{thread}-{number} twice")
        if self.keeps_times:
            self.times.append(seconds(line["time"]))

    # What tests ask

    def check_form(self, created_by_others=()):
        """Identities and first lines; nothing but beginnings of lines is malformed."""
        expect(not self.malformed, f"malformed: {[piece[:200] for piece in self.malformed[:3]]}")
        expect(len(set(self.segments.values())) == len(self.segments), "two files with one identity")
        for file in self.files:
            if file in map(str, created_by_others):
                continue
            expect(file in self.segments, f"{file} does not begin with a segment line")
            match = SEGMENT.search(file)
            expect(not match or int(match[1]) == self.segments[file][1],
                   f"{file} says that it is number {self.segments[file][1]}")
        for name, writer in self.writers.items():
            for file, kinds in writer.files.items():
                start = [kind for kind in kinds if kind != "segment"][:1]
                # A file's creator may be killed behind the segment line.
                expect(start in ([], ["writer_start"]), f"{name} begins in {file} with {kinds}")

    def check_gaps(self, killed=()):
        """What is missing of a writer is what it says it dropped."""
        for name, writer in self.writers.items():
            dropped = sum(writer.dropped.values())
            expect(name in killed or writer.missing == dropped,
                   f"writer {name} misses {writer.missing} numbers and tells of {dropped} drops")

    def lost(self, acknowledged):
        """How many acknowledged records are not there.

        `acknowledged` gives for (id, thread) the number of the last; the next may have been written.
        """
        for key, counts in self.records.items():
            extra = counts.count(1) and counts.rindex(1) - acknowledged.get(key, 0)
            expect(extra <= 1, f"{key} has records that nobody wrote")
        return sum(count - self.records[key][1:count + 1].count(1)
                   for key, count in acknowledged.items())

    @property
    def missing(self):
        return sum(writer.missing for writer in self.writers.values())

    @property
    def dropped(self):
        return sum((writer.dropped for writer in self.writers.values()), Counter())


def seconds(time):
    """Since 1970."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def parse(line):
    """A JSON object, or None."""
    if len(line) > LINE_BYTES_MAX:
        return None
    try:
        value = json.loads(line.decode())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def is_line(value):
    """Whether it has the five keys of every line."""
    return (value is not None and value.get("v") == 1 and isinstance(value.get("seq"), int)
            and value["seq"] >= 1
            and all(isinstance(value.get(key), str) for key in ("kind", "time", "writer")))


def cut(line):
    """The pieces of a line that is no object, each but the first beginning as a record does."""
    starts = [match.start() for match in re.finditer(re.escape(PREFIX), line)]
    return [line[start:end] for start, end in zip([0] + [start for start in starts if start],
                                                  [start for start in starts if start] + [len(line)])]


def is_beginning(piece):
    """Whether a record could begin so: a torn line holds bytes of no other."""
    for index, part in enumerate(RECORD):
        if index % 2:
            piece = piece[re.match(part, piece).end():]
        elif piece.startswith(part):
            piece = piece[len(part):]
        else:
            # A line about the writer itself has other keys behind its seq.
            return part.startswith(piece) or index == 8 and piece.startswith(b',"')
    return not piece


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    log = Log.at(arguments[0]) if os.path.isdir(arguments[0]) else Log(arguments)
    print(f"lines {dict(log.kinds)}, files {len(log.files)}, writers {len(log.writers)}")
    print(f"torn {len(log.torn)}, malformed {len(log.malformed)}, glued {log.glued}")
    print(f"missing {log.missing}, dropped {dict(log.dropped)}")
    log.check_form()
    log.check_gaps()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Wrong as wrong:
        sys.exit(f"wrong: {wrong}")
