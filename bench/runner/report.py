# SPDX-License-Identifier: MIT
"""The page of all figures, and its plots."""
import os

import plot
import process
import results
import tables
import workloads

# Those that the first plot shows: one of each kind.
AT_A_GLANCE = ['onecpu-c1-s64-p1', 'onecpu-c64-s64-p1', 'onecpu-c64-s64-p16', 'onecpu-http-c64-p16',
               'echo-c1000-s64-p1', 'echo-c64-s16384-p16', 'http-c64-wrk', 'churn', 'storm',
               'idle-9000', 'bulk-c1', 'source-c1', 'proxy-bulk', 'proxy-echo', 'udp-s64']
CLIP = 2.2
RATIO = 'CPU time for a request, raw epoll = 1 (left is better)'

HOW_TO_READ = """## How to read it
* **CPU ns/req** is processor time of the server's process for a request, the smallest of the
  rounds: what others do meanwhile only ever adds. **best ×** is its ratio to the raw epoll
  server's; **× raw epoll** the median of the ratios within each round, which a drift of the
  machine spares. **spread** is (largest - smallest) / median over the rounds: a difference
  smaller than a third of it is none. On one processor 3 % are something, on two 5 to 10 %.
* **req/s** and latencies are medians of the rounds. The load is one thread: where `busy` is below
  100 % it is the limit, or the round trip is, and not the server. Then compare the processor
  time.
* The raw servers are written by hand for this one task, with no more than it needs; nothing there
  can be cancelled, limited or composed. They are the floor.
* **calls, instr, heap /req** are system calls, instructions of the user's side (callgrind), and
  calls of malloc(3) and its kin for a request. **heap/conn** are those for a connection that
  comes and goes. They hardly depend on the machine.
* **B/conn** is memory of the server's process for each connection before it has said anything,
  **used** after an echo on each; **heap B/conn** what it had from malloc(3) and not given back
  while they were open.
* Every byte of every answer is compared by the load generator, but by wrk. A run in which one
  differs has failed.
* Failed runs have no figures; the table says how many and why."""


def page(data, plots=()):
    """The text. `plots`: names of those that were drawn."""
    parts = [*beginning(data, plots), *sections(data, plots), *micro_part(data, plots),
             *steady_part(data), *machine_part(data), HOW_TO_READ, '']
    return '\n'.join(parts)


def beginning(data, plots):
    return ['# Results', '',
            'How much of the processor eddy takes for a request, as a ratio to each peer\'s: '
            '`epoll / io_uring`, below 1 eddy takes less. Bold: less by 3 % and more.', '',
            *(tables.summary(data) if data['loads'] else []), '',
            *picture('summary', 'all servers, at a glance', plots),
            'How it was measured: [README.md](README.md). What composing work costs: '
            '[COMPOSE.md](COMPOSE.md). Beside Redis: [REDIS.md](REDIS.md). '
            'How the costs grow: [GROWTH.md](GROWTH.md).', '',
            *failed_part(data)]


def picture(name, words, plots):
    return [f'![{words}](plots/{name}.svg)', ''] if name in plots else []


def failed_part(data):
    failures = results.failures(data)
    if not failures:
        return []
    return [f'**Failed runs: {len(failures)}**; the tables say which and why.', '']


def sections(data, plots):
    for key, (title, words) in workloads.SECTIONS.items():
        chosen = [w for w in workloads.ALL if w.section == key and w.name in data['loads']]
        if not chosen:
            continue
        yield from [f'## {title}', '', words, '', *picture(key, title, plots)]
        for workload in chosen:
            yield from [f'### {workload.title}', '', *tables.details(data, workload), '']
            yield from picture(workload.name, workload.title, plots)


def micro_part(data, plots):
    if not data['micro']:
        return []
    return ['## Small operations', '',
            'Inside one process; the best of the rounds, ± half of their spread. Of times less is '
            'better, of what is told per second more. "By hand" is a timer wheel, a list of jobs '
            'and an eventfd, with nothing around them.', '',
            *picture('micro', 'small operations, all libraries', plots),
            *tables.micro_table(data), '']


