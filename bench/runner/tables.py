# SPDX-License-Identifier: MIT
"""The tables of the page: pure functions from what was measured to lines of Markdown."""
import micro
import results
import servers
import workloads

NONE = '–'
EDDIES = ('eddy-epoll', 'eddy-io_uring')
BASE = servers.BASE


def label(server):
    return servers.LABELS.get(server, server)


def order(names):
    """As in the table of servers; others after them."""
    known = [name for name in servers.LABELS if name in names]
    return known + [name for name in names if name not in known]


def table(head, rows):
    """Lines of it; the first column is text, the others figures."""
    return ['| ' + ' | '.join(head) + ' |', '|---' + '|---:' * (len(head) - 1) + '|',
            *('| ' + ' | '.join(row) + ' |' for row in rows)]


def number(value):
    """Three digits that count, or all before the point."""
    if value is None:
        return NONE
    if abs(value) >= 100:
        return f'{value:,.0f}'
    return f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'


def small(value):
    """Of what is counted per request, and is often next to nothing."""
    if value is None:
        return NONE
    return '0' if abs(value) < 0.0005 else f'{value:.3f}' if abs(value) < 1 else number(value)


def percent(value):
    return NONE if value is None else f'{value:.0%}'.replace('%', ' %')


# ---- the summary --------------------------------------------------------------------------------

def compared(by_server, server, other):
    """A server's processor time for a request by another's, each the smallest of its rounds."""
    return results.ratio(results.best(by_server.get(server)), results.best(by_server.get(other)))


def peers(data):
    return [name for name in order({name for _, name, _ in results.rows_of(data)})
            if name not in EDDIES]


def summary(data):
    """Rows are workloads, columns peers; a cell has eddy's two drivers."""
    names = peers(data)
    rows = []
    for workload in workloads.ALL:
        by_server = data['loads'].get(workload.name)
        if by_server:
            rows.append([f'{section_word(workload)}{workload.title}',
                         *(pair(by_server, name) for name in names)])
    return table(['', *map(label, names)], rows)


def section_word(workload):
    return 'one CPU: ' if workload.one_cpu else ''


def pair(by_server, other):
    if other not in by_server:
        return ''
    cells = [cell(compared(by_server, eddy, other)) for eddy in EDDIES if eddy in by_server]
    return ' / '.join(cells)


def cell(ratio):
    """Bold where eddy takes less by more than what is noise."""
    if ratio is None:
        return NONE
    return f'**{ratio:.2f}**' if ratio <= 0.97 else f'{ratio:.2f}'


def ratios(data, names=None):
    """For the plots: [(title, {server: its time by the base's})] of these workloads."""
    rows = []
    for workload in workloads.ALL:
        by_server = data['loads'].get(workload.name, {})
        if names is None or workload.name in names:
            found = {name: compared(by_server, name, BASE) for name in order(by_server)}
            found = {name: value for name, value in found.items() if value is not None}
            if len(found) > 1:
                rows.append((section_word(workload) + workload.title, found))
    return rows


# ---- one workload -------------------------------------------------------------------------------

# Each: the head of the column, and what it has of (rows, rows of the base, steady figures).
def column(head, function):
    return head, function


def of_rows(head, key, form=number, scale=1):
    def value(rows, _base, _steady):
        middle = results.median(rows, key)
        return form(None if middle is None else middle * scale)
    return column(head, value)


def of_steady(head, key):
    return column(head, lambda _rows, _base, steady: small(steady.get(key)))


def cost(head, scale=1):
    def value(rows, _base, _steady):
        least = results.best(rows)
        return number(None if least is None else least * scale)
    return column(head, value)


RATIOS = [
    column('× raw epoll', lambda rows, base, _: number(results.paired(rows, base))),
    column('best ×', lambda rows, base, _: number(results.ratio(results.best(rows),
                                                               results.best(base)))),
    column('spread', lambda rows, _base, _: percent(results.spread(rows))),
    of_rows('busy', 'srv_util', percent),
]
STEADY = [of_steady('calls/req', 'calls'), of_steady('instr/req', 'instructions'),
          of_steady('heap/req', 'heap'), of_steady('heap/conn', 'heap_conn')]
