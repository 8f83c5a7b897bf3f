import os
import subprocess
import sys
import time
from unittest import skipUnless

from django.test import SimpleTestCase, tag

from perftests.measure.resources import ResourceMonitor, cpu_seconds, rss_bytes, uss_bytes

TIMEOUT_SECONDS = 60

# Each says "ready" once it is, and ends with its standard input.
IDLE = "print('ready', flush=True); input()"
BUSY = "print('ready', flush=True)\nwhile True: pass"
BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT_OF_ENDED_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
print("ready", flush=True); input()
"""
PARENT_OF_BUSY_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {BUSY!r}])
print("ready", flush=True)
try: input()
finally: child.kill(); child.wait()
"""


def wait_until(condition):
    limit = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.01)


class OwnProcessTests(SimpleTestCase):
    def test_the_monitor_of_this_process_sees_its_memory_threads_and_files(self):
        with ResourceMonitor(os.getpid(), interval_seconds=0.01, name="own", tree=False) as monitor:
            wait_until(lambda: monitor.peak_rss_bytes)
        kinds = {series.name for series in monitor.series()}
        self.assertLessEqual({"own rss", "own uss", "own threads", "own file descriptors"}, kinds)
        self.assertLess(uss_bytes(os.getpid(), tree=False), 2 * monitor.peak_rss_bytes)
        [uss] = [series.values for series in monitor.series() if series.name == "own uss"]
        self.assertAlmostEqual(monitor.peak_uss_bytes, 1e6 * max(uss))

    def test_each_series_of_a_monitor_knows_the_phases_that_began_meanwhile(self):
        with ResourceMonitor(os.getpid(), interval_seconds=0.01, name="own", tree=False) as monitor:
            monitor.begin("warm-up")
            wait_until(lambda: monitor.peak_rss_bytes)
            monitor.begin("measured")
        for series in monitor.series():
            self.assertEqual([phase.name for phase in series.phases], ["warm-up", "measured"])
            first, second = series.phases
            self.assertLess(first.seconds, second.seconds)

    @skipUnless(sys.platform == "linux", "other systems count in ticks")
    def test_cpu_seconds_of_a_process_are_finer_than_a_tick_of_the_kernel(self):
        begun = cpu_seconds(os.getpid(), tree=False)
        used = [cpu_seconds(os.getpid(), tree=False) - begun for _ in range(5)]
        self.assertEqual(used, sorted(set(used)))


class ProcessTestCase(SimpleTestCase):
    def start(self, code, *, wait=True):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.end, process)
        if wait:
            self.assertEqual(process.stdout.readline().strip(), b"ready")
        return process

    def end(self, process):
        process.stdin.close()
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@tag("slow")
class ProcessReadingTests(ProcessTestCase):
    def test_cpu_seconds_count_a_child_that_has_ended(self):
        parent = self.start(PARENT_OF_ENDED_CHILD)
        self.assertGreaterEqual(cpu_seconds(parent.pid), 0.3)
        self.assertLess(cpu_seconds(parent.pid, tree=False), 0.3)

    def test_memory_of_a_process_counts_its_children(self):
        parent = self.start(PARENT_OF_BUSY_CHILD)
        for read in (rss_bytes, uss_bytes):
            with self.subTest(read.__name__):
                wait_until(lambda read=read: read(parent.pid) > 1.5 * read(parent.pid, tree=False))

    def test_unique_memory_of_a_process_is_a_part_of_its_resident_memory(self):
        idle = self.start(IDLE)
        self.assertGreater(uss_bytes(idle.pid), 1_000_000)
        self.assertLess(uss_bytes(idle.pid), rss_bytes(idle.pid))

    def test_reading_a_process_that_does_not_exist_is_rejected(self):
        ended = self.start(IDLE)
        self.end(ended)
        for read in (cpu_seconds, rss_bytes, uss_bytes):
            with (
                self.subTest(read.__name__),
                self.assertRaisesMessage(ProcessLookupError, f"no process {ended.pid}"),
            ):
                read(ended.pid)