def steady_part(data):
    if not data['steady']:
        return []
    counters = tables.calls_by(data)
    lines = ['## Steady figures', '']
    if 'strace' in counters:
        lines += ['System calls were counted by strace, which slows the server: more is ready each '
                  'time it asks, and it asks less often than at full speed.', '']
    elif counters:
        lines += ['System calls were counted by perf, at full speed.', '']
    for name in data['steady']:
        lines += [f'### {workloads.BY_NAME[name].title}', '', *tables.steady_table(data, name), '']
    return lines


def machine_part(data):
    facts = data['machine']
    versions = ', '.join(f'{name} {version}' for name, version in facts.get('versions', {}).items())
    rounds = max((len(rows) for _, _, rows in results.rows_of(data)), default=0)
    noisy = sum(1 for _, _, rows in results.rows_of(data) for row in rows if row.get('noisy'))
    lines = ['## What it was measured on', '']
    names = ('date', 'processor', 'memory', 'system', 'congestion', 'commit')
    lines += [f'* {name}: {facts[name]}' for name in names if name in facts]
    lines += [f'* versions: {versions}'] if versions else []
    lines += [f'* not built, and left out: {", ".join(facts["missing"])}'] if facts.get('missing') \
        else []
    lines += [f'* rounds: {rounds}; {noisy} runs were noisy and made twice',
              '* commands: ' + ', '.join(f'`{command}`' for command in data['commands']), '']
    return lines


# ---- plots --------------------------------------------------------------------------------------

def drawings(data):
    """(name, text) of each that there are figures for."""
    labels = {name: tables.label(name) for name in tables.order(plot.COLOURS)}
    glance = tables.ratios(data, AT_A_GLANCE)
    if glance:
        yield 'summary', plot.dots('What a request costs', RATIO, glance, labels, CLIP)
    for key, (title, _) in workloads.SECTIONS.items():
        rows = tables.ratios(data, [w.name for w in workloads.ALL if w.section == key])
        if rows:
            yield key, plot.dots(title, RATIO, rows, labels, CLIP)
    yield from figures_of_one(data, labels)
    rows = tables.micro_ratios(data)
    if rows:
        yield 'micro', plot.dots('Small operations',
                                 'time, the faster of eddy\'s = 1 (left is better)', rows,
                                 {**labels, 'raw': 'by hand'}, log=True)


def figures_of_one(data, labels):
    """Memory of a connection, and what slow ones wait beside busy ones: figures, no ratios."""
    for name, key, title, unit in (
            ('idle-9000', 'bytes_per_conn_used', 'Memory of a connection that was used', 'bytes'),
            ('mixed', 'cold_p99_us', 'Slow connections beside busy ones: p99', 'µs')):
        rows = data['loads'].get(name, {})
        found = {server: results.median(rows[server], key) for server in tables.order(rows)}
        found = {server: value for server, value in found.items() if value is not None}
        if found:
            yield name, plot.bars(title, unit, [('', found)], labels)


def write(data, path):
    """The page, and the plots beside it."""
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), 'plots')
    os.makedirs(folder, exist_ok=True)
    names = []
    for name, text in drawings(data):
        names.append(name)
        with open(os.path.join(folder, f'{name}.svg'), 'w', encoding='utf-8') as file:
            file.write(text)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(page(data, names))
    process.complain(f'written to {path}')


def short(data):
    """What `quick` prints."""
    lines = []
    if data['loads']:
        lines += ['eddy\'s CPU time for a request by that of each peer, epoll / io_uring:', '',
                  *tables.summary(data), '']
    for workload in workloads.ALL:
        if workload.name in data['loads']:
            lines += [f'{workload.title}:', '', *tables.details(data, workload), '']
    for name in data['steady']:
        lines += [f'Steady, {workloads.BY_NAME[name].title}:', '', *tables.steady_table(data, name),
                  '']
    return '\n'.join(lines)
