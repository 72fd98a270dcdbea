// SPDX-License-Identifier: MIT
//! What bench/micro/micro.h and micro.c are for C: see there.
use std::mem::size_of_val;

pub const TIMERS: usize = 1_000_000;
pub const TIMERS_LIVE: usize = 10_000;
pub const TASKS: usize = 1_000_000;
pub const BATCH: usize = 1000;
pub const MESSAGES: u64 = 2_000_000;
pub const LATENCIES: usize = 5000;

fn set_processors(wanted: impl Fn(usize) -> bool) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in (0..libc::CPU_SETSIZE as usize).filter(|cpu| wanted(*cpu)) {
            libc::CPU_SET(cpu, &mut set);
        }
        libc::sched_setaffinity(0, size_of_val(&set), &set);
    }
}

/// Away from the loop's processor, for threads that send to it.
pub fn leave_first() {
    set_processors(|cpu| cpu != 0);
}

/// Touches memory that malloc(3) then keeps: the first touch of a page is dear.
fn warm_memory() {
    const BYTES: usize = (1 << 30) - 4096;
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2000 << 20);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        let memory = libc::malloc(BYTES) as *mut u8;
        assert!(!memory.is_null());
        for at in (0..BYTES).step_by(4096) {
            memory.add(at).write_volatile(1);
        }
        libc::free(memory.cast());
    }
}

pub fn prepare() {
    set_processors(|cpu| cpu == 0);
    warm_memory();
}

/// Processor time of this thread.
pub fn thread_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub fn print(bench: &str, value: f64, unit: &str) {
    println!("{{\"bench\":\"{bench}\",\"value\":{value:.4},\"unit\":\"{unit}\"}}");
}

pub fn print_since(bench: &str, start_ns: u64, count: usize) {
    print(bench, (thread_ns() - start_ns) as f64 / count as f64, "ns");
}

/// Prints the median of nanoseconds, and what one in a hundred exceeds.
pub fn print_spread(bench: &str, mut values: Vec<u64>) {
    values.sort_unstable();
    let count = values.len();
    print(&format!("{bench}_p50"), values[count / 2] as f64 / 1e3, "us");
    print(&format!("{bench}_p99"), values[count - count / 100] as f64 / 1e3, "us");
}

/// 0 + 1 + ... + (count - 1).
pub fn sum_to(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// The same numbers as in the other programs.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(88172645463325252)
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            let other = self.below(at + 1);
            numbers.swap(at, other);
        }
        numbers
    }
}
