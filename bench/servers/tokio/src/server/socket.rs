// SPDX-License-Identifier: MIT
//! Sockets, set as in the other servers.
use std::future::Future;
use std::mem::size_of_val;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::io::AsRawFd;
use tokio::net::{TcpSocket, TcpStream};

/// What a stream is read with.
pub const READ_BYTES: usize = 64 * 1024;
const BACKLOG: u32 = 4096;

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

pub fn set(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) {
    let size = size_of_val(&value) as libc::socklen_t;
    let at = &value as *const libc::c_int as *const libc::c_void;
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, at, size) };
    assert_eq!(result, 0, "setsockopt");
}

/// A task for each connection. They have TCP_NODELAY: Linux gives it on from the one that listens.
pub async fn serve<F>(port: u16, client: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    set(&socket, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
    socket.bind(address(port)).unwrap();
    let listener = socket.listen(BACKLOG).unwrap();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(client(stream));
        }
    }
}
