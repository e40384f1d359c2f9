# Runs one command and says what it took: `STATUS WALL CPU PEAK` (exit status, seconds, seconds, KiB) on stdout.
# usage: python3 -I -S measure.py STDOUT-FILE STDERR-FILE COMMAND ARGUMENT…
#
# A process of its own because a child's peak memory, as wait4 tells it, is never below what its parent held when it
# was started: this one holds some 9 MiB, the benchmark itself several times that. CPU is user and system time of the
# command and of those of its children that it waited for.
import os
import posix
import time

import sys


def main(out, err, *command):
    opened = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (posix.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (posix.POSIX_SPAWN_OPEN, 1, out, opened, 0o600),
        (posix.POSIX_SPAWN_OPEN, 2, err, opened, 0o600),
    ]
    begun = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    print(code, f"{wall:.6f} {usage.ru_utime + usage.ru_stime:.6f}", usage.ru_maxrss)


main(*sys.argv[1:])
