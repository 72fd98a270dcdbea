#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: slow
"""bench/runner: the figures that are made of rounds, the tables, the plots, and what is said of
wrong arguments and of servers that fail. Servers and load are made up: nothing is measured."""
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("EDDY_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
BENCH = os.path.join(ROOT, "tools", "bench")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "bench", "runner"))
# pylint: disable=wrong-import-position
import load
import machine
import micro
import plot
import process
import report
import results
import servers
import steady
import tables
import workloads
import wrk

SERVER = """#!%(python)s -SE
import os, socket, sys
if %(dies)s:
    sys.exit("no luck today")
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[2])))
server.listen()
while True:
    server.accept()[0].close()
"""
LOAD = """#!%(python)s -SE
import json, sys
words = dict(word.split("=") for word in sys.argv[2:])
row = {"mode": sys.argv[1], "ok": True, "error": "", "conns": 1, "requests": 1000, "rps": 5000.0,
       "srv_ns": 2000.0, "srv_util": 0.5, "load_util": 0.5, "cpu0_busy": 0.5, "cpu1_busy": 0.5,
       "steal0": 0, "steal1": 0, "p50_us": 10, "p99_us": 20}
row.update(%(more)s)
print(json.dumps(row))
sys.exit(not row["ok"])
"""


def rows(*costs, **more):
    """A row for each round; None is a failure."""
    return [{"ok": False, "error": "it broke", "round": number} if cost is None else
            {"ok": True, "error": "", "round": number, "srv_ns": cost, "rps": 1e9 / cost, **more}
            for number, cost in enumerate(costs)]


def data_of(**loads):
    data = results.new()
    data["loads"] = {name.replace("_", "-"): by_server for name, by_server in loads.items()}
    return data


class Figures(unittest.TestCase):
    def test_paired_is_the_median_of_the_ratios_within_each_round(self):
        self.assertEqual(results.paired(rows(200, 300, 150), rows(100, 100, 100)), 2)
        # What drifts for both alike is no difference.
        self.assertEqual(results.paired(rows(100, 200, 400), rows(100, 200, 400)), 1)

    def test_a_round_in_which_one_failed_is_not_paired(self):
        self.assertEqual(results.paired(rows(200, None, 400), rows(100, 100, None)), 2)
        self.assertIsNone(results.paired(rows(None, 200), rows(100, None)))

    def test_rounds_of_another_sitting_are_not_paired(self):
        later = [{**row, "round": row["round"] + 5} for row in rows(100, 100)]
        self.assertIsNone(results.paired(rows(200, 200), later))

    def test_best_is_the_smallest_of_those_that_went_well(self):
        self.assertEqual(results.best(rows(300, None, 200)), 200)
        self.assertIsNone(results.best(rows(None)))

    def test_spread_is_the_distance_by_the_median(self):
        self.assertEqual(results.spread(rows(90, 100, 120)), 0.3)
        self.assertIsNone(results.spread([]))

    def test_figures_that_were_kept_are_read_again_and_added_to(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "deep", "results.json")
            data = results.new()
            self.assertEqual(results.next_round(data), 0)
            results.add(data, "churn", "libuv", 0, {"ok": True, "srv_ns": 5})
            results.save(data, path)
            again = results.load(path)
            self.assertEqual(again, data)
            self.assertEqual(results.next_round(again), 1)

    def test_a_file_that_holds_something_else_is_refused(self):
        for text in ("", "{}", "[]", '{"format": 7}'):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                with self.assertRaises(SystemExit) as caught:
                    results.load(file.name)
                self.assertIn(file.name, str(caught.exception))

    def test_a_run_beside_which_others_were_busy_is_told_from_one_that_was_quiet(self):
        row = {"srv_util": 0.5, "load_util": 0.3, "cpu0_busy": 0.52, "cpu1_busy": 0.9,
               "steal0": 0.0, "steal1": 0.01}
        echo = workloads.BY_NAME["echo-c1-s64-p1"]
        self.assertAlmostEqual(load.foreign(row, echo), 0.6)
        # The server behind a proxy is no stranger on the processor of the load.
        self.assertAlmostEqual(load.foreign(row, workloads.BY_NAME["proxy-echo"]), 0.02)
        together = {**row, "cpu0_busy": 0.85}
        self.assertAlmostEqual(load.foreign(together, workloads.BY_NAME["onecpu-c1-s64-p1"]), 0.05)


