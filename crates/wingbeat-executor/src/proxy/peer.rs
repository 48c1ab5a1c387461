//! Whether a loopback connection comes from another user of this machine.
//!
//! Loopback ports are open to everybody on the machine, and this one speaks with an attempt's
//! authority. What the kernel's table does not show is let in: the table is a second lock, not the
//! first, and is absent in some sandboxes.

/// State of a socket in the table that owns nothing any more (`TIME_WAIT`; it is shown as root's).
const TIME_WAIT: &str = "06";

/// Whether the kernel knows the owner of the peer's end, and it is neither us nor root.
pub(super) fn is_foreign(peer_port: u16, our_port: u16) -> bool {
    let us = rustix::process::getuid().as_raw();
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        std::fs::read_to_string(table).is_ok_and(|text| has_foreign_owner(&text, peer_port, our_port, us))
    })
}

/// Ports are enough: when a foreign socket shares both with one of ours, refusing is right too.
fn has_foreign_owner(table: &str, peer_port: u16, our_port: u16, us: u32) -> bool {
    table.lines().skip(1).any(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, state, _, _, _, uid, ..] = columns.as_slice() else { return false };
        *state != TIME_WAIT
            && port_of(local) == Some(peer_port)
            && port_of(remote) == Some(our_port)
            && uid.parse().is_ok_and(|uid: u32| uid != us && uid != 0)
    })
}

fn port_of(address: &str) -> Option<u16> {
    let (_, port) = address.rsplit_once(':')?;
    u16::from_str_radix(port, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::has_foreign_owner;

    const TABLE: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 1150 1
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 1151 1
   2: 0100007F:C351 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 1152 1
   3: 0100007F:C352 0100007F:1F90 06 00000000:00000000 00:00000000 00000000  1001        0 0 1
";

    #[test]
    fn only_a_known_owner_who_is_somebody_else_is_refused() {
        let foreign = |peer_port| has_foreign_owner(TABLE, peer_port, 8080, 1000);
        assert!(foreign(50000));
        assert!(!foreign(50001), "our own");
        assert!(!foreign(50002), "a socket that is gone");
        assert!(!foreign(50003), "not in the table");
    }
}
