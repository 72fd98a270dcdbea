// SPDX-License-Identifier: MIT
//! Datagrams: waits until there is something, then answers all that there is.
use crate::socket::{address, set};
use std::io::ErrorKind::WouldBlock;
use tokio::net::UdpSocket;

const RECEIVE_BYTES: libc::c_int = 1 << 20;
const DATAGRAM_MAX: usize = 2048;
/// Then the others have their turn.
const AT_ONCE: usize = 64;

pub async fn serve(port: u16) {
    let socket = UdpSocket::bind(address(port)).await.unwrap();
    let mut bytes = [0; DATAGRAM_MAX];
    set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BYTES);
    loop {
        let _ = socket.readable().await;
        for _ in 0..AT_ONCE {
            let (got, from) = match socket.try_recv_from(&mut bytes) {
                Ok(received) => received,
                Err(_) => break,
            };
            match socket.try_send_to(&bytes[..got], from) {
                Err(error) if error.kind() == WouldBlock => {
                    let _ = socket.send_to(&bytes[..got], from).await;
                }
                _ => {} // sent, or nobody is there any more
            }
        }
    }
}
