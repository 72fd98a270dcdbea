// SPDX-License-Identifier: MIT
//! Tasks: one that is spawned and yields once, one that is woken, two that yield to each other.
use crate::micro::{print_since, thread_ns, BATCH, TASKS};
use crate::run;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use tokio::runtime::Runtime;
use tokio::task::yield_now;

const WAKES: usize = 3_000_000;
const SWITCHES: usize = 3_000_000;

async fn spawn_batches() -> usize {
    let mut ended = 0;
    let mut tasks = Vec::with_capacity(BATCH);
    for _ in 0..TASKS / BATCH {
        for _ in 0..BATCH {
            tasks.push(tokio::spawn(yield_now()));
        }
        for task in tasks.drain(..) {
            task.await.unwrap();
            ended += 1;
        }
    }
    ended
}

pub fn spawn(runtime: &Runtime) {
    let start_ns = thread_ns();
    assert_eq!(run(runtime, spawn_batches()), TASKS);
    print_since("spawn_yield", start_ns, TASKS);
}

/// Where a task waits until it is woken; locked so that tasks may hold it, never contended.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<(bool, Option<Waker>)>>);

impl Gate {
    async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.0) {
                return Poll::Ready(());
            }
            if !matches!(&state.1, Some(waker) if waker.will_wake(context.waker())) {
                state.1 = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
    fn wake(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        if let Some(waker) = &state.1 {
            waker.wake_by_ref();
        }
    }
}

async fn sleeper(gate: Gate, woken: Arc<AtomicUsize>) {
    for _ in 0..WAKES / BATCH {
        gate.wait().await;
        woken.store(woken.load(Relaxed) + 1, Relaxed); // one thread: no locked instruction
    }
}

async fn wake_all() {
    let woken = Arc::new(AtomicUsize::new(0));
    let gates: Vec<_> = (0..BATCH).map(|_| Gate::default()).collect();
    for gate in gates.iter().cloned() {
        tokio::spawn(sleeper(gate, woken.clone()));
    }
    yield_now().await;
    let start_ns = thread_ns();
    for round in 1..=WAKES / BATCH {
        gates.iter().for_each(Gate::wake);
        while woken.load(Relaxed) < round * BATCH {
            yield_now().await;
        }
    }
    print_since("wake_task", start_ns, WAKES);
}

async fn yielder() -> usize {
    for _ in 0..SWITCHES / 2 {
        yield_now().await;
    }
    SWITCHES / 2
}

async fn yield_to_each_other() {
    let start_ns = thread_ns();
    let (one, other) = (tokio::spawn(yielder()), tokio::spawn(yielder()));
    assert_eq!(one.await.unwrap() + other.await.unwrap(), SWITCHES);
    print_since("yield_switch", start_ns, SWITCHES);
}

pub fn wake(runtime: &Runtime) {
    run(runtime, wake_all());
    run(runtime, yield_to_each_other());
}
