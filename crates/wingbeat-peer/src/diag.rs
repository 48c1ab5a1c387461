//! One question to the kernel about one socket (`NETLINK_SOCK_DIAG`; see sock_diag(7)), which it answers from a hash
//! table.

use std::net::{IpAddr, SocketAddr};

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// `struct nlmsghdr`, and behind it `struct inet_diag_req_v2`.
const REQUEST: usize = 16 + 56;
/// Where `idiag_state` and `idiag_uid` stand in an answer: behind the header, in `struct inet_diag_msg`.
const STATE: usize = 16 + 1;
const USER: usize = 16 + 64;

/// The kind of the question and of its answer; an error is of another kind.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;
/// A socket in `TIME_WAIT` owns nothing any more.
const TIME_WAIT: u8 = 6;

/// Who owns the socket at `peer` that is connected with the one at `local`.
pub(crate) fn owner(peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let kernel = SocketAddrNetlink::new(0, 0);
    let kind = (AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC);
    let asked = socket_with(kind.0, kind.1, kind.2, Some(netlink::SOCK_DIAG)).ok()?;
    sendto(&asked, &request(peer, local), SendFlags::empty(), &kernel).ok()?;
    let mut answer = [0; 1024];
    // It is there before `sendto` returns.
    let (length, _) = recv(&asked, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    user_of(answer.get(..length)?)
}

/// Numbers are in the machine's order, ports and addresses in the network's.
fn request(peer: SocketAddr, local: SocketAddr) -> Vec<u8> {
    let family = if peer.ip().to_canonical().is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let mut bytes = Vec::with_capacity(REQUEST);
    bytes.extend(u32::try_from(REQUEST).unwrap_or_default().to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([u8::try_from(family.as_raw()).unwrap_or_default(), TCP, 0, 0]);
    // In whatever state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(peer.port().to_be_bytes());
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(address(peer.ip()));
    bytes.extend(address(local.ip()));
    // Whatever the interface and the cookie.
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend([u8::MAX; 8]);
    bytes
}

fn address(ip: IpAddr) -> [u8; 16] {
    let mut bytes = [0; 16];
    match ip.to_canonical() {
        IpAddr::V4(ip) => bytes[..4].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes = ip.octets(),
    }
    bytes
}

fn user_of(answer: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    if kind != SOCK_DIAG_BY_FAMILY || *answer.get(STATE)? == TIME_WAIT {
        return None;
    }
    Some(u32::from_ne_bytes(answer.get(USER..USER + 4)?.try_into().ok()?))
}
