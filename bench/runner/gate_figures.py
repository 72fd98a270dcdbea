# SPDX-License-Identifier: MIT
"""What the gate holds: figures of a run against those of the baseline. No measuring here.

A run is {'toolchain': text, 'kernel': text, 'figures': {driver: {workload: entry}}}, and so is the
baseline. An entry is what one request costs: 'instructions', 'system_calls', 'heap_calls',
'clock_reads'; one that could not be counted is missing. 'calls' tells the system calls by name.
"""
TOLERANCE = 0.03  # of instructions; nothing else may rise
EXACT = 2e-6      # figures are written with six digits
FIGURES = ['instructions', 'system_calls', 'heap_calls', 'clock_reads']
TITLES = ['instr/req', 'calls/req', 'heap/req', 'clock/req']


class Verdict:
    """What came of comparing; each list holds lines of text."""

    def __init__(self):
        self.failures = []
        self.better = []
        self.notes = []
        self.failed = set()  # (driver, workload)


def change(now, base):
    """By how much of the baseline, as a number; what was nothing and is something: infinite."""
    if abs(now - base) <= EXACT:
        return 0.0
    return (now - base) / base if base else float('inf')


def limit(figure):
    return TOLERANCE if figure == 'instructions' else 0.0


def percent(part):
    return f'{part * 100:+.1f} %' if part != float('inf') else 'new'


def compare(run, baseline):
    verdict = Verdict()
    held = FIGURES
    if run['toolchain'] != baseline['toolchain']:
        held = FIGURES[1:]
        verdict.notes.append(
            f'instructions are not held: the baseline is of {baseline["toolchain"]}, this is '
            f'{run["toolchain"]}')
    for driver, workloads in run['figures'].items():
        for workload, entry in workloads.items():
            base = baseline['figures'].get(driver, {}).get(workload)
            if base is None:
                fail(verdict, driver, workload, 'is not in the baseline: tools/bench gate --update')
            else:
                compare_entry(verdict, (driver, workload), entry, base, held)
    if verdict.failures and run['kernel'] != baseline['kernel']:
        verdict.notes.append(f'the baseline was recorded on Linux {baseline["kernel"]}, this is '
                             f'{run["kernel"]}')
    return verdict


def fail(verdict, driver, workload, what):
    verdict.failed.add((driver, workload))
    verdict.failures.append(f'{driver} {workload}: {what}')


def compare_entry(verdict, place, entry, base, held):
    driver, workload = place
    for figure in held:
        if figure not in entry:
            continue
        part = change(entry[figure], base[figure])
        text = (f'{figure.replace("_", " ")}: {number(base[figure])} -> {number(entry[figure])} '
                f'({percent(part)})')
        if part > limit(figure):
            fail(verdict, driver, workload,
                 text + (by_name(entry, base) if figure == 'system_calls' else ''))
        elif part < -limit(figure):
            verdict.better.append(f'{driver} {workload}: {text}')


def by_name(entry, base):
    """Which system calls have become more."""
    old, new = base.get('calls', {}), entry.get('calls', {})
    more = [f'{name} {number(old.get(name, 0))} -> {number(count)}' for name, count in new.items()
            if change(count, old.get(name, 0)) > 0]
    return ': ' + ', '.join(more) if more else ''


def number(value):
    if value >= 100:
        return f'{value:.1f}'
    text = f'{value:.6f}'.rstrip('0')
    return text.rstrip('.')


def row(driver, workload, entry, base, same_toolchain):
    line = f'{driver:<9} {workload:<13}'
    for figure, width in zip(FIGURES, (10, 11, 10, 10)):
        now = entry.get(figure)
        line += f' {number(now) if now is not None else "-":>{width}}'
        if figure == 'instructions':
            known = now is not None and base is not None and same_toolchain
            line += f' {percent(change(now, base[figure])) if known else "":>9}'
    return line


def table(run, baseline):
    """Lines of text: all figures; how far instructions are from the baseline."""
    lines = [f'{"driver":<9} {"workload":<13} {TITLES[0]:>10} {"change":>9} {TITLES[1]:>11} '
             f'{TITLES[2]:>10} {TITLES[3]:>10}']
    same = run['toolchain'] == baseline.get('toolchain')
    for driver, workloads in run['figures'].items():
        for workload, entry in workloads.items():
            base = baseline.get('figures', {}).get(driver, {}).get(workload)
            lines.append(row(driver, workload, entry, base, same))
    return lines
