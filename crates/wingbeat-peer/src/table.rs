//! The kernel's tables of sockets as text. To make them it walks through room for hundreds of thousands of connections,
//! which takes milliseconds however few there are.

/// State of a socket in the table that owns nothing any more (`TIME_WAIT`; it is shown as root's).
const TIME_WAIT: &str = "06";

/// Who owns sockets with these ports. Ports are enough: when a foreign socket shares both with one of ours, refusing is
/// right too.
pub(crate) fn owners(theirs: u16, ours: u16) -> Vec<u32> {
    let read = |table| std::fs::read_to_string(table).unwrap_or_default();
    let tables = [read("/proc/net/tcp"), read("/proc/net/tcp6")];
    tables.iter().flat_map(|table| owners_in(table, theirs, ours)).collect()
}

fn owners_in(table: &str, theirs: u16, ours: u16) -> Vec<u32> {
    let port = |address: &str| u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok();
    let rows = table.lines().skip(1).filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let [_, from, to, state, _, _, _, user, ..] = columns.as_slice() else { return None };
        let fits = *state != TIME_WAIT && port(from) == Some(theirs) && port(to) == Some(ours);
        user.parse().ok().filter(|_| fits)
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::owners_in;

    #[test]
    fn sockets_are_found_by_both_ports_and_those_that_are_gone_own_nothing() {
        let table = "  sl  local_address rem_address st tx rx tr uid\n\
            0: 0100007F:1F90 0100007F:C350 01 0:0 0:0 0 1000 0 1\n\
            1: 0100007F:C350 0100007F:1F90 01 0:0 0:0 0 1001 0 2\n\
            2: 0200007F:C350 0100007F:1F90 06 0:0 0:0 0 0 0 3\n\
            3: 0100007F:C351 0100007F:1F90 01 0:0 0:0 0 1000 0 4\n";
        assert_eq!(owners_in(table, 50000, 8080), [1001]);
        assert_eq!(owners_in(table, 50001, 8080), [1000]);
        assert!(owners_in(table, 50002, 8080).is_empty());
    }
}
