# SPDX-License-Identifier: MIT
"""tools/bench run, quick and report: servers under load, in rounds, and the page made of it.

In each round each workload is put on each server in turn, the order rotated, so that what else the
machine does meanwhile meets all alike. Each time it is a fresh server on one processor and a fresh
load generator on the other. A run beside which others used more than a tenth of a processor is
made once more, and the quieter one counts. All is kept in a JSON file, of which `report` makes the
page again, and to which --append adds: a long run can be made in parts.
"""
import argparse
import re
import shlex
import signal
import sys
import time

import load
import machine
import micro
import process
import report
import results
import servers
import steady
import workloads

PARTS = ('loads', 'micro', 'steady')

# ---- rounds -------------------------------------------------------------------------------------

def rotated(names, number):
    """The same names, another one first each round."""
    cut = number % len(names) if names else 0
    return names[cut:] + names[:cut]


def run_loads(options, setting, data):
    """All rounds. After each workload the file is written, so that nothing is lost."""
    begun = time.monotonic()
    first = results.next_round(data)
    for number in range(first, first + options.rounds):
        for workload in options.tests:
            run_workload(options, setting, data, (workload, number))
            results.save(data, options.json)
        spent = time.monotonic() - begun
        rest = spent / (number - first + 1) * (first + options.rounds - number - 1)
        process.complain(f'round {number - first + 1} of {options.rounds} after {spent:.0f} s; '
                         f'{rest:.0f} s to go')


def run_workload(options, setting, data, at):
    """One workload of one round, on all servers that do it."""
    workload, number = at
    for name in rotated(setting.programs.with_mode(workload.mode, options.servers), number):
        row = load.run_quietly(setting, workload, name)
        if not row['ok']:
            process.complain(f'{workload.name}: {name}: {row["error"]}')
        results.add(data, workload.name, name, number, row)


# ---- arguments ----------------------------------------------------------------------------------

def parser_of(name, usage):
    parser = argparse.ArgumentParser(prog=f'tools/bench {name}',
                                     usage=f'tools/bench {name} {usage}',
                                     description=__doc__.split('\n', 1)[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=count, help='how often each is run')
    parser.add_argument('--secs', type=duration, help='how long a load is measured')
    parser.add_argument('--tests', type=pattern, help='a regular expression: these workloads only')
    parser.add_argument('--servers', type=words, help='a,b,c: these servers only')
    parser.add_argument('--parts', type=words, default=list(PARTS), help=f'of {",".join(PARTS)}')
    parser.add_argument('--programs', metavar='FILE', help='other programs: see servers.py')
    return parser


def count(text):
    value = int(text)
    if not 1 <= value <= 1000:
        raise ValueError
    return value


def duration(text):
    value = float(text)
    if not 0.05 <= value <= 600:
        raise ValueError
    return value


def pattern(text):
    try:
        return re.compile(text)
    except re.error:
        raise ValueError from None


def words(text):
    return [word for word in text.split(',') if word]


def choose(options, usual_tests, usual_servers, programs):
    """Which tests and servers: those asked for, which have to exist, or the usual ones."""
    known = programs.names()
    for name in options.servers or []:
        if name not in known:
            servers.refuse(f'there is no server {name}; there are: {" ".join(known)}')
    for part in options.parts:
        if part not in PARTS:
            servers.refuse(f'there is no part {part}; there are: {" ".join(PARTS)}')
    options.servers = options.servers or [name for name in usual_servers if name in known]
    names = list(workloads.BY_NAME) if options.tests else usual_tests
    options.tests = [workloads.BY_NAME[name] for name in names
                     if not options.tests or options.tests.search(name)]
    if not options.tests:
        servers.refuse('no workload has such a name; there are: ' + ' '.join(workloads.BY_NAME))


def prepare(options):
    """What was built, and is built now."""
    table = servers.read_table(options.programs)
    if not table:
        servers.build()
    return servers.Programs(servers.FOLDERS, table)


def setting_of(options, programs, warm, again):
    return load.Setting(programs, options.secs, warm, load.processors(), again)


# ---- commands -----------------------------------------------------------------------------------

def main(arguments):
    """tools/bench run: everything, for the page."""
    parser = parser_of('run', '[--rounds N] [--secs S] [--tests REGEX] [--servers LIST] '
                              '[--parts LIST] [--json FILE] [--append] [--out FILE]')
    parser.add_argument('--json', metavar='FILE', default='build/bench/results.json',
                        help='where all figures are kept')
    parser.add_argument('--append', action='store_true', help='to what the file has')
    parser.add_argument('--out', metavar='FILE', default='bench/RESULTS.md',
                        help='the page; its plots go into the folder plots beside it')
    options = parser.parse_args(arguments)
    options.rounds, options.secs = options.rounds or 5, options.secs or 0.7
    programs = prepare(options)
    choose(options, list(workloads.BY_NAME), programs.names(), programs)
    data = results.load(options.json) if options.append else results.new()
    data['commands'].append(shlex.join(['tools/bench', 'run', *arguments]))
    data['machine'] = machine.describe(programs)
    measure(options, setting_of(options, programs, 0.2, True), data)
    report.write(data, options.out)
    return 0 if not results.failures(data) else 1


def measure(options, setting, data):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if 'loads' in options.parts:
        run_loads(options, setting, data)
    if 'micro' in options.parts:
        micro.run_into(options, setting.programs, data)
        results.save(data, options.json)
    if 'steady' in options.parts:
        steady.run_into(options, setting, data)
        results.save(data, options.json)


def main_quick(arguments):
    """tools/bench quick: some of it, printed; under three minutes."""
    options = parser_of('quick', '[--rounds N] [--secs S] [--tests REGEX] [--servers LIST] '
                                 '[--parts LIST]').parse_args(arguments)
    options.rounds, options.secs, options.json = options.rounds or 3, options.secs or 0.4, None
    if options.parts == list(PARTS):
        options.parts = ['loads', 'steady']
    programs = prepare(options)
    if not options.tests:
        options.steady = workloads.QUICK_STEADY
    choose(options, workloads.QUICK, workloads.QUICK_SERVERS, programs)
    data = results.new()
    data['machine'] = machine.describe(programs)
    measure(options, setting_of(options, programs, 0.1, False), data)
    print(report.short(data))
    return 0 if not results.failures(data) else 1


def main_report(arguments):
    """tools/bench report: the page of figures that were kept."""
    parser = argparse.ArgumentParser(prog='tools/bench report')
    parser.add_argument('--from', dest='source', metavar='FILE', default='build/bench/results.json')
    parser.add_argument('--out', metavar='FILE', default='bench/RESULTS.md')
    options = parser.parse_args(arguments)
    report.write(results.load(options.source), options.out)
    return 0
