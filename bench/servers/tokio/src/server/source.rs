// SPDX-License-Identifier: MIT
//! Sends the pattern of bench/load/pattern.h for ever: byte k of a stream is byte k % PERIOD of one
//! table. It is written out of the table, as much at a time as the socket takes.
use crate::socket;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const PERIOD: usize = 65521;
/// So many bytes are in one piece wherever one begins.
const SLICE: usize = 1 << 18;

/// Kept for ever, as the tasks are.
fn table() -> &'static [u8] {
    let mut x: u64 = 0x9e3779b97f4a7c15;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 32) as u8
    };
    let mut table: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
    for at in 0..SLICE {
        table.push(table[at]);
    }
    table.leak()
}

async fn client(mut stream: TcpStream, table: &[u8]) {
    let mut at = 0;
    while let Ok(sent) = stream.write(&table[at..at + SLICE]).await {
        at = (at + sent) % PERIOD;
    }
}

pub async fn serve(port: u16) {
    let table = table();
    socket::serve(port, |stream| client(stream, table)).await
}
