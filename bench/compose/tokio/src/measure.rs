// SPDX-License-Identifier: MIT
//! What ../measure.h and ../measure.c are for C: see there.
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::runtime::Runtime;

const GROWTH_MAX: u64 = 16;

/// One row of the table.
pub struct Measure {
    pub name: &'static str,
    /// Do the operation that many times, or a little more often; returns how often it was done.
    pub run: fn(&Runtime, u64) -> u64,
    pub parallel: bool,
}

pub fn alone(name: &'static str, run: fn(&Runtime, u64) -> u64) -> Measure {
    Measure { name, run, parallel: false }
}

pub fn parallel(name: &'static str, run: fn(&Runtime, u64) -> u64) -> Measure {
    Measure { name, run, parallel: true }
}

/// 0 + 1 + ... + (count - 1).
pub fn sum_to(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// Counts while counting is on.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;
static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static COUNTED: AtomicU64 = AtomicU64::new(0);

fn count() {
    if IS_COUNTING.load(Relaxed) {
        COUNTED.fetch_add(1, Relaxed);
    }
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        System.dealloc(memory, layout)
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        System.realloc(memory, layout, size)
    }
}

struct Options {
    pass_ns: u64,
    passes: u32,
    list: bool,
    names: Vec<String>,
}

fn options() -> Options {
    let mut options = Options { pass_ns: 10_000_000, passes: 5, list: false, names: Vec::new() };
    for argument in std::env::args().skip(1) {
        if let Some(ms) = argument.strip_prefix("--pass-ms=") {
            options.pass_ns = ms.parse::<u64>().expect("--pass-ms=N") * 1_000_000;
        } else if let Some(passes) = argument.strip_prefix("--passes=") {
            options.passes = passes.parse().expect("--passes=N");
        } else if argument == "--list" {
            options.list = true;
        } else {
            options.names.push(argument);
        }
    }
    options
}

/// The pass under way, and then what came of it.
struct Pass {
    has_begun: AtomicBool,
    is_counted: AtomicBool,
    is_parallel: AtomicBool,
    took_ns: AtomicU64,
    allocations: AtomicU64,
}

static PASS: Pass = Pass {
    has_begun: AtomicBool::new(false),
    is_counted: AtomicBool::new(false),
    is_parallel: AtomicBool::new(false),
    took_ns: AtomicU64::new(0),
    allocations: AtomicU64::new(0),
};

fn now_ns() -> u64 {
    let is_parallel = PASS.is_parallel.load(Relaxed);
    let clock = if is_parallel { libc::CLOCK_MONOTONIC } else { libc::CLOCK_PROCESS_CPUTIME_ID };
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Called by a measure, if at all, when its preparations are over.
pub fn begin() {
    PASS.has_begun.store(true, Relaxed);
    PASS.allocations.store(COUNTED.load(Relaxed), Relaxed);
    IS_COUNTING.store(PASS.is_counted.load(Relaxed), Relaxed);
    PASS.took_ns.store(now_ns(), Relaxed);
}

/// Called by a measure, if at all, before it tidies up.
pub fn end() {
    if !PASS.has_begun.swap(false, Relaxed) {
        return;
    }
    PASS.took_ns.store(now_ns() - PASS.took_ns.load(Relaxed), Relaxed);
    IS_COUNTING.store(false, Relaxed);
    PASS.allocations.store(COUNTED.load(Relaxed) - PASS.allocations.load(Relaxed), Relaxed);
}

/// One pass: what it took, and how many operations it really was.
fn pass(measure: &Measure, runtime: &Runtime, count: u64) -> (u64, u64) {
    begin();
    let done = (measure.run)(runtime, count);
    end();
    (PASS.took_ns.load(Relaxed), done)
}

/// How many operations make a pass of about the wanted length.
fn calibrate(measure: &Measure, runtime: &Runtime, pass_ns: u64) -> u64 {
    let mut count = 16;
    loop {
        let (took_ns, done) = pass(measure, runtime, count);
        if took_ns >= pass_ns * 3 / 4 {
            return done;
        }
        let wanted = (done as f64 * pass_ns as f64 / (took_ns + 1) as f64) as u64 + 1;
        count = wanted.min(done * GROWTH_MAX);
    }
}

fn print(measure: &Measure, value: f64, unit: &str) {
    println!("{{\"bench\":\"{}\",\"value\":{value:.3},\"unit\":\"{unit}\"}}", measure.name);
}

fn run_one(measure: &Measure, runtime: &Runtime, options: &Options) {
    PASS.is_parallel.store(measure.parallel, Relaxed);
    let count = calibrate(measure, runtime, options.pass_ns);
    PASS.is_counted.store(true, Relaxed);
    let (_, done) = pass(measure, runtime, count);
    PASS.is_counted.store(false, Relaxed);
    print(measure, PASS.allocations.load(Relaxed) as f64 / done as f64, "allocs");
    let passes = (0..options.passes).map(|_| pass(measure, runtime, count));
    let each_ns = passes.map(|(took_ns, done)| took_ns as f64 / done as f64);
    print(measure, each_ns.fold(f64::MAX, f64::min), "ns");
}

/// The program's main().
pub fn main(runtime: &Runtime, measures: &[Measure]) {
    let options = options();
    for measure in measures {
        if options.list {
            let kind = if measure.parallel { "parallel" } else { "alone" };
            println!("{} {kind}", measure.name);
        } else if options.names.is_empty() || options.names.iter().any(|name| name == measure.name)
        {
            run_one(measure, runtime, &options);
        }
    }
}
