"""Where a case takes place: its directories, file systems and processes, all gone at its end."""

import contextlib
import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WAIT_SECONDS_MAX = 30
MEBIBYTE = 1 << 20
SHIM_WORDS = ["wall", "monotonic", "every", "burst", "what", "calls", "struck"]
SHORT, DIE = -1, -2


CASES = []


def case(name, text):
    """Registers a case: a function of a Scene, which may give a text for its line."""
    def register(function):
        CASES.append((name, text, function))
        return function
    return register


class Skip(Exception):
    """Why a case cannot run here."""


def line_count(paths):
    """Lines of files that are finished, without blank ones: a writer that opens a file while another is
    inside a write begins with a newline of its own."""
    return sum(1 for path in paths for line in path.read_bytes().split(b"\n") if line.strip())


def until(what, condition, seconds=WAIT_SECONDS_MAX):
    """What `condition` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s: {what}")
        time.sleep(0.002)


PACKAGES = {"prlimit": "util-linux", "mkfs.ext4": "e2fsprogs", "chattr": "e2fsprogs",
            "mkfs.btrfs": "btrfs-progs", "btrfs": "btrfs-progs", "umount": "mount"}


def tool(name):
    """Where a tool is; without it the case is skipped."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if path is None:
        raise Skip(f"no {name}; Debian has it in {PACKAGES.get(name, name)}")
    return path


