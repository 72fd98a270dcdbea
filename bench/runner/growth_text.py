# SPDX-License-Identifier: MIT
"""What bench/GROWTH.md says beside its figures: which rows and plots there are, and how to read them."""
from collections import namedtuple

# rows: bench -> text of the row. plots: (name, label of the y axis, bench -> name of the line).
Section = namedtuple('Section', 'what title x_label setting rows plots reading')

INTRODUCTION = """# How the costs grow

Written by `tools/bench growth`: medians of {rounds} rounds (of sizes from 5,000,000 on there is one run). A run in which other programs take more than a tenth of the machine is done again, and the
quieter one kept. Every run checks its work (sums, counts, bytes); one that finds
a fault ends without a figure. The programs are `bench/growth` and, for the rows with clients, the benchmark's load generator. Times are processor time of the
loop's thread unless a row says otherwise. docs/scaling.md carries these figures to a larger machine.
"""

SECTIONS = [
    Section('timers', 'Live timers', 'live timers',
            """With X timers live, spread over an hour: each is started once, set to a later and to an earlier time, and stopped, all but the start in random
order. Then X tasks sleep once each, a quarter of a million of them due per second, whatever X is; how late they are is told by the tasks themselves.""",
            {'timer_start': 'start, ns', 'timer_later': 'set later, ns', 'timer_sooner': 'set earlier, ns',
             'timer_cancel': 'stop, ns', 'timer_fire': 'fire: wheel, wake, poll and end of a task, ns',
             'timer_late_p50': 'late, p50, us', 'timer_late_p99': 'late, p99, us',
             'timer_late_max': 'late, most, us', 'timer_bytes': 'bytes of a timer',
             'sleeping_task_bytes': 'bytes of a task that sleeps'},
            [('timers', 'ns', {'timer_start': 'start', 'timer_later': 'set later',
                               'timer_cancel': 'stop', 'timer_fire': 'fire'}),
             ('late', 'us late (p99)', {'timer_late_p99': ''})],
            """The wheel does the same number of steps at every size. What grows is the price of touching memory that no cache holds:

* A timer has 88 bytes, two or three lines of 64. 10,000 of them are 0.9 MB and stay in the second-level cache (2 MB); 100,000 are 8.8 MB, 1,000,000 are 88 MB, and in
  random order each touch is a miss; at 10,000,000 (880 MB) the page is not in the TLB either. To stop one touches the timer, its two neighbours in the slot and its two in the task's
  list of waits. Starting reads the processor's counter, which is most of its price while everything is in the cache.
* A task that fires has 352 bytes, six lines, all cold: it is polled, ends, and its memory goes back. Before, its timer was carried down once or twice, cold each time.
* p50 is up to one tick (1.05 ms) and the turn's other work, by design: nothing fires early, and ticks are that long.
* p99 and the worst grow because **a whole slot is carried down at once** (`carry_down()` in `src/base/wheel.c`). Every 64 ticks (67 ms) a slot of level 1 is spread over level 0, every 4,096 ticks (4.3 s) one of level 2 over level 1. At a
  quarter of a million timers per second these hold 16,800 and 1,070,000 timers. At 0.14 us (in memory's order) to 0.36 us (not) for each cold one that is 2 to 6 ms, and 0.15 to 0.4 s, in which the loop does nothing else; what comes due meanwhile is late by that. So is, in
  part, what 10,000,000 add. From some 10,000 timers in 67 ms on it is milliseconds. Timeouts that were set later are carried, though not fired; those that were stopped are not.""" ),
    Section('tasks', 'Tasks', 'tasks',
            """X tasks are spawned in one go, run and end. Then X tasks wait, and random ones of them are woken: one in a turn of the loop, or a hundred (of ten: five).""",
            {'task_spawn': 'spawn, run, end, ns', 'task_wake_one': 'wake and poll one: a turn each, ns',
             'task_wake_batch': 'wake and poll one of a hundred, ns', 'task_bytes': 'bytes of a task that waits'},
            [('tasks', 'ns', {'task_spawn': 'spawn, run, end', 'task_wake_one': 'wake one',
                              'task_wake_batch': 'one of a hundred'})],
            """Spawning is flat: a task with its small frame is four lines of 64 bytes, and even a million of them (256 MB) are walked in an order that the processor mostly foresees. Ten
tasks bear a whole turn of the loop among them, with its look at the system. A wake of a random one of a million touches, cold, the waiter (in the program's own array, 64 MB of them), the
task's header, its frame and both neighbours' links: five or six misses that wait for each other, where ten tasks have none. In a batch the misses of several overlap.

The bytes of few tasks are those of the slab's first chunks, divided by few.""" ),
    Section('remotes', 'Senders by remote', 'senders',
            """X threads on one processor send a million jobs to a loop on the other. The inbox of the first three rows has room for 1,024 jobs, as by default; a sender that is refused yields and
tries again. The inbox of the others has the most room there is, 1,048,576, and refuses nobody; there is none without a limit. The sender's time is its thread's processor time, refusals and all.""",
            {'remote_rate': 'room for 1,024: million messages/s', 'remote_loop': 'the loop, ns a message',
             'remote_sender': 'the sender, ns a message', 'remote_refused': 'refusals a message',
             'remote_roomy_rate': 'room for all: million messages/s',
             'remote_roomy_loop': 'the loop, ns a message', 'remote_roomy_sender': 'the sender, ns a message'},
            [('remotes', 'million messages/s', {'remote_rate': 'room for 1,024',
                                               'remote_roomy_rate': 'room for all'})],
            """A job is one line of 64 bytes that goes from one processor's cache to the other's: some 20 to 200 ns on either side, by what else the machine does. How many senders there are is nothing to the loop, which sees one
queue. Where the room is small the figure depends on who is a little faster: a sender that outruns the loop fills the room, is refused and yields, and each refusal costs it a call of the
system. With all room the ring is 64 MB, which goes through the caches once.

Two processors cannot show eight senders that truly work at once. Then the word that all of them change (the ring's tail, one compare-and-swap for a message) travels from one to the next: the rate
of all together stays about that of one, and each pays for the others.""" ),
    Section('channels', 'Senders by channel', 'senders',
            """The same through a channel that threads share (`eddy_channel_new(NULL, ...)`), with room for 1,024 items and without a limit. The senders block in `eddy_sender_wait_send()`.""",
            {'channel_rate': 'room for 1,024: million items/s', 'channel_loop': 'the loop, ns an item',
             'channel_sender': 'the sender, ns an item',
             'channel_unbounded_rate': 'unbounded: million items/s', 'channel_unbounded_loop': 'the loop, ns an item',
             'channel_unbounded_sender': 'the sender, ns an item'},
            [('channels', 'million items/s', {'channel_rate': 'room for 1,024',
                                             'channel_unbounded_rate': 'unbounded'})],
            """A channel is a lock around a queue. Unbounded, the senders never sleep. At the limit they stand in line, each asleep until
it is given room: the more senders there are, the more messages need such a wake, and the loop pays for it. That is the system's price of a thread's sleep, a futex call and a change of threads.""" ),
    Section('loops', 'Loops', 'loops',
            """One loop, then two on two threads. First work that stays within a loop: tasks are spawned, start a timer, yield, stop it, end. Then the echo examples with 64 connections of one load generator, one and
sixteen messages of 64 bytes in flight on each: `echo` has one loop, on a processor of its own; `echo_threads` has two, and shares both processors with the load.""",
            {'loop_task': 'a task, ns', 'loop_rate': 'all: million tasks/s',
             'loop_echo_p1_cpu': 'echo: CPU ns a request', 'loop_echo_p1_rate': 'echo: requests/s',
             'loop_echo_p16_cpu': 'echo, 16 in flight: CPU ns a request',
             'loop_echo_p16_rate': 'echo, 16 in flight: requests/s'},
            [('loops', 'ns', {'loop_task': 'a task', 'loop_echo_p1_cpu': 'an echo'})],
            """Loops share nothing: no lock, no counter, no allocator but malloc(3) for their chunks. Each pays the same price for a task as one alone; the rate of two says how much of a second processor they got. The echo's rate cannot double here: with two loops
and the load three threads share two processors, and an echo costs the load about as much as the server. What can be read from it is the price of a request, which the changes
between three threads raise by an eighth to a quarter.""" ),
    Section('connections', 'Connections', 'connections',
            """`srv_eddy echo` on one processor, the load on the other, one message of 64 bytes in flight on each of X connections. The memory is that of the loop, by its own count, beside one connection that
was served before: when X idle ones have come, and after each has sent and received.""",
            {'connection_echo_cpu': 'CPU ns a request', 'connection_echo_rate': 'requests/s',
             'connection_echo_p50': 'p50, us', 'connection_echo_p99': 'p99, us',
             'connection_bytes': 'bytes of an idle connection',
             'connection_bytes_used': 'the same, once it was used'},
            [('connections', 'CPU ns a request', {'connection_echo_cpu': ''})],
            """Of each request more than nine tenths are the kernel's TCP. From 10 connections to 100 it becomes cheaper, because a turn has more of them in hand; then dearer, because each brings its own cold memory: here 545
bytes, in the kernel about 4 KB; 9,000 of them are 38 MB, the second-level cache has 2. The times of a request grow with X by themselves: all X are in flight at once, and one processor answers them one after the other.

The 545 bytes are 256 for the stream (240, rounded up), 256 for its task with the frame of the example (200 + 48), 29 for its place in the driver's table (16 bytes; the table doubles), the rest is what the chunks
of the slab have left over. Nothing is added by use: buffers belong to the loop. What a few connections show above that are parts of chunks.""" ),
]
