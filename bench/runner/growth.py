# SPDX-License-Identifier: MIT
"""How the costs of eddy grow: runs growth_eddy and the load from outside, writes bench/GROWTH.md.

Each size is a process of its own; sizes and drivers take turns within each round, and the median of
the rounds is told. What is measured stands in bench/growth, what is said of it in growth_text.py.
"""
import argparse
import datetime
import json
import os
import platform
import statistics

import growth_text
import machine
import process

SIZES = {
    'timers': [1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    'tasks': [10, 100, 1_000, 10_000, 100_000, 1_000_000],
    'remotes': [1, 2, 4, 8],
    'channels': [1, 2, 4, 8],
    'loops': [1, 2],
    'connections': [10, 100, 1_000, 9_000],
}
# From here on a size is run once: it takes more than a minute.
ONCE_FROM = 5_000_000
SECONDS_MAX = 300
# What others may have of the machine while a run lasts, before it is done again.
FOREIGN_MAX = 0.10
NOISY = 'noisy'

options = argparse.Namespace()


def main(args):
    parse(args)
    kept = os.path.join(options.build, 'bench/growth.json')
    if options.again:
        with open(kept, encoding='utf-8') as file:
            write(json.load(file))
        return
    lines = []
    for number in range(options.rounds):
        lines += run_round(number)
        with open(kept, 'w', encoding='utf-8') as file:
            json.dump(lines, file)
    write(lines)


def parse(args):
    parser = argparse.ArgumentParser(prog='tools/bench growth', description=__doc__)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--drivers', default='epoll,io_uring')
    parser.add_argument('--only', default=','.join(SIZES), help='of: ' + ' '.join(SIZES))
    parser.add_argument('--build', default='build/release', help='where the programs were built')
    parser.add_argument('--load', help='the load generator (BUILD/bench/load)')
    parser.add_argument('--secs', type=float, default=1.0, help='of each load')
    parser.add_argument('--max', type=int, default=10_000_000, help='leave out larger sizes')
    parser.add_argument('--again', action='store_true', help='only write, from the last run')
    parser.add_argument('--out', default='bench/GROWTH.md')
    parser.parse_args(args, namespace=options)
    options.drivers = options.drivers.split(',')
    options.only = options.only.split(',')
    options.load = options.load or os.path.join(options.build, 'bench/load')


def say(text):
    process.complain(f'growth: {text}')


# ---- running ------------------------------------------------------------------------------------

def run_round(number):
    """A list of [what, driver, size, value]."""
    lines = []
    for what in options.only:
        for x in SIZES[what]:
            if x > options.max or (x >= ONCE_FROM and number > 0):
                continue
            for driver in options.drivers[::1 if number % 2 == 0 else -1]:
                say(f'round {number + 1}: {what} {x} on {driver}')
                for bench, value in quiet_figures(what, x, driver):
                    lines.append([bench, driver, x, value])
    return lines


def quiet_figures(what, x, driver):
    """Of two runs the quieter, when others took more of the machine than they may in the first. A
    loop that has to wait for its processor is late by that, whatever it does."""
    first = watched(what, x, driver)
    if first[0] <= FOREIGN_MAX:
        return first[1]
    again = watched(what, x, driver)
    share, found = min(first, again, key=lambda run: run[0])
    if share > FOREIGN_MAX:
        say(f'others had {100 * share:.0f} % of the machine: {what} {x} on {driver}')
        found.append((NOISY, share))
    return found


def watched(what, x, driver):
    """(share of the machine's time that was taken by neither us nor what we started, figures)"""
    before = machine_seconds()
    found = list(figures(what, x, driver))
    busy, ours, total = (now - then for now, then in zip(machine_seconds(), before))
    return max(0.0, busy - ours) / total, found


def machine_seconds():
    """Seconds so far of all processors: busy; used by us; in all. Children count once ended."""
    with open('/proc/stat', encoding='ascii') as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    second = os.sysconf('SC_CLK_TCK')
    spent = os.times()
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / second, sum(spent[:4]), sum(ticks) / second


def figures(what, x, driver):
    yield from inside(what, x, driver)
    if what == 'connections':
        answer = load_echo('bench/srv_eddy', ['echo', '{port}'], driver, 0, x, 1)
        yield from told('connection_echo', answer)
    if what == 'loops':
        program, cpu = ('examples/echo', 0) if x == 1 else ('examples/echo_threads', None)
        for depth in (1, 16):
            answer = load_echo(program, ['--port={port}'], driver, cpu, 64, depth)
            yield from told(f'loop_echo_p{depth}', answer)


def inside(what, x, driver):
    """The lines of growth_eddy, which has checked its work or failed."""
    command = [os.path.join(options.build, 'bench/growth_eddy'), what, str(x), f'--driver={driver}']
    for line in output(command, None, SECONDS_MAX):
        line = json.loads(line)
        assert line['x'] == x, line
        yield line['bench'], line['value']


def told(name, answer):
    yield f'{name}_cpu', answer['srv_ns']
    yield f'{name}_rate', answer['rps']
    yield f'{name}_p50', answer['p50_us']
    yield f'{name}_p99', answer['p99_us']


def output(command, cpu, seconds):
    status, printed, complained = process.outcome(command, cpu, seconds)
    if status != 0:
        raise process.Failure(f'{" ".join(command)}: {printed}{complained}')
    return printed.splitlines()


def load_echo(program, arguments, driver, cpu, conns, depth):
    """64 bytes each way, the load on the other processor; it compares every byte."""
    port = process.free_port()
    command = [os.path.join(options.build, program)]
    command += [argument.format(port=port) for argument in arguments] + [f'--driver={driver}']
    server = process.spawn(command, cpu)
    try:
        process.wait_until_ready(server, port, 'echo')
        lines = output([options.load, 'echo', f'port={port}', f'pid={server.pid}', f'conns={conns}',
                        'size=64', f'depth={depth}', f'secs={options.secs}'], 1, 60)
    finally:
        process.end(server)
    answer = json.loads(lines[-1])
    if not answer['ok']:
        raise process.Failure(f'{program}, {conns} connections: {answer["error"]}')
    return answer


# ---- writing ------------------------------------------------------------------------------------

def medians_of(lines):
    """By what and driver: the median of each size."""
    values = {}
    for bench, driver, x, value in lines:
        values.setdefault((bench, driver), {}).setdefault(x, []).append(value)
    return {key: {x: statistics.median(at) for x, at in sizes.items()}
            for key, sizes in values.items()}


def write(lines):
    medians = medians_of(lines)
    page = [growth_text.INTRODUCTION.format(rounds=options.rounds), made_on(), noise(lines)]
    for section in growth_text.SECTIONS:
        if section.what in options.only:
            page += write_section(section, medians)
    with open(options.out, 'w', encoding='utf-8') as file:
        file.write('\n'.join(page) + '\n')
    say(f'written to {options.out}')


def write_section(section, medians):
    yield f'\n## {section.title}\n'
    yield section.setting + '\n'
    yield from table(section, medians)
    for name, label, benches in section.plots:
        yield f'\n![{label}]({write_plot(section, name, label, benches, medians)})'
    yield '\n' + section.reading


def write_plot(section, name, label, benches, medians):
    import plot  # beside this file; only needed here, so that tables can be had without it
    lines = {}
    for bench, short in benches.items():
        for driver in options.drivers:
            points = sorted(medians.get((bench, driver), {}).items())
            if points:
                lines[f'{short}, {driver}' if short else driver] = points
    path = f'plots/growth-{name}.svg'
    target = os.path.join(os.path.dirname(options.out), path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, 'w', encoding='utf-8') as file:
        file.write(plot.lines(section.title, section.x_label, label, lines, log_x=True))
    return path


def table(section, medians):
    sizes = [x for x in SIZES[section.what] if x <= options.max]
    yield '| | driver | ' + ' | '.join(f'{x:,}' for x in sizes) + ' |'
    yield '|---|---|' + '---:|' * len(sizes)
    for bench, text in section.rows.items():
        for driver in options.drivers:
            at = medians.get((bench, driver), {})
            if at:
                cells = ' | '.join(number(at[x]) if x in at else '' for x in sizes)
                yield f'| {text} | {driver} | {cells} |'


def number(value):
    """Three digits that count."""
    if value >= 100:
        return f'{value:,.0f}'
    return f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def made_on():
    return (f'Measured on {datetime.date.today()}: {os.cpu_count()} processors '
            f'({machine.processor()}), Linux {platform.release()}.')


def noise(lines):
    """How far the figures can be trusted."""
    noisy = [share for bench, _, _, share in lines if bench == NOISY]
    if not noisy:
        return 'No other program took more than a tenth of the machine during any run.'
    return (f'**In {len(noisy)} runs other programs took more than a tenth of the machine, up to '
            f'{100 * max(noisy):.0f} %, and again when they were repeated**: take times on the '
            'wall (rates, how late) for what they are.')
