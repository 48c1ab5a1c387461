//! Which user of this machine is at the other end of a loopback connection.
//!
//! Loopback ports are open to everybody on a machine. Whoever listens on one with somebody's authority asks here whether
//! a connection is that user's. It is a second lock, not the first: what the kernel does not tell is let in, as
//! sandboxes may tell nothing, and systems other than Linux never do.

#[cfg(target_os = "linux")]
mod diag;
#[cfg(target_os = "linux")]
mod table;

use std::net::SocketAddr;

/// Does another user than this process's, or root, own the socket at `peer` that is connected with ours at `local`?
/// Always `false` for other addresses than loopback, whose sockets are on another machine.
///
/// Takes some microseconds; some milliseconds where the kernel knows only its whole table.
pub fn is_foreign(peer: SocketAddr, local: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback() && owned_by_others(peer, local)
}

#[cfg(target_os = "linux")]
fn owned_by_others(peer: SocketAddr, local: SocketAddr) -> bool {
    let us = rustix::process::getuid().as_raw();
    let foreign = |user: u32| user != us && user != 0;
    match diag::owner(peer, local) {
        Some(user) => foreign(user),
        // Gone already, or the kernel cannot be asked for one socket.
        None => table::owners(peer.port(), local.port()).into_iter().any(foreign),
    }
}

#[cfg(not(target_os = "linux"))]
fn owned_by_others(_peer: SocketAddr, _local: SocketAddr) -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::{diag, is_foreign, table};

    /// A connection's ends: the other one, and ours.
    fn ends(listen: &str) -> Option<(TcpStream, SocketAddr, SocketAddr)> {
        // A machine may have no IPv6.
        let listener = TcpListener::bind(listen).ok()?;
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("localhost", port)).or_else(|_| TcpStream::connect(("::1", port)));
        let (stream, peer) = listener.accept().unwrap();
        Some((client.unwrap(), peer, stream.local_addr().unwrap()))
    }

    #[test]
    fn our_own_connections_are_found_and_let_in() {
        let us = rustix::process::getuid().as_raw();
        for listen in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Some((client, peer, local)) = ends(listen) else { continue };
            if let Some(user) = diag::owner(peer, local) {
                assert_eq!(user, us, "{listen}");
            }
            assert_eq!(table::owners(peer.port(), local.port()), [us], "{listen}");
            assert!(!is_foreign(peer, local), "{listen}");
            drop(client);
        }
    }

    #[test]
    fn nobody_owns_what_is_not_there() {
        let (peer, local) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        assert_eq!(diag::owner(peer, local), None);
        assert!(!is_foreign(peer, local));
        assert!(!is_foreign("192.0.2.1:1".parse().unwrap(), local), "a socket of another machine");
    }
}
