# SPDX-License-Identifier: MIT
"""What is measured of servers: each workload's name, the mode of the server, and the load on it."""
from collections import namedtuple

# load: the load generator's mode and options, or 'wrk CONNS'. one_cpu: the load is on the server's
# own processor. figure: how its table reads: requests, bytes, idle or mixed.
Workload = namedtuple('Workload', 'name section title mode load one_cpu figure')

SECTIONS = {
    'onecpu': ('Server and load on one processor',
               'No processor wakes another one, none falls asleep between two batches: the time of '
               'the server is its work and nothing else, and the figures are the steadiest here.'),
    'echo': ('Echo over TCP, a processor each',
             'A window of messages on each connection, sent again when it is back. Where the '
             'server is not busy all the time (`busy` below 100 %) a faster one sleeps and is '
             'woken more often, which its processor time has to pay for.'),
    'http': ('HTTP',
             'GET of 13 bytes of text, keep-alive, with Date and Server; depth 16: so many requests '
             'are pipelined. `wrk` sends one at a time, for whole seconds, and compares nothing.'),
    'conns': ('Connections',
              'Churn: 32 at a time connect, send a byte, get it back, close. Storm: 1,000 connect '
              'at once, the same, and close at once; its latency is from the connect to the byte. '
              'Idle: 9,000 connections of which 100 echo. Mixed: 8 busy connections, 16 deep, and '
              'beside them 20 that send 64 bytes each 5 ms: the latencies are of these.'),
    'stream': ('Streams',
               'Echoed with 1 MiB unanswered in all; sent one way by the server; passed on by a '
               'proxy, with the raw epoll echo server behind it on the processor of the load.'),
    'udp': ('Datagrams', '8 sockets, 8 datagrams in flight on each, echoed.'),
}


def size_text(size):
    return f'{size // 1024} KiB' if size >= 1024 and size % 1024 == 0 else f'{size} B'


def conns_text(conns):
    return f'{conns:,} connection' + ('s' if conns > 1 else '')


def shape(conns, size, depth):
    return f'{conns_text(conns)}, {size_text(size)}, depth {depth}'


def echo(conns, size, depth, one_cpu=False):
    section = 'onecpu' if one_cpu else 'echo'
    return Workload(f'{section}-c{conns}-s{size}-p{depth}', section,
                    f'echo, {shape(conns, size, depth)}', 'echo',
                    f'echo conns={conns} size={size} depth={depth}', one_cpu, 'requests')


def http(conns, depth, one_cpu=False):
    section = 'onecpu' if one_cpu else 'http'
    return Workload(f'{"onecpu-" if one_cpu else ""}http-c{conns}-p{depth}', section,
                    f'HTTP, {conns_text(conns)}, depth {depth}', 'http',
                    f'http conns={conns} depth={depth}', one_cpu, 'requests')


def wrk(conns):
    return Workload(f'http-c{conns}-wrk', 'http', f'HTTP by wrk, {conns_text(conns)}', 'http',
                    f'wrk {conns}', False, 'requests')


def udp(size):
    return Workload(f'udp-s{size}', 'udp', f'datagrams of {size} B', 'udp',
                    f'udp conns=8 depth=8 size={size}', False, 'requests')


def stream(name, title, mode, load):
    return Workload(name, 'stream', title, mode, load, False, 'bytes')


def conns(name, title, load, figure='requests'):
    return Workload(name, 'conns', title, 'echo', load, False, figure)


ALL = [
    *(echo(c, s, p, one_cpu=True)
      for c, s, p in ((1, 64, 1), (1, 16384, 1), (64, 64, 1), (64, 64, 16))),
    *(http(64, depth, one_cpu=True) for depth in (1, 16)),
    *(echo(c, s, p) for c in (1, 64, 1000) for s in (64, 16384) for p in (1, 16)),
    http(64, 1), http(64, 16), wrk(64), wrk(1000),
    conns('churn', 'churn: connect, a byte, close', 'churn conns=32'),
    conns('storm', 'storm: 1,000 connect at once', 'storm conns=1000'),
    conns('idle-9000', 'idle: 9,000 connections, 100 busy',
          'idle conns=9000 active=100 size=64', 'idle'),
    conns('mixed', 'mixed: 8 busy connections, 20 slow', 'mixed conns=8 depth=16 active=20 size=64',
          'mixed'),
    stream('bulk-c1', 'bulk echoed, 1 connection', 'echo', 'bulk conns=1'),
    stream('bulk-c8', 'bulk echoed, 8 connections', 'echo', 'bulk conns=8'),
    stream('source-c1', 'bulk one way, 1 connection', 'source', 'source conns=1'),
    stream('proxy-bulk', 'bulk by proxy, 1 connection', 'proxy', 'bulk conns=1'),
    Workload('proxy-echo', 'stream', f'echo by proxy, {shape(64, 64, 1)}', 'proxy',
             'echo conns=64 size=64 depth=1', False, 'requests'),
    udp(64), udp(1400),
]
BY_NAME = {workload.name: workload for workload in ALL}

QUICK = ['echo-c1-s64-p1', 'echo-c64-s64-p1', 'echo-c64-s64-p16', 'http-c64-p16', 'churn',
         'udp-s64']
QUICK_SERVERS = ['eddy-epoll', 'eddy-io_uring', 'raw_epoll', 'raw_uring', 'libuv', 'tokio']

# Those that steady figures are taken of, and how many requests are counted under callgrind: more
# where one is cheap.
STEADY = {
    'echo-c1-s64-p1': 4000,
    'echo-c64-s64-p1': 10000,
    'echo-c64-s64-p16': 60000,
    'http-c64-p1': 10000,
    'http-c64-p16': 60000,
    'churn': 2000,
    'udp-s64': 10000,
    'proxy-echo': 10000,
}
QUICK_STEADY = ['echo-c64-s64-p1', 'http-c64-p16']
