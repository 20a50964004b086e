"""Paths that lead elsewhere than to a log of ours."""

import os
import subprocess

from checker import Log, expect
from scene import Skip, case, command

NOBODY = 65534
REFUSED = 2


def refuse(scene, path, message, **options):
    """log-load says why and ends at once; it never waits for a FIFO's reader."""
    done = subprocess.run([scene.bin / "log-load", "--log", path, "--lines", "1"],
                          capture_output=True, text=True, timeout=10, **options)
    expect(done.returncode == REFUSED and message in done.stderr,
           f"{path}: exit {done.returncode}, {done.stderr.strip()!r}, expected {message!r}")


@case("F34a", "a path that is no file of ours")
def other_kinds(scene):
    directory, target = scene.directory("log"), scene.path("target")
    path = directory / "app.log"
    target.write_text("theirs\n")
    target.chmod(0o600)
    for make, message in (
            (lambda: path.symlink_to(target), "a symbolic link, not a regular file"),
            (lambda: path.symlink_to(scene.path("missing")), "a symbolic link, not a regular file"),
            (lambda: os.mkfifo(path, 0o600), "a FIFO, not a regular file"),
            (lambda: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 7)), "a device, not a regular"),
            (lambda: os.link(target, path), "the file has 2 names, must have one")):
        make()
        refuse(scene, path, message)
        path.unlink()
    refuse(scene, directory / "no" / "app.log", "no such file or directory (open, errno 2)")
    active = directory / "attempts.jsonl"
    active.mkdir()
    refuse(scene, directory, "a directory, not a regular file")
    active.rmdir()
    active.symlink_to(target)
    refuse(scene, directory, "a symbolic link, not a regular file")
    expect(target.read_text() == "theirs\n", "another file was written to")
    expect(os.listdir(directory) == ["attempts.jsonl"], "something was left behind")


@case("F34b", "a directory that everybody may write to")
def open_directory(scene):
    message = "everybody may write there"
    outer = scene.directory("outer")
    inner = outer / "inner"
    inner.mkdir(0o700)
    outer.chmod(0o777)
    for path in (outer, inner, outer / "app.log", inner / "app.log"):
        refuse(scene, path, message)
    expect(os.listdir(inner) == [], "something was left behind")
    # Sticky and ours is safe.
    outer.chmod(0o1777)
    for path in (outer, inner):
        scene.load(path, lines=10).wait()
        expect(Log.at(path).kinds["writer_stop"] == 1, "nothing was written")


@case("F34c", "a file that belongs to another user")
def foreign_file(scene):
    log = scene.directory("log", 0o755)
    os.chown(log, NOBODY, NOBODY)
    active = log / "attempts.jsonl"
    active.touch()
    active.chmod(0o666)
    try:
        subprocess.run([scene.bin / "log-load", "--help"], user=NOBODY, capture_output=True)
    except PermissionError as error:
        raise Skip(f"another user may not run {scene.bin / 'log-load'}") from error
    refuse(scene, active, "the file belongs to another user (uid 0)", user=NOBODY, group=NOBODY,
           extra_groups=[])
    expect(active.stat().st_size == 0, "it was written to")


@case("F34d", "permissions whatever the umask")
def permissions(scene):
    path = scene.path("made")
    before = os.umask(0o777)
    try:
        scene.load(f"{path}/", lines=10, rotate=1000).wait()
    finally:
        os.umask(before)
    modes = {file.stat().st_mode & 0o777 for file in path.glob("*.jsonl")}
    expect(modes == {0o600}, f"modes {modes}")
    command("stat", path)
