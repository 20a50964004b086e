"""The kernel ends a writer and a reader because memory is short."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from checker import Log, expect
from restarts import ZERO, Serve, agrees, page_of_all
from scene import MEBIBYTE, Skip, case, line_count, until

LIMIT_MEBIBYTES = 96
# Of the processes in a group those of 1000 are killed before all others.
KILLED_FIRST = 1000


class MemoryGroup:
    """A control group with a limit of memory, of the first version or the second."""

    def __init__(self, scene):
        root = Path("/sys/fs/cgroup")
        is_first = (root / "memory").is_dir()
        self.path = (root / "memory" if is_first else root) / f"relmon-faults-{os.getpid()}"
        try:
            if not is_first:
                (root / "cgroup.subtree_control").write_text("+memory")
            self.path.mkdir()
            scene.stack.callback(self.remove)
            limit = "memory.limit_in_bytes" if is_first else "memory.max"
            (self.path / limit).write_text(str(LIMIT_MEBIBYTES * MEBIBYTE))
            with contextlib.suppress(OSError):  # not every kernel counts swap
                swap = "memory.memsw.limit_in_bytes" if is_first else "memory.swap.max"
                (self.path / swap).write_text(str(LIMIT_MEBIBYTES * MEBIBYTE if is_first else 0))
        except OSError as error:
            raise Skip(f"no control group with a limit of memory: {error}") from error

    def remove(self):
        until("the group is empty", lambda: not (self.path / "cgroup.procs").read_text())
        self.path.rmdir()

    def prefix(self, score=KILLED_FIRST):
        """What a program is started with in it."""
        return ["sh", "-c", f'echo $$ >{self.path}/cgroup.procs && echo {score} >/proc/self/oom_score_adj && '
                'exec "$@"', "sh"]

    def exhaust(self):
        """Takes more than the limit, until it is killed as the last."""
        take = f"held = b'x' * ({2 * LIMIT_MEBIBYTES} << 20)"
        hog = subprocess.run([*self.prefix(score=0), sys.executable, "-c", take], capture_output=True)
        if hog.returncode == 0:
            raise Skip("the limit of memory does not hold here")
        expect(hog.returncode == -signal.SIGKILL, f"what takes all memory ended with {hog.returncode}")


@case("F36", "no memory: the kernel kills the reader and a writer")
def out_of_memory(scene):
    log = scene.directory("log")
    group = MemoryGroup(scene)
    other = scene.load(log, name="other", threads=2, pause=2000, rotate=200_000)
    loads, last = [other], 0
    for number in range(3):
        doomed = scene.load(log, name=f"doomed{number}", threads=2, pause=1000, prefix=group.prefix())
        loads.append(doomed)
        doomed.advance(50)
        serve = Serve(scene, log, ZERO, prefix=group.prefix())
        page = until("a page", serve.page)
        read = scene.metric(page, "relmon_log_records_total")
        expect(read >= last, f"{read} records after {last}")
        last = read
        group.exhaust()
        for name, process in (("writer", doomed.process), ("reader", serve.process)):
            expect(process.wait(10) == -signal.SIGKILL, f"the {name} ended with {process.returncode}")
    other.advance(50)
    other.stop()
    lines = Log.at(log)
    lines.check_form()
    lost = lines.lost({key: count for load in loads for key, count in load.acknowledged.items()})
    expect(lost == 0, f"{lost} acknowledged records are not there")
    total = line_count(log.glob("attempts*.jsonl"))
    serve = Serve(scene, log, ZERO)
    page = page_of_all(scene, serve, log)
    expect(scene.metric(page, "relmon_state_lost_total") == 0, "a state was lost")
    agrees(scene, log, page)
    return f"3 readers and 3 writers killed, {total} lines, {len(lines.torn)} torn"
