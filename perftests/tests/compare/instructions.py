"""`python -m perftests.tests.compare.instructions`: how far instructions of equal code differ.

Each of some processes counts them as `perf --against` does, for the same code. Printed is, of each
piece of work, the highest over the lowest count in percent: a tolerance has to lie above that.
Where the kernel counts none, Valgrind runs the processes and counts: without the disturbances of a
processor, but with all that differs between two processes of the same code.
"""

import argparse
import ctypes
import json
import mmap
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[3]
SETTINGS = "notifyproject.settings"
VALGRIND = ("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no")

REQUEST = "4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3"
"""A function in machine code of x86_64 that passes its argument on to Valgrind: the rotations by
which Valgrind knows it (`valgrind.h`), between `mov rax, rdi; xor edx, edx` and `mov rax, rdx`."""

DUMP, ZERO, START, STOP = ((ord("C") << 24) + (ord("T") << 16) + n for n in (0, 1, 4, 5))


def main():
    parser = argparse.ArgumentParser(prog="instructions", description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--hash-seed", default="0", help="0 for all, or random")
    parser.add_argument("--counting-into", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.counting_into:
        count_into(Path(options.counting_into))
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, str(number)) for number in range(options.processes)]
        counted = [in_a_process(file, options.hash_seed) for file in files]
    for name in counted[0]:
        numbers = [each[name] for each in counted]
        apart = 100 * (max(numbers) / min(numbers) - 1)
        print(f"{name}: {min(numbers):,.0f}, {apart:.2f} % apart")  # noqa: T201


def in_a_process(file, hash_seed):
    """What a new process counts."""
    from perftests.measure.instructions import refusal

    counter = (*VALGRIND, f"--callgrind-out-file={file}") if refusal() else ()
    command = [*counter, sys.executable, "-m", __spec__.name, "--counting-into", str(file)]
    variables = {"PYTHONHASHSEED": hash_seed, "DJANGO_SETTINGS_MODULE": SETTINGS}
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **variables}, check=True)
    return json.loads(file.with_suffix(".json").read_text())


def count_into(file):
    """In this process, on databases for tests alone."""
    import django

    django.setup()
    from perftests.compare.bench.instructions import count_instructions
    from perftests.measure.instructions import EventCounter, refusal
    from perftests.runner.runner import PerformanceTestRunner

    runner = PerformanceTestRunner(verbosity=0)
    runner.setup_test_environment()
    databases = runner.setup_databases(aliases={"default"}, serialized_aliases=set())
    try:
        counter = Valgrind(file) if refusal() else EventCounter()
        counts = {count.operation: count.number for count in count_instructions(counter)}
        file.with_suffix(".json").write_text(json.dumps(counts))
    finally:
        runner.teardown_databases(databases)


class Valgrind:
    """A counter like those of the kernel, within `valgrind --tool=callgrind`."""

    def __init__(self, file):
        self._file = file
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=protection)
        self._page.write(bytes.fromhex(REQUEST))
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._function = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(address)

    def count(self, work):
        self._request(START)  # only now, as all else would take a hundred times as long
        self._request(ZERO)
        work()
        self._request(DUMP)
        self._request(STOP)
        [dump] = self._file.parent.glob(f"{self._file.name}.*[0-9]")
        total = re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)[1]
        dump.unlink()
        return int(total)

    def _request(self, number):
        arguments = (ctypes.c_ulong * 6)(number)
        self._function(ctypes.addressof(arguments))


if __name__ == "__main__":
    main()