class Workloads(unittest.TestCase):
    def test_each_has_a_name_of_its_own_and_a_section_that_there_is(self):
        self.assertEqual(len(workloads.BY_NAME), len(workloads.ALL))
        for workload in workloads.ALL:
            self.assertIn(workload.section, workloads.SECTIONS)
            self.assertIn(workload.figure, tables.COLUMNS)
            self.assertIn(workload.mode, servers.ALL_MODES)

    def test_what_is_chosen_of_them_exists(self):
        for names in (workloads.QUICK, workloads.STEADY, report.AT_A_GLANCE):
            self.assertLessEqual(set(names), set(workloads.BY_NAME))
        self.assertLessEqual(set(workloads.QUICK_STEADY), set(workloads.STEADY))
        self.assertLessEqual(set(workloads.QUICK_SERVERS), set(servers.LABELS))


class Tables(unittest.TestCase):
    def test_the_summary_has_both_of_eddys_drivers_by_each_peer(self):
        data = data_of(churn={"libuv": rows(200, 210), "eddy-epoll": rows(100, 120),
                              "eddy-io_uring": rows(220), "raw_epoll": rows(100)})
        lines = tables.summary(data)
        self.assertEqual(lines[0], "|  | raw epoll | libuv |")
        self.assertEqual(lines[2], "| churn: connect, a byte, close "
                                   "| 1.00 / 2.20 | **0.50** / 1.10 |")

    def test_a_peer_that_does_not_do_a_workload_has_an_empty_cell(self):
        data = data_of(churn={"eddy-epoll": rows(100), "libev": rows(100)},
                       udp_s64={"eddy-epoll": rows(100), "tokio": rows(None)})
        self.assertEqual(tables.summary(data)[2:], ["| churn: connect, a byte, close | 1.00 |  |",
                                                    "| datagrams of 64 B |  | – |"])

    def test_all_rows_of_a_table_are_as_wide_as_its_head(self):
        data = data_of(idle_9000={"eddy-epoll": rows(100, bytes_per_conn=80.0),
                                  "libuv": rows(None), "tokio": rows(50, 60)})
        lines = [line for line in tables.details(data, workloads.BY_NAME["idle-9000"])
                 if line.startswith("|")]
        self.assertEqual({line.count("|") for line in lines}, {lines[0].count("|")})
        self.assertIn("B/conn", lines[0])
        self.assertNotIn("p99", lines[0])  # nobody has it

    def test_who_failed_is_in_the_table_with_the_reason_below_it(self):
        data = data_of(churn={"raw_epoll": rows(100, 100), "libuv": rows(100, None)})
        lines = tables.details(data, workloads.BY_NAME["churn"])
        self.assertTrue(any("libuv (failed: 1 of 2)" in line for line in lines))
        self.assertEqual(lines[-1], "Failed: libuv: it broke")
        self.assertEqual(results.failures(data), [("churn", "libuv", "it broke")])

    def test_bytes_are_told_per_kib(self):
        data = data_of(bulk_c1={"raw_epoll": rows(0.25, gbps=2.0)})
        self.assertIn("| raw epoll | 2.00 | 256 | 1.00 | 1.00 |",
                      tables.details(data, workloads.BY_NAME["bulk-c1"])[2])

    def test_steady_figures_stand_beside_the_times(self):
        data = data_of(churn={"raw_epoll": rows(100)})
        data["steady"]["churn"] = {"raw_epoll": {"calls": 9.5, "instructions": 1234.5, "heap": 0.0,
                                                 "calls_by": "strace"}}
        lines = tables.details(data, workloads.BY_NAME["churn"])
        self.assertTrue(lines[0].endswith("calls/req | instr/req | heap/req |"))
        self.assertTrue(lines[2].endswith("| 9.50 | 1,234 | 0 |"))
        self.assertEqual(tables.calls_by(data), ["strace"])
        self.assertIn("counted by strace", report.page(data))

    def test_more_is_better_of_rates_and_less_of_times(self):
        data = results.new()
        data["micro"] = {
            "spawn_yield": {"unit": "ns",
                            "values": {"eddy-epoll": [10, 12], "raw": [5], "tokio": [40]}},
            "xthread_flood": {"unit": "M msg/s",
                              "values": {"eddy-epoll": [50, 40], "raw": [100], "tokio": [25]}}}
        self.assertEqual([row for _, row in tables.micro_ratios(data)],
                         [{"eddy-epoll": 1, "raw": 0.5, "tokio": 4},
                          {"eddy-epoll": 1, "raw": 0.5, "tokio": 2}])
        self.assertEqual(tables.micro_table(data)[3], "| messages from another thread | M msg/s | "
                                                      "50.0 ±11 % | 100 | 25.0 |")

    def test_the_page_begins_with_the_summary_and_names_failures(self):
        data = data_of(churn={"raw_epoll": rows(100), "eddy-epoll": rows(None)})
        text = report.page(data)
        self.assertLess(text.index("| churn: connect, a byte, close |"), text.index("## "))
        self.assertIn("**Failed runs: 1**", text)
        report.page(results.new())  # nothing was measured: no table, no fault


