// SPDX-License-Identifier: MIT
//! tokio's column of the table of costs: the current_thread runtime, with the futures crate for
//! what tokio leaves to it (chains, join_all, FuturesUnordered).
mod channels;
mod measure;
mod sets;
mod tasks;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What the tasks add up. One thread at a time writes, so it needs no locked instruction.
pub static SUM: AtomicU64 = AtomicU64::new(0);

pub fn add(value: u64) {
    SUM.store(SUM.load(Relaxed) + value, Relaxed);
}

pub fn sum() -> u64 {
    SUM.load(Relaxed)
}

pub fn take_sum() -> u64 {
    SUM.swap(0, Relaxed)
}

fn main() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().max_blocking_threads(1).build().unwrap();
    let lists = [tasks::measures(), channels::measures(), sets::measures()];
    let measures: Vec<_> = lists.into_iter().flatten().collect();
    measure::main(&runtime, &measures);
}
