"""Syncs that fail, and a crash of the file system."""

import fcntl
import os
import struct
import time

from checker import Log, expect
from disks import fill
from scene import case, command, until
from writes import RECORDS

# EXT4_IOC_SHUTDOWN, and EXT4_GOING_FLAGS_NOLOGFLUSH: nothing is brought to the disk any more.
SHUTDOWN, WITHOUT_LOG = 0x8004587D, 2
SYNCED_SECONDS = 0.1
FAILING_SECONDS = 2


@case("F9", "fdatasync fails")
def failing_sync(scene):
    backing = scene.tmpfs("backing", 24)
    # The file system believes in 64 MiB; without a journal it does not turn read-only.
    image = scene.image("ext4", 64, "mkfs.ext4", "-q", "-O", "^has_journal", within=backing)
    mount = scene.mount("mount", "-o", "loop", image)
    load = scene.load(mount, sync=True, pause=2000)
    load.advance(RECORDS)
    fill(backing / "filler")
    until("the file is given up", (mount / "attempts.000001.jsonl").exists)
    # The fault itself is this long.
    time.sleep(FAILING_SECONDS)
    begun = len(list(mount.glob("attempts.*")))
    os.unlink(backing / "filler")
    # The last file is given up too, until the next may be begun.
    until("another file", lambda: len(list(mount.glob("attempts.*"))) > begun)
    load.advance(RECORDS)
    load.stop()
    # What the disk could not take of the files that were given up may be gone, nothing else.
    active = Log([mount / "attempts.jsonl"])
    active.check_form()
    active.check_gaps()
    for key, count in load.acknowledged.items():
        there = active.records[key]
        expect(there.index(1) + there.count(1) == count + 1, f"a record of {key} is lost")
    read = Log.at(mount)
    expect(read.dropped.total() == 0, f"dropped {dict(read.dropped)}")
    expect("sync_failed" in [reason for _, reason, _ in read.drops], "the failure is not told")
    expect("cannot sync" in load.stderr, f"no warning: {load.stderr}")
    # A new file may fail as well; a disk that stays broken is not to be filled with files.
    expect(begun <= 2 + FAILING_SECONDS, f"{begun} files in {FAILING_SECONDS} s")


@case("F10", "a crash of the file system under a load that syncs")
def crash(scene):
    # On a tmpfs, so that the disk of this machine does not decide how long a sync takes.
    image = scene.image("ext4", 128, "mkfs.ext4", "-q", within=scene.tmpfs("backing", 160))
    mount = scene.mount("mount", "-o", "loop", image)
    load = scene.load(mount, sync=True, pause=500, rotate=500_000)
    history = []

    def is_long_enough():
        history.append((time.monotonic(), load.acknowledged))
        return load.total > 4000
    until("4000 records", is_long_enough)
    directory = os.open(mount, os.O_RDONLY)
    crashed = time.monotonic()
    fcntl.ioctl(directory, SHUTDOWN, struct.pack("I", WITHOUT_LOG))
    os.close(directory)
    load.advance(RECORDS)
    dropped = load.stop()
    expect(dropped.get("eio", 0) > 0, f"the crash cost nothing: {dropped}")
    command("umount", mount)
    command("mount", "-o", "loop", image, mount)
    synced = [counts for moment, counts in history if moment <= crashed - SYNCED_SECONDS][-1]
    read = Log.at(mount)
    lost = sum(count - read.records[key][1:count + 1].count(1) for key, count in synced.items())
    expect(lost == 0, f"{lost} of {sum(synced.values())} records lost that were synced")
    there = read.kinds["attempt_start"]
    expect(there < load.total - dropped["eio"], "the crash lost nothing that was not synced")
    accepted = scene.metric(scene.relmon("metrics", mount), "relmon_log_records_total")
    expect(accepted == read.kinds.total(), f"relmon accepts {accepted} of {read.kinds.total()}")
    return f"{there} of {load.total} records there, {sum(synced.values())} were synced"
