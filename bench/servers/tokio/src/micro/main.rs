// SPDX-License-Identifier: MIT
//! tokio's in-process figures, on the current_thread runtime; what is measured, and how, is told in
//! bench/micro/micro.h. A task is a real one, with its cell on the heap, its waker and its handle;
//! a timer that fires wakes a task.
mod channels;
mod micro;
mod tasks;
mod threads;
mod timers;

use std::future::Future;
use tokio::runtime::Runtime;

/// In a task of its own: the future that block_on() is given is polled at every turn.
pub fn run<F: Future + Send + 'static>(runtime: &Runtime, future: F) -> F::Output
where
    F::Output: Send,
{
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

fn main() {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let groups: [(&str, fn(&Runtime)); 6] = [
        ("timers", timers::start_cancel_rearm),
        ("fire", timers::fire),
        ("spawn", tasks::spawn),
        ("wake", tasks::wake),
        ("threads", threads::all),
        ("channels", channels::all),
    ];
    let is_wanted = |name| names.is_empty() || names.iter().any(|wanted| wanted == name);
    if !groups.iter().any(|(name, _)| is_wanted(name)) {
        eprintln!("micro_tokio: no such group of figures");
        std::process::exit(2);
    }
    micro::prepare();
    for (_, measure) in groups.iter().filter(|(name, _)| is_wanted(name)) {
        measure(&runtime);
    }
}
