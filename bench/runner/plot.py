# SPDX-License-Identifier: MIT
"""Plots as SVG, drawn by hand: no library, no script, no font that has to be there.

    dots    a row for each workload, a mark for each server: who is where, at a glance
    bars    a bar for each server, with its figure
    lines   how something grows

Each returns the text of the file. Colours follow the reader's: light, or dark where it is
preferred; eddy's are warm and nobody else's are.
"""
import math
from collections import namedtuple
from xml.sax.saxutils import escape

COLOURS = {
    'eddy-epoll': '#e5383b', 'eddy-io_uring': '#f48c06', 'raw': '#6c757d',
    'raw_epoll': '#6c757d', 'raw_uring': '#adb5bd', 'libuv': '#2a9d8f', 'libev': '#52b788',
    'libevent': '#1d6f42', 'asio': '#4361ee', 'tokio': '#48a9e6', 'nginx': '#9d4edd',
}
OTHERS = ['#e5383b', '#f48c06', '#4361ee', '#48a9e6', '#2a9d8f', '#52b788', '#9d4edd', '#6c757d']
DASHES = ['', '6 3', '2 3', '8 3 2 3']
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.small { font-size: 11px; fill: #57606a; }
.paper { fill: #ffffff; }
.grid { stroke: #d8dee4; stroke-width: 1; }
.band { fill: #f3f5f7; }
.one { stroke: #57606a; stroke-width: 1.5; }
.mark { stroke: #ffffff; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .small { fill: #9aa4ae; }
  .paper { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .band { fill: #161b22; }
  .one { stroke: #9aa4ae; }
  .mark { stroke: #0d1117; }
}
"""
WIDTH = 860
LETTER = 6.6  # about the width of one, at 12 px
ROW = 24
LEGEND_ROW = 18
TOP = 34  # of the legend, below the title

Box = namedtuple('Box', 'left right top bottom')


class Scale:
    """From values to pixels; `log`: equal factors are equally far."""

    def __init__(self, low, high, start, stop, log=False):
        self.low, self.high, self.start, self.stop, self.log = low, high, start, stop, log
        if not high > low:
            self.high = low * 2 if log else low + 1

    def at(self, value):
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, self.low))
        return self.start + (value - low) / (high - low) * (self.stop - self.start)

    def ticks(self):
        return log_ticks(self.low, self.high) if self.log else even_ticks(self.low, self.high)


def even_ticks(low, high, wanted=7):
    """Round numbers, about so many."""
    rough = (high - low) / wanted
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(step * number, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low, high):
    """Powers of ten, with 2 and 5 between them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    return [factor * 10.0 ** power for power in range(first, last + 1) for factor in factors
            if low * 0.999 <= factor * 10.0 ** power <= high * 1.001]


def short(value):
    """As a label: 0.5, 12, 3k, 10M."""
    for size, letter in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if abs(value) >= size:
            return f'{value / size:.3g}{letter}'
    return f'{value:.3g}'


# ---- parts of a drawing -------------------------------------------------------------------------

def text(x, y, words, anchor='start', kind=''):
    kind = f' class="{kind}"' if kind else ''
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def rectangle(x, y, width, height, look):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'


def mark(x, y, name, number, title):
    """eddy's is a large diamond, others are dots. `title` is shown where a pointer rests."""
    fill = f'fill="{colour(name, number)}" class="mark"'
    if name.startswith('eddy'):
        shape = f'<path d="M{x:.1f} {y - 7:.1f} l7 7 l-7 7 l-7 -7 z" {fill}>'
        return f'{shape}<title>{escape(title)}</title></path>'
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {fill}>'
            f'<title>{escape(title)}</title></circle>')


def colour(name, number):
    return COLOURS.get(name, OTHERS[number % len(OTHERS)])


def document(title, height, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" role="img">')
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" class="paper" rx="6"/>'
    return '\n'.join([head, f'<title>{escape(title)}</title>', f'<style>{STYLE}</style>', paper,
                      text(16, 24, title, kind='title'), *parts, '</svg>', ''])


def legend(names, labels, symbol):
    """(parts, where it ends): as many to a row as there is room for."""
    parts, x, y = [], 22.0, TOP + 12.0
    for number, name in enumerate(names):
        label = labels.get(name, name)
        width = 26 + LETTER * len(label)
        if x + width > WIDTH - 16 and x > 22:
            x, y = 22.0, y + LEGEND_ROW
        parts += [symbol(x, y - 4, name, number), text(x + 12, y, label)]
        x += width
    return parts, y + 8


def names_of(rows):
    """In the order they first come in."""
    return list(dict.fromkeys(name for _, values in rows for name in values))


def grid(box, scale, label, reference=None):
    """Lines down from each tick, their figures, and what they are of."""
    parts = []
    for tick in scale.ticks():
        x = scale.at(tick)
        parts += [line(x, box.top, x, box.bottom, 'grid'),
                  text(x, box.bottom + 15, short(tick), 'middle', 'small')]
    if reference is not None:
        parts.append(line(scale.at(reference), box.top, scale.at(reference), box.bottom, 'one'))
    parts.append(text((box.left + box.right) / 2, box.bottom + 33, label, 'middle', 'small'))
    return parts


# ---- dots ---------------------------------------------------------------------------------------

def dots(title, label, rows, labels=None, clip=None, log=False):
    """rows: [(text, {name: value})]. A line is drawn at 1; what is larger than `clip` is written at
    the end of its row instead."""
    labels = labels or {}
    names = names_of(rows)
    keys, top = legend(names, labels, lambda x, y, name, n: mark(x, y, name, n, name))
    values = [value for _, row in rows for value in row.values()]
    shown = [value for value in values if clip is None or value <= clip] or [1.0]
    left = 20 + LETTER * max([len(words) for words, _ in rows], default=1)
    box = Box(left, WIDTH - (170 if len(shown) < len(values) else 30), top, top + ROW * len(rows))
    low, high = min(shown + [1.0]), max(shown + [1.0])
    margin = 1.1 if log else 1.02
    scale = Scale(low / margin, high * margin, box.left + 10, box.right - 8, log)
    parts = [rectangle(8, box.top + ROW * number, WIDTH - 16, ROW, 'class="band"')
             for number in range(0, len(rows), 2)]
    parts += grid(box, scale, label, 1.0)
    for number, (words, row) in enumerate(rows):
        y = box.top + ROW * number + ROW / 2
        parts += [text(16, y + 4, words), *row_of_dots(row, names, y, scale, clip, labels)]
        parts += beyond(row, box.right, y, clip, labels)
    return document(title, box.bottom + 46, keys + parts)


def row_of_dots(row, names, y, scale, clip, labels):
    """eddy's come last: they are never hidden."""
    inside = [name for name in row if clip is None or row[name] <= clip]
    for name in sorted(inside, key=lambda name: name.startswith('eddy')):
        title = f'{labels.get(name, name)}: {row[name]:.3g}'
        yield mark(scale.at(row[name]), y, name, names.index(name), title)


def beyond(row, x, y, clip, labels):
    large = [f'{labels.get(name, name)} {value:.3g}' for name, value in row.items()
             if clip is not None and value > clip]
    return [text(x, y + 4, '▸ ' + ', '.join(large), kind='small')] if large else []


# ---- bars ---------------------------------------------------------------------------------------

def bars(title, label, groups, labels=None):
    """groups: [(text, {name: value})]; a group without text has no heading."""
    labels = labels or {}
    names = names_of(groups)
    left = 24 + LETTER * max([len(labels.get(name, name)) for name in names], default=1)
    height = sum((20 if words else 0) + 18 * len(row) + 6 for words, row in groups)
    box = Box(left, WIDTH - 80, TOP + 6, TOP + 6 + height)
    top = max([value for _, row in groups for value in row.values()], default=1)
    scale = Scale(0, top * 1.02 or 1, box.left, box.right)
    parts, y = grid(box, scale, label), box.top
    for words, row in groups:
        if words:
            parts.append(text(16, y + 15, words))
            y += 20
        for name, value in row.items():
            parts += bar(y, scale, (name, names.index(name), labels.get(name, name)), value)
            y += 18
        y += 6
    return document(title, box.bottom + 46, parts)


def bar(y, scale, who, value):
    name, number, label = who
    width = max(scale.at(value) - scale.start, 1)
    return [text(scale.start - 8, y + 13, label, 'end'),
            rectangle(scale.start, y + 3, width, 13, f'fill="{colour(name, number)}" rx="2"'),
            text(scale.start + width + 5, y + 13, figure(value), kind='small')]


def figure(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.3g}'


# ---- lines --------------------------------------------------------------------------------------

def lines(title, x_label, y_label, series, log_x=False, log_y=None):
    """series: {name: [(x, y)]}. log_y None: where the values differ more than thirtyfold."""
    points = [point for each in series.values() for point in each] or [(1, 1)]
    xs, ys = sorted({x for x, _ in points}), [y for _, y in points]
    if log_y is None:
        log_y = min(ys) > 0 and max(ys) > 30 * min(ys)
    keys, top = legend(list(series), {}, line_symbol)
    box = Box(70, WIDTH - 30, top + 22, top + 302)
    across = Scale(xs[0], xs[-1], box.left + 12, box.right - 12, log_x)
    up = Scale(min(ys) / 1.2 if log_y else min(0, *ys), max(ys) * (1.2 if log_y else 1.08) or 1,
               box.bottom, box.top, log_y)
    parts = [text(16, top + 12, y_label, kind='small')]
    for tick in up.ticks():
        parts += [line(box.left, up.at(tick), box.right, up.at(tick), 'grid'),
                  text(box.left - 6, up.at(tick) + 4, short(tick), 'end', 'small')]
    for tick in xs if len(xs) <= 9 else across.ticks():
        parts.append(text(across.at(tick), box.bottom + 16, short(tick), 'middle', 'small'))
    parts.append(text((box.left + box.right) / 2, box.bottom + 34, x_label, 'middle', 'small'))
    for number, (name, each) in enumerate(series.items()):
        parts += one_line(name, number, [(across.at(x), up.at(y)) for x, y in each])
    return document(title, box.bottom + 46, keys + parts)


def one_line(name, number, places):
    path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in places)
    look = (f'fill="none" stroke="{colour(name, number)}" stroke-width="2" '
            f'stroke-dasharray="{dash(number)}"')
    return [f'<polyline points="{path}" {look}/>',
            *(mark(x, y, '', number, name) for x, y in places)]


def dash(number):
    """Lines of one colour differ by it."""
    return DASHES[number // len(OTHERS) % len(DASHES)]


def line_symbol(x, y, name, number):
    return (f'<line x1="{x - 8:.1f}" y1="{y:.1f}" x2="{x + 9:.1f}" y2="{y:.1f}" '
            f'stroke="{colour(name, number)}" stroke-width="3" stroke-dasharray="{dash(number)}"/>')
