"""The checker itself: it must see what is planted."""

from checker import PREFIX, Log, Wrong, expect
from scene import case

LINES = 50


@case("F0", "the checker sees what is planted")
def planted(scene):
    log = scene.directory("log")
    load = scene.load(log, threads=1, lines=LINES, length=600)
    load.wait()
    path = scene.path("planted.jsonl")
    lines = (log / "attempts.jsonl").read_bytes().splitlines(keepends=True)

    def read(changed):
        path.write_bytes(b"".join(changed))
        read = Log([path])
        read.check_form()
        read.check_gaps()
        expect(read.lost(load.acknowledged) == 0, "lost")
        return read

    def mixed(one, other):
        return [one[:300] + other[20:300] + b"\n"]
    whole = read(lines)
    expect(whole.kinds["attempt_start"] == LINES and not whole.torn, "a log without a fault")
    half = lines[9][:100]
    for changed, torn in ((lines[:5] + [half] + lines[5:], 1), (lines[:5] + [b"\n \n"] + lines[5:], 0),
                          (lines[:5] + [half, b"\n", PREFIX, b"\n"] + lines[5:], 2)):
        expect(len(read(changed).torn) == torn, f"not {torn} torn")
    for changed, text in (
            (lines[:9] + lines[10:], "misses 1 numbers and tells of 0 drops"),
            (lines[:9] + [half, b"\n"] + lines[10:], "misses 1 numbers"),
            (lines[:-2] + lines[-1:], "misses 1 numbers"), (lines[:-2], "lost"),
            (lines[:9] + lines[8:], "twice"),
            (lines[:9] + [half + lines[9]], "lost"),
            (lines[1:], "does not begin with a segment line"), (lines[:1] + lines[2:], "begins in"),
            (lines + lines[:1], "twice"),
            (lines[:9] + mixed(lines[9], lines[10]) + lines[9:], "malformed"),
            (lines[:9] + [b"{}\n"] + lines[9:], "malformed"),
            (lines[:9] + [lines[9][100:]] + lines[9:], "malformed"),
            (lines[:9] + [lines[9].replace(b"-8-", b"-7-")] + lines[10:], "twice"),
            (lines[:9] + [lines[9].replace(b"xxx", b"xyx")] + lines[10:], "mixed"),
            (lines[:9] + [lines[9].replace(b"0-8-", b"0-88-")] + lines[10:], "nobody wrote")):
        try:
            read(changed)
        except Wrong as wrong:
            expect(text in str(wrong), f"{wrong!s}, expected {text!r}")
        else:
            raise Wrong(f"not seen: {text}")
