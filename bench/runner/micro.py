# SPDX-License-Identifier: MIT
"""The small operations, each measured inside a program of its library: timers, spawning, waking,
messages between threads. A program prints a line of JSON, {"bench", "value", "unit"}, for each."""
import json
import statistics

import process

# program: as in the tables. eddy's takes --driver=NAME.
PROGRAMS = {
    'eddy-epoll': ('micro_eddy', ['--driver=epoll']),
    'eddy-io_uring': ('micro_eddy', ['--driver=io_uring']),
    'raw': ('micro_raw', []),
    'libuv': ('micro_libuv', []),
    'libev': ('micro_libev', []),
    'libevent': ('micro_libevent', []),
    'asio': ('micro_asio', []),
    'tokio': ('micro_tokio', []),
}
LABELS = {'eddy-epoll': 'eddy, epoll', 'eddy-io_uring': 'eddy, io_uring', 'raw': 'by hand'}
ROUNDS_MAX = 3  # a round takes a minute and more
SECONDS_MAX = 120
# In this order in the table, where they exist; others follow.
NAMES = {
    'timer_start_1M': 'start a timer, 1,000,000 live',
    'timer_cancel_1M': 'stop a random one of 1,000,000',
    'timer_rearm_10k': 'set one of 10,000 again',
    'timer_fire_1M': 'fire: 1,000,000 within a second',
    'timer_fire_late_p50': 'how late, p50',
    'timer_fire_late_p99': 'how late, p99',
    'spawn_yield': 'spawn, run twice, end',
    'spawn_yield_heap': 'heap calls of that',
    'yield_switch': 'yield: from a task to the next',
    'wake_task': 'wake a task of the same loop',
    'mpsc_same_loop_cap128': 'channel of 128 between two tasks',
    'mpsc_same_loop_cap1': 'channel of 1 between two tasks',
    'oneshot_hop': 'oneshot, to a task that waits',
    'xthread_flood': 'messages from another thread',
    'xthread_flood_2': 'the same, 2 senders',
    'xthread_flood_3': 'the same, 3 senders',
    'xthread_flood_4': 'the same, 4 senders',
    'xthread_flood_again': 'the same as the first, once more',
    'xthread_flood_wakes': 'wakes of the kernel for that',
    'xthread_flood_channel': 'the same, by a channel without a limit',
    'xthread_flood_lockfree': 'the same, by a list without a lock',
    'xthread_flood_bounded1024': 'the same, by a channel of 1,024',
    'wake_latency_p50': 'wake a loop that sleeps, p50',
    'wake_latency_p99': 'wake a loop that sleeps, p99',
}


def run_into(options, programs, data):
    chosen = {name: entry for name, entry in PROGRAMS.items()
              if programs.path(entry[0]) and (name in options.servers or name == 'raw')}
    names = list(chosen)
    for number in range(min(options.rounds, ROUNDS_MAX)):
        cut = number % len(names) if names else 0
        for name in names[cut:] + names[:cut]:
            run_one(programs, name, *chosen[name], data)


def run_one(programs, name, program, arguments, data):
    """Any processors: some of it has two threads."""
    try:
        status, printed, complained = process.outcome([programs.path(program), *arguments], None,
                                                      SECONDS_MAX)
        for line in parse(printed):
            entry = data['micro'].setdefault(line['bench'], {'unit': line['unit'], 'values': {}})
            entry['values'].setdefault(name, []).append(line['value'])
        if status:
            raise process.Failure(f'status {status} {complained.strip()[-120:]}')
    except process.Failure as failure:
        process.complain(f'{program}: {failure}')
        data.setdefault('micro_failed', {})[name] = str(failure)


def parse(printed):
    """The lines; what is none is left out."""
    for text in printed.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {'bench', 'value', 'unit'} <= line.keys():
            yield line


def ordered(data):
    """(bench, entry) as they come in the table."""
    known = [bench for bench in NAMES if bench in data['micro']]
    others = [bench for bench in data['micro'] if bench not in NAMES]
    return [(bench, data['micro'][bench]) for bench in known + others]


def is_rate(unit):
    """Of a rate more is better; of a time less."""
    return unit.endswith('/s')


def figure(entry, program):
    """(the best of the rounds, half of the spread or None for one round); None for no round."""
    found = entry['values'].get(program)
    if not found:
        return None
    middle = statistics.median(found)
    best = max(found) if is_rate(entry['unit']) else min(found)
    spread = (max(found) - min(found)) / 2 / middle if middle and len(found) > 1 else None
    return best, spread
