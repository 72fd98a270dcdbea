// SPDX-License-Identifier: MIT
//! Timers. One is in tokio's wheel from its first poll on until it is dropped.
use crate::micro::{print, print_since, print_spread, thread_ns, Random, TIMERS, TIMERS_LIVE};
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::{unconstrained, yield_now};
use tokio::time::{sleep_until, Sleep};

type Timer = Pin<Box<Sleep>>;

const LATE_EACH: usize = 16;
/// Longer than in the other programs: a million tasks are to be spawned and polled meanwhile.
const FIRE_MIN_MS: u64 = 4000;
const FIRE_SPAN_MS: u64 = 1000;

fn after(base: Instant, ms: u64) -> Instant {
    base + Duration::from_millis(ms)
}

async fn start(when: Instant) -> Timer {
    let mut timer = Box::pin(sleep_until(when.into()));
    let is_pending =
        poll_fn(|context| Poll::Ready(timer.as_mut().poll(context).is_pending())).await;
    assert!(is_pending);
    timer
}

async fn start_and_cancel(random: &mut Random) {
    let base = Instant::now();
    let mut timers = Vec::with_capacity(TIMERS);
    let start_ns = thread_ns();
    for _ in 0..TIMERS {
        timers.push(Some(start(after(base, 1000 + random.next() % 3_600_000)).await));
    }
    print_since("timer_start_1M", start_ns, TIMERS);
    let order = random.shuffled(TIMERS);
    let start_ns = thread_ns();
    for at in order {
        timers[at] = None;
    }
    print_since("timer_cancel_1M", start_ns, TIMERS);
    assert!(timers.iter().all(Option::is_none));
}

async fn rearm(random: &mut Random) {
    let base = Instant::now();
    let mut timers = Vec::with_capacity(TIMERS_LIVE);
    for _ in 0..TIMERS_LIVE {
        timers.push(start(after(base, 30_000 + random.next() % 100)).await);
    }
    let start_ns = thread_ns();
    for i in 0..TIMERS as u64 {
        let when = after(base, 30_000 + i / 1000);
        timers[random.below(TIMERS_LIVE)].as_mut().reset(when.into());
    }
    print_since("timer_rearm_10k", start_ns, TIMERS);
}

pub fn start_cancel_rearm(runtime: &Runtime) {
    runtime.block_on(unconstrained(async {
        let mut random = Random::new();
        start_and_cancel(&mut random).await;
        rearm(&mut random).await;
    }));
}

#[derive(Default)]
struct Fired {
    armed: AtomicUsize,
    count: AtomicUsize,
    late_ns: Mutex<Vec<u64>>,
}

/// One thread at a time writes, so it needs no locked instruction.
fn add(counter: &AtomicUsize) -> usize {
    let value = counter.load(Relaxed) + 1;
    counter.store(value, Relaxed);
    value
}

async fn alarm(all: Arc<Fired>, due: Instant) {
    let timer = unconstrained(start(due)).await;
    add(&all.armed);
    timer.await;
    if add(&all.count) % LATE_EACH == 0 {
        let late = Instant::now().saturating_duration_since(due);
        all.late_ns.lock().unwrap().push(late.as_nanos() as u64);
    }
}

async fn fire_all(all: Arc<Fired>) {
    let mut random = Random::new();
    let base = Instant::now();
    for _ in 0..TIMERS {
        let due = after(base, FIRE_MIN_MS + random.next() % FIRE_SPAN_MS);
        tokio::spawn(alarm(all.clone(), due));
    }
    while all.armed.load(Relaxed) < TIMERS {
        yield_now().await;
    }
    assert!(all.count.load(Relaxed) == 0, "a timer fired before all were armed");
    let start_ns = thread_ns();
    while all.count.load(Relaxed) < TIMERS {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    print("timer_fire_1M", (thread_ns() - start_ns) as f64 / TIMERS as f64, "CPU ns");
}

pub fn fire(runtime: &Runtime) {
    let all = Arc::new(Fired::default());
    crate::run(runtime, fire_all(all.clone()));
    let late_ns = std::mem::take(&mut *all.late_ns.lock().unwrap());
    print_spread("timer_fire_late", late_ns);
}