@tag("slow")
class ResourceMonitorTests(ProcessTestCase):
    def test_the_monitor_measures_a_busy_process(self):
        process = self.start(BUSY)
        since = time.monotonic()
        with ResourceMonitor(process.pid, interval_seconds=0.02) as monitor:
            begun = cpu_seconds(process.pid)  # no earlier than the monitor begins
            wait_until(lambda: cpu_seconds(process.pid) > begun + 0.5)
        on_average = monitor.cpu_seconds / (time.monotonic() - since) * 100
        self.assertGreaterEqual(monitor.cpu_seconds, 0.5)
        self.assertGreater(monitor.peak_rss_bytes, 1_000_000)
        cpu = monitor.series()[0]
        self.assertEqual((cpu.name, cpu.unit), ("server cpu", "%"))
        # A whole core, or what other processes leave of one. The kernel counts in hundredths of a
        # second, and a point is half a second: both of its ends may be a hundredth late.
        self.assertGreaterEqual(max(cpu.values), on_average * 0.96)
        self.assertEqual(list(cpu.seconds), sorted(cpu.seconds))

    def test_the_monitor_sees_an_idle_process_use_nothing(self):
        process = self.start(IDLE)
        with ResourceMonitor(process.pid, interval_seconds=0.02) as monitor:
            wait_until(lambda: len(monitor.series()) == 5)
        self.assertLessEqual(monitor.cpu_seconds, 0.02)

    def test_the_series_of_a_monitor_name_what_they_show(self):
        process = self.start(IDLE)
        with ResourceMonitor(process.pid, interval_seconds=0.01, name="redis") as monitor:
            wait_until(lambda: len(monitor.series()) == 5)
        by_name = {series.name: series for series in monitor.series()}
        self.assertEqual(
            {name: series.unit for name, series in by_name.items()},
            {
                "redis cpu": "%",
                "redis rss": "MB",
                "redis uss": "MB",
                "redis threads": "",
                "redis file descriptors": "",
            },
        )
        self.assertEqual(set(by_name["redis threads"].values), {1})
        self.assertGreaterEqual(min(by_name["redis file descriptors"].values), 3)
        self.assertEqual(max(by_name["redis rss"].values), monitor.peak_rss_bytes / 1e6)

    def test_the_monitor_counts_the_work_of_child_processes(self):
        parent = self.start(PARENT_OF_BUSY_CHILD)
        with ResourceMonitor(parent.pid, interval_seconds=0.02) as monitor:
            begun = cpu_seconds(parent.pid)
            wait_until(lambda: cpu_seconds(parent.pid) > begun + 0.2)
        self.assertGreaterEqual(monitor.cpu_seconds, 0.2)

    def test_the_monitor_can_leave_child_processes_out(self):
        busy = self.start(BUSY)  # a child of this process
        own = time.process_time()
        with ResourceMonitor(os.getpid(), name="client", tree=False) as monitor:
            begun = cpu_seconds(busy.pid)
            wait_until(lambda: cpu_seconds(busy.pid) > begun + 0.4)
        self.assertLess(monitor.cpu_seconds, time.process_time() - own + 0.1)

    def test_the_monitor_keeps_what_it_saw_of_a_process_that_died(self):
        process = self.start(BUSY)
        begun = cpu_seconds(process.pid)
        with ResourceMonitor(process.pid, interval_seconds=0.02) as monitor:
            wait_until(lambda: cpu_seconds(process.pid) > begun + 0.2)
            process.kill()
            process.wait()
        self.assertGreater(monitor.cpu_seconds, 0.1)
        self.assertGreater(monitor.peak_rss_bytes, 1_000_000)
        self.assertGreater(min(monitor.series()[1].values), 0)

    def test_the_monitor_tells_the_cpu_time_that_it_cost_itself(self):
        process = self.start(IDLE)
        before = time.process_time()
        with ResourceMonitor(process.pid, interval_seconds=0.01) as monitor:
            wait_until(lambda: len(monitor.series()) == 5)
        self.assertGreater(monitor.own_cpu_seconds, 0)
        self.assertLess(monitor.own_cpu_seconds, time.process_time() - before)

    def test_the_monitor_reads_threads_files_and_unique_memory_at_the_start_and_the_end(self):
        process = self.start(IDLE)
        with ResourceMonitor(process.pid, interval_seconds=0.01) as monitor:
            wait_until(lambda: len(monitor.series()) == 5)
        points = {series.name: len(series.values) for series in monitor.series()}
        self.assertEqual(points["server threads"], 2)
        self.assertEqual(points["server file descriptors"], 2)
        self.assertEqual(points["server uss"], 2)
        self.assertGreater(points["server rss"], 2)

    def test_the_monitor_has_points_of_a_short_block_too(self):
        process = self.start(IDLE)
        with ResourceMonitor(process.pid) as monitor:
            wait_until(lambda: monitor.peak_rss_bytes)
        for series in monitor.series():
            self.assertIn(len(series.values), (1, 2), series.name)

    def test_the_monitor_rejects_a_process_that_does_not_exist(self):
        ended = self.start(IDLE)
        self.end(ended)
        with self.assertRaisesMessage(ProcessLookupError, "to measure"):
            ResourceMonitor(ended.pid).__enter__()
