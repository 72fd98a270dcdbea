// SPDX-License-Identifier: MIT
//! tokio's server: the current_thread runtime, a task for each connection.
//!
//!     srv_tokio {echo|http|udp|proxy|source} PORT [UPSTREAM_PORT]
mod http;
mod proxy;
mod socket;
mod source;
mod stream;
mod udp;

use std::future::Future;

const USAGE: &str = "usage: srv_tokio {echo|http|udp|proxy|source} PORT [UPSTREAM_PORT]";

fn fail(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(2)
}

fn port(text: Option<&String>) -> u16 {
    match text.and_then(|text| text.parse().ok()) {
        Some(port) if port > 0 => port,
        _ => fail(USAGE),
    }
}

extern "C" fn end(_signal: libc::c_int) {
    unsafe { libc::_exit(0) }
}

/// As many descriptors as the machine allows; an end that is one, whatever is under way.
fn prepare_process() {
    let handler = end as extern "C" fn(libc::c_int);
    unsafe {
        libc::signal(libc::SIGTERM, handler as libc::sighandler_t);
        libc::signal(libc::SIGINT, handler as libc::sighandler_t);
        let mut files: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut files) == 0 {
            files.rlim_cur = files.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &files);
        }
    }
}

/// In a task of its own: the future that block_on() is given is polled at every turn.
fn run<F: Future<Output = ()> + Send + 'static>(server: F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(server).await.unwrap() });
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let own = port(args.get(2));
    prepare_process();
    match args[1].as_str() {
        "echo" => run(socket::serve(own, stream::echo)),
        "http" => run(http::serve(own)),
        "udp" => run(udp::serve(own)),
        "proxy" => run(proxy::serve(own, port(args.get(3)))),
        "source" => run(source::serve(own)),
        _ => fail(USAGE),
    }
}
