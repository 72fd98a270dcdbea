# SPDX-License-Identifier: MIT
"""What was measured, as it is kept in a file, and the figures that are made of the rounds.

    machine, commands      what it was measured on, and how
    loads                  {workload: {server: [a row for each round]}}
    micro                  {bench: {'unit': …, 'values': {program: [one for each round]}}}
    steady                 {workload: {server: {figure: value}}}

Noise only ever adds to processor time: `best`, the smallest of the rounds, is the figure to
compare; beside it stands the median of the ratios within each round, which drift spares.
"""
import json
import os
import statistics


def new():
    return {'format': 1, 'machine': {}, 'commands': [], 'loads': {}, 'micro': {}, 'steady': {}}


def load(path):
    """One line and status 1 when the file is none of ours."""
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
        if data['format'] == 1:
            return data
        raise ValueError('of another format')
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f'bench: {path}: {error}') from None


def save(data, path):
    """All or nothing: a run that is ended meanwhile leaves what was there."""
    if path is None:
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump(data, file, indent=None, separators=(',', ':'))
    os.replace(path + '.new', path)


def add(data, workload, server, number, row):
    """A row of that round."""
    rows = data['loads'].setdefault(workload, {}).setdefault(server, [])
    rows.append({**row, 'round': number})


def rows_of(data):
    """(workload, server, rows)"""
    for workload, by_server in data['loads'].items():
        for server, rows in by_server.items():
            yield workload, server, rows


def next_round(data):
    """Rounds of runs that are put together have numbers of their own: only rows of the same sitting
    are compared as one."""
    return 1 + max((row['round'] for _, _, rows in rows_of(data) for row in rows), default=-1)


def failures(data):
    """(workload, server, why) of everything that failed."""
    found = [(workload, server, row['error'])
             for workload, server, rows in rows_of(data) for row in rows if not row['ok']]
    found += [(workload, server, figures['error'])
              for workload, by_server in data['steady'].items()
              for server, figures in by_server.items() if 'error' in figures]
    found += [('micro', program, why) for program, why in data.get('micro_failed', {}).items()]
    return found


# ---- figures of rounds --------------------------------------------------------------------------

def good(rows):
    return [row for row in rows or [] if row['ok']]


def values(rows, key):
    return [row[key] for row in good(rows) if row.get(key) is not None]


def median(rows, key):
    """None where there is nothing."""
    found = values(rows, key)
    return statistics.median(found) if found else None


def best(rows, key='srv_ns'):
    return min(values(rows, key), default=None)


def spread(rows, key='srv_ns'):
    """(largest - smallest) / median."""
    found = values(rows, key)
    middle = statistics.median(found) if found else 0
    return (max(found) - min(found)) / middle if middle else None


def ratio(a, b):
    return a / b if a is not None and b else None


def paired(rows, base, key='srv_ns'):
    """The median of the ratios to another server in the same round; None without such a round."""
    others = {row['round']: row[key] for row in good(base) if row.get(key)}
    ratios = [row[key] / others[row['round']] for row in good(rows)
              if row.get(key) is not None and row['round'] in others]
    return statistics.median(ratios) if ratios else None