class Plots(unittest.TestCase):
    def drawn(self, text):
        """It is well-formed, has no script, and every number in it is one."""
        self.assertNotIn("nan", text)
        self.assertNotIn("inf", text)
        document = xml.dom.minidom.parseString(text)
        self.assertEqual(document.documentElement.tagName, "svg")
        self.assertEqual(document.getElementsByTagName("script").length, 0)
        self.assertIn("prefers-color-scheme: dark", text)
        return document

    def test_dots_have_a_mark_for_each_value_and_words_for_what_is_too_large(self):
        document = self.drawn(plot.dots("A & B <c>", "less is \"better\"", [
            ("one", {"eddy-epoll": 0.9, "libuv": 1.1, "nginx": 17.9}), ("two", {"libuv": 1.0})],
            clip=2))
        # Each name of the legend, and each value that is not too large.
        self.assertEqual(document.getElementsByTagName("circle").length, 2 + 2)
        self.assertEqual(document.getElementsByTagName("path").length, 1 + 1)
        self.assertIn("nginx 17.9", document.toxml())

    def test_marks_stay_inside_whatever_the_values(self):
        for log in (False, True):
            text = plot.dots("t", "x", [("r", {"a": 1e-6, "b": 1.0, "c": 1e6})], log=log)
            for place in re.findall(r'cx="([\d.-]+)"', text):
                self.assertTrue(0 < float(place) < plot.WIDTH, place)
            self.drawn(text)

    def test_bars_are_as_long_as_their_values(self):
        text = plot.bars("t", "bytes", [("", {"eddy-epoll": 100, "tokio": 200, "asio": 0})])
        widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="13.0"', text)]
        self.drawn(text)
        self.assertAlmostEqual(widths[1] / widths[0], 2, delta=0.02)
        self.assertLess(widths[2], 2)

    def test_lines_have_a_tick_at_each_size_of_a_growth(self):
        text = plot.lines("Live timers", "timers", "ns", {
            "epoll": [(1000, 5), (100000, 6), (10000000, 9)], "io_uring": [(1000, 5.5)]},
            log_x=True)
        self.drawn(text)
        for label in ("1k", "100k", "10M"):
            self.assertIn(f">{label}<", text)
        places = [float(place.split(",")[0]) for place in
                  re.search(r'points="([^"]*)"', text)[1].split()]
        self.assertAlmostEqual(places[1] - places[0], places[2] - places[1], delta=0.2)

    def test_values_that_are_all_alike_or_none_are_drawn_too(self):
        self.drawn(plot.dots("t", "x", [("r", {"a": 1.0})]))
        self.drawn(plot.dots("t", "x", []))
        self.drawn(plot.dots("t", "x", [("r", {"a": 5.0})], clip=2))
        self.drawn(plot.bars("t", "x", [("g", {"a": 0})]))
        self.drawn(plot.lines("t", "x", "y", {"a": [(1, 0), (2, 0)]}, log_x=True))
        self.drawn(plot.lines("t", "x", "y", {}))

    def test_ticks_are_round_and_inside(self):
        self.assertEqual(plot.even_ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1])
        self.assertEqual(plot.even_ticks(0.83, 2.2), [1, 1.2, 1.4, 1.6, 1.8, 2, 2.2])
        self.assertEqual(plot.log_ticks(1, 1000), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
        self.assertEqual(plot.log_ticks(10, 1e6), [10, 100, 1e3, 1e4, 1e5, 1e6])

    def test_every_drawing_of_a_page_is_well_formed(self):
        data = data_of(mixed={"eddy-epoll": rows(100, cold_p99_us=20.0), "raw_epoll": rows(90)},
                       churn={"eddy-epoll": rows(100), "raw_epoll": rows(90), "libuv": rows(900)})
        names = [name for name, text in report.drawings(data) if self.drawn(text)]
        self.assertEqual(names, ["summary", "conns", "mixed"])


class Readers(unittest.TestCase):
    """What other programs print."""

    WRK = """Running 1s test
  Latency Distribution
     50%  812.00us
     99%    1.20ms
  50000 requests in 1.00s, 6.00MB read
{wrong}Requests/sec:  49876.54
"""
    USED = [1.0, 0.25, 0.5, 0.3, 0.0, 0.6, 0.0]

    def test_a_report_of_wrk_is_read(self):
        row = wrk.row(self.WRK.format(wrong=""), "", self.USED)
        self.assertEqual((row["requests"], row["rps"], row["srv_ns"]), (50000, 49876.54, 5000))
        self.assertEqual((row["p50_us"], row["p99_us"]), (812, 1200))

    def test_wrong_answers_that_wrk_saw_are_a_failure(self):
        for wrong in ("  Non-2xx or 3xx responses: 3\n",
                      "  Socket errors: connect 0, read 1, write 0, timeout 0\n"):
            with self.assertRaises(process.Failure):
                wrk.row(self.WRK.format(wrong=wrong), "", self.USED)
        with self.assertRaises(process.Failure):
            wrk.row("", "unable to connect", self.USED)

    def test_what_is_no_line_of_a_micro_program_is_left_out(self):
        lines = list(micro.parse('{"bench":"a","value":1,"unit":"ns"}\nnoise\n{}\n3\n'))
        self.assertEqual([line["bench"] for line in lines], ["a"])

    def test_the_last_total_of_a_dump_of_callgrind_counts(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("events: Ir\nsummary: 12\n\ntotals: 34\n")
            file.flush()
            self.assertEqual(steady.total_of(file.name), 34)

    def test_a_version_that_is_not_there_is_no_fault(self):
        self.assertEqual(machine.output("/no/such/program"), "")
        self.assertEqual(machine.of_package("no-such-library")(), "")


class Commands(unittest.TestCase):
    """tools/bench as it is called."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(lambda: subprocess.call(["rm", "-r", self.folder]))

    def path(self, name):
        return os.path.join(self.folder, name)

    def program(self, name, text, **values):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text % {"python": sys.executable, **values})
        os.chmod(self.path(name), 0o755)
        return self.path(name)

    def table(self, more="{}", **made_up):
        """A file of programs: a load that answers with `more`, and these servers only."""
        table = {"programs": {"load": self.program("load", LOAD, more=more)},
                 "servers": {name: {} for name in servers.LABELS}}
        for name, dies in made_up.items():
            path = self.program(name, SERVER, dies=dies)
            table["servers"][name] = {"echo": path + " echo {port}"}
        with open(self.path("table.json"), "w", encoding="utf-8") as file:
            json.dump(table, file)
        return self.path("table.json")

    def bench(self, *arguments):
        """(exit status, printed, complained)"""
        done = subprocess.run([sys.executable, BENCH, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def run_bench(self, table, *more):
        return self.bench("run", "--programs", table, "--parts", "loads", "--rounds", "2",
                          "--tests", "^churn$", "--json", self.path("all.json"),
                          "--out", self.path("RESULTS.md"), *more)

    def page(self):
        with open(self.path("RESULTS.md"), encoding="utf-8") as file:
            return file.read()

    def test_help_is_no_fault_and_anything_unknown_is_one(self):
        self.assertEqual(self.bench("--help")[0], 0)
        for arguments in ([], ["fly"], ["run", "--rounds", "0"], ["run", "--secs", "x"],
                          ["run", "--tests", "("], ["report", "--from"], ["quick", "--out", "x"]):
            status, printed, complained = self.bench(*arguments)
            self.assertEqual((status, printed), (2, ""), arguments)
            self.assertNotIn("Traceback", complained)

    def test_names_that_do_not_exist_are_refused_with_those_that_do(self):
        table = self.table(mine=False)
        for more, known in ((["--servers", "yours"], "mine"), (["--parts", "x"], "steady"),
                            (["--tests", "^x$"], "churn")):
            status, _, complained = self.run_bench(table, *more)
            self.assertEqual(status, 2)
            self.assertEqual(complained.count("\n"), 1)
            self.assertIn(known, complained)

    def test_a_table_of_programs_that_cannot_be_read_is_one_line(self):
        for text in ("", "[]", '{"servers": {"a": {"echo": "x {who}"}}}'):
            with open(self.path("bad.json"), "w", encoding="utf-8") as file:
                file.write(text)
            status, _, complained = self.run_bench(self.path("bad.json"))
            self.assertEqual((status, complained.count("\n")), (2, 1), complained)

    def test_a_run_writes_the_page_and_its_plots_and_report_the_same_again(self):
        status, _, complained = self.run_bench(self.table(mine=False, raw_epoll=False))
        self.assertEqual(status, 0, complained)
        text = self.page()
        self.assertIn("| raw epoll | 5,000 | 2,000 | 1.00 | 1.00 |", text)
        self.assertIn("| mine | 5,000 | 2,000 | 1.00 | 1.00 |", text)
        self.assertIn("plots/summary.svg", text)
        self.assertTrue(os.path.exists(self.path("plots/summary.svg")))
        os.remove(self.path("RESULTS.md"))
        self.assertEqual(self.bench("report", "--from", self.path("all.json"),
                                    "--out", self.path("RESULTS.md"))[0], 0)
        self.assertEqual(self.page(), text)

    def test_a_run_can_be_made_in_parts(self):
        table = self.table(mine=False)
        self.run_bench(table)
        self.run_bench(table, "--append", "--tests", "^mixed$")
        data = results.load(self.path("all.json"))
        self.assertEqual({name: [row["round"] for row in by_server["mine"]]
                          for name, by_server in data["loads"].items()},
                         {"churn": [0, 1], "mixed": [2, 3]})
        self.assertEqual(len(data["commands"]), 2)

    def test_a_server_that_does_not_start_fails_alone(self):
        status, _, complained = self.run_bench(self.table(mine=False, bad=True))
        self.assertEqual(status, 1)
        self.assertIn("no luck today", complained)
        self.assertIn("| mine | 5,000 |", self.page())
        self.assertIn("bad (failed: 2 of 2)", self.page())
        self.assertIn("did not start: status 1 (no luck today)", self.page())

    def test_a_load_that_finds_a_wrong_byte_is_told(self):
        more = '{"ok": False, "error": "byte 7 differs"}'
        status, _, complained = self.run_bench(self.table(more, mine=False))
        self.assertEqual(status, 1)
        self.assertIn("churn: mine: byte 7 differs", complained)

    def test_quick_prints_and_writes_nothing(self):
        before = sorted(os.listdir(os.path.join(ROOT, "bench")))
        status, printed, complained = self.bench("quick", "--programs", self.table(mine=False),
                                                 "--servers", "mine", "--parts", "loads")
        self.assertEqual(status, 0, complained)
        self.assertIn("connect, a byte, close", printed)
        self.assertEqual(sorted(os.listdir(os.path.join(ROOT, "bench"))), before)


class Processes(unittest.TestCase):
    def test_ports_are_free_and_differ(self):
        ports = [process.free_port() for _ in range(5)]
        self.assertEqual(len(set(ports)), 5)
        self.assertTrue(all(process.can_bind(port, 1) for port in ports))

    def test_a_process_that_does_not_end_is_a_failure_and_ended(self):
        with self.assertRaises(process.Failure):
            process.outcome([sys.executable, "-c", "import time; time.sleep(60)"], None, 0.2)

    def test_a_server_that_ends_by_itself_is_a_failure_with_its_last_words(self):
        script = ("import socket, sys; s = socket.create_server(('127.0.0.1', {port}));"
                  "s.accept(); s.close(); sys.exit('enough')")
        port = process.free_port()
        command = [sys.executable, "-c", script.format(port=port)]
        with self.assertRaisesRegex(process.Failure, r"status 1 \(enough\)"):
            with servers.running(command, "echo", None, port) as server:
                server.process.wait()

    def test_what_has_no_command_in_the_folders_is_missing(self):
        programs = servers.Programs(["/no/such/folder"])
        self.assertEqual(programs.names(), [])
        self.assertIn("libuv", programs.missing())
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            programs.need("load")


if __name__ == "__main__":
    unittest.main()