def strace(*words):
    """What a traced program is started with; its process is that of strace's child."""
    path = tool("strace")
    done = subprocess.run([path, "-qq", "-e", "trace=none", "true"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"strace does not work here: {done.stderr.strip()}")
    return [path, "-D", "-f", "-qq", *words]


def command(*words):
    """Runs a tool, which must succeed."""
    path = tool(words[0])
    done = subprocess.run([path, *map(str, words[1:])], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


class Scene:
    """For one case; `full` asks for the sizes that take minutes, `keep` for the files of one that fails."""

    def __init__(self, bin, scratch, shim, full, keep):
        self.bin, self.shim_library, self.full, self.keep = Path(bin), shim, full, keep
        self.scratch_parent = scratch
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.stack.__enter__()
        self.scratch = Path(tempfile.mkdtemp(prefix="faults.", dir=self.scratch_parent))
        # Others may pass, as a case with another user needs it.
        self.scratch.chmod(0o755)
        self.stack.push(self.remove)
        return self

    def remove(self, kind, *_):
        if self.keep and kind not in (None, Skip):
            print(f"its files are kept: {self.scratch}", file=sys.stderr)
        else:
            shutil.rmtree(self.scratch, onerror=ignore_missing)

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def path(self, name):
        return self.scratch / name

    def directory(self, name, mode=0o700):
        path = self.path(name)
        path.mkdir()
        path.chmod(mode)
        return path

    # File systems

    def mount(self, name, *options):
        path = self.directory(name)
        tool("umount")
        try:
            command("mount", *options, path)
        except AssertionError as error:
            raise Skip(f"mounting does not work here: {error}") from error
        self.stack.callback(unmount, path)
        path.chmod(0o700)
        return path

    def tmpfs(self, name, mebibytes):
        return self.mount(name, "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs")

    def image(self, name, mebibytes, *make, within=None):
        """A sparse file of that size with a file system in it."""
        path = (within or self.scratch) / f"{name}.img"
        with open(path, "wb") as file:
            file.truncate(mebibytes * MEBIBYTE)
        command(*make, path)
        return path

    # Processes

    def shim(self, **words):
        """The preloaded shim with its words, which may be set later too."""
        if self.shim_library is None:
            raise Skip("no gcc or clang to compile shim.c")
        shim = Shim(self.path(f"shim{time.monotonic_ns()}"), self.shim_library)
        shim.set(**words)
        return shim

    def load(self, log, name="a", prefix=(), shim=None, **options):
        """Starts log-load, with `options` for its own."""
        load = Load(self, log, name, prefix, shim, options)
        self.stack.callback(load.end)
        return load

    def relmon(self, *words):
        done = subprocess.run([self.bin / "relmon", *map(str, words)], capture_output=True, text=True,
                              timeout=300)
        assert done.returncode == 0, f"relmon {words[0]} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def metric(self, metrics, name):
        """The sum of a metric over its labels."""
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", metrics, re.MULTILINE)
        assert values, f"no {name}"
        return sum(map(float, values))


def ignore_missing(function, path, info):
    if info[0] is not FileNotFoundError:
        raise info[1]


def unmount(path):
    """Lazily if something is still open there: nothing may stay mounted."""
    while os.path.ismount(path):
        done = subprocess.run([tool("umount"), path], capture_output=True)
        if done.returncode != 0:
            subprocess.run([tool("umount"), "-l", path], check=True)


class Shim:
    """The control words of shim.c."""

    def __init__(self, path, library):
        self.path, self.library = path, library
        path.write_bytes(bytes(8 * len(SHIM_WORDS)))

    def set(self, **words):
        with open(self.path, "r+b") as file:
            for name, value in words.items():
                file.seek(8 * SHIM_WORDS.index(name))
                file.write(struct.pack("q", value))

    def __getitem__(self, name):
        return struct.unpack_from("q", self.path.read_bytes(), 8 * SHIM_WORDS.index(name))[0]

    @property
    def environment(self):
        return {"LD_PRELOAD": str(self.library), "FAULTS_SHIM": str(self.path)}


class Load:
    """A running log-load."""

    def __init__(self, scene, log, name, prefix, shim, options):
        self.name, self.threads = name, int(options.get("threads", 4))
        self.acks_path, self.samples_path = scene.path(f"{name}.acks"), scene.path(f"{name}.samples")
        self.acks_path.write_bytes(bytes(8 * self.threads))
        with open(self.acks_path, "r+b") as file:
            self.acks = mmap.mmap(file.fileno(), 8 * self.threads)
        words = [scene.bin / "log-load", "--log", log, "--id", name, "--acks", self.acks_path,
                 "--samples", self.samples_path]
        for option, value in {"lines": 1 << 40, **options}.items():
            option = "--" + option.replace("_", "-")
            for one in value if isinstance(value, list) else [value]:
                words += [option] if one is True else [option, one]
        self.stderr_path = scene.path(f"{name}.stderr")
        self.process = subprocess.Popen(
            [*prefix, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=open(self.stderr_path, "wb"),
            env={**os.environ, **(shim.environment if shim else {})}, text=True)

    @property
    def pid(self):
        return self.process.pid

    @property
    def counts(self):
        return struct.unpack(f"{self.threads}q", self.acks[:])

    @property
    def total(self):
        return sum(self.counts)

    @property
    def stderr(self):
        return self.stderr_path.read_text()

    @property
    def acknowledged(self):
        return {(self.name, thread): count for thread, count in enumerate(self.counts)}

    def advance(self, count, seconds=WAIT_SECONDS_MAX):
        """Waits until so many more records are acknowledged."""
        goal = self.total + count
        until(f"{count} more records of {self.name} ({self.stderr})", lambda: self.total >= goal
              or self.process.poll() is not None, seconds)
        assert self.total >= goal, f"log-load ended with {self.process.returncode}: {self.stderr}"

    def stop(self):
        """Ends it in order, and gives what the writer says that it dropped."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds=120):
        output, _ = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0, (
            f"log-load ended with {self.process.returncode}: {self.stderr}")
        return {name: int(count) for name, count in re.findall(r'"(\w+)":(\d+)', output)}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.process.stdout.close()

    def samples(self, start=0.0, end=float("inf")):
        """Sorted durations of the calls that began between two readings of time.monotonic()."""
        words = struct.iter_unpack("2q", self.samples_path.read_bytes())
        return sorted(took / 1e9 for began, took in words if start <= began / 1e9 < end)


def quantile(values, share):
    """Nearest rank."""
    assert values, "no samples"
    return values[min(len(values) - 1, int(len(values) * share))]