LATENCY = [of_rows('p50 µs', 'p50_us'), of_rows('p99 µs', 'p99_us')]
COLUMNS = {
    'requests': [of_rows('req/s', 'rps'), cost('CPU ns/req'), *RATIOS, *LATENCY, *STEADY],
    'bytes': [of_rows('GB/s', 'gbps'), cost('CPU ns/KiB', 1024), *RATIOS],
    'idle': [of_rows('req/s', 'rps'), cost('CPU ns/req'), *RATIOS, *LATENCY,
             of_rows('B/conn', 'bytes_per_conn'), of_rows('B/conn, used', 'bytes_per_conn_used'),
             of_steady('heap B/conn', 'live'), of_rows('at start, KiB', 'rss0_kb')],
    'mixed': [of_rows('req/s', 'rps'), cost('CPU ns/req'), *RATIOS,
              of_rows('slow: p50 µs', 'cold_p50_us'), of_rows('p99 µs', 'cold_p99_us'),
              of_rows('most µs', 'cold_max_us')],
}


def details(data, workload):
    """The table of one workload; columns in which nobody has anything are left out."""
    by_server = data['loads'][workload.name]
    steady = data['steady'].get(workload.name, {})
    base = by_server.get(BASE, [])
    names = order(by_server)
    columns = []
    for head, value in COLUMNS[workload.figure]:
        cells = [value(by_server[name], base, steady.get(name, {})) for name in names]
        if any(one != NONE for one in cells):
            columns.append((head, cells))
    rows = [[label(name) + how_many_failed(by_server[name]), *(cells[at] for _, cells in columns)]
            for at, name in enumerate(names)]
    return table(['', *(head for head, _ in columns)], rows) + complaints(by_server)


def how_many_failed(rows):
    bad = len(rows) - len(results.good(rows))
    return f' (failed: {bad} of {len(rows)})' if bad else ''


def complaints(by_server):
    """A line for each server that failed: why."""
    lines = []
    for name in order(by_server):
        why = list(dict.fromkeys(row['error'] for row in by_server[name] if not row['ok']))
        if why:
            lines += ['', f'Failed: {label(name)}: {"; ".join(why[:3])}']
    return lines


# ---- small operations, steady figures -----------------------------------------------------------

def micro_table(data):
    names = [name for name in micro.PROGRAMS
             if any(name in entry['values'] for entry in data['micro'].values())]
    rows = []
    for bench, entry in micro.ordered(data):
        cells = []
        for name in names:
            cells.append(micro_cell(micro.figure(entry, name)))
        rows.append([micro.NAMES.get(bench, bench), entry['unit'], *cells])
    return table(['', 'unit', *(micro.LABELS.get(name, name) for name in names)], rows)


def micro_cell(figure):
    if not figure:
        return ''
    best, spread = figure
    return number(best) + ('' if spread is None else f' ±{percent(spread)}')


def micro_ratios(data):
    """[(title, {program: how many times the time of eddy})], the faster of eddy's two drivers;
    of rates the inverse. Lateness is in the table only."""
    rows = []
    for bench, entry in micro.ordered(data):
        best = {name: micro.figure(entry, name)[0] for name in entry['values']}
        if micro.is_rate(entry['unit']):
            best = {name: 1 / value for name, value in best.items() if value > 0}
        own = min((best[name] for name in EDDIES if best.get(name)), default=None)
        if own and len(best) > 2 and 'late' not in bench:
            rows.append((micro.NAMES.get(bench, bench),
                         {name: value / own for name, value in best.items() if value > 0}))
    return rows


STEADY_COLUMNS = [('calls/req', 'calls'), ('instr/req', 'instructions'), ('heap/req', 'heap'),
                  ('heap/conn', 'heap_conn'), ('heap B/idle conn', 'live')]


def steady_table(data, name):
    by_server = data['steady'][name]
    columns = [(head, key) for head, key in STEADY_COLUMNS
               if any(key in found for found in by_server.values())]
    show_calls = any('which' in found for found in by_server.values())
    rows = []
    for server in order(by_server):
        found = by_server[server]
        row = [label(server), *(small(found.get(key)) for _, key in columns)]
        if show_calls:
            row.append(found.get('which', NONE))
        rows.append(row)
    head = ['', *(head for head, _ in columns), *(['which calls'] if show_calls else [])]
    failed = [line for server in order(by_server) if 'error' in by_server[server]
              for line in ('', f'Failed: {label(server)}: {by_server[server]["error"]}')]
    return table(head, rows) + failed


def calls_by(data):
    """How system calls were counted: perf, strace, both, or nothing."""
    return sorted({found['calls_by'] for by_server in data['steady'].values()
                   for found in by_server.values() if 'calls_by' in found})
