//! What Linux offers for supervising processes: process groups, `/proc`, pidfds, cgroup counters.
//!
//! Mechanism only. Every look at `/proc` may find a process gone; that is never an error. That there is no descriptor or
//! memory for a look is one: it says nothing about who is there.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process_group, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitpid,
};

use super::{FamilyMark, GroupTrust, ProcessId};
use crate::environment::MARKER;
use crate::outcome::Exit;

/// Whether [`adopt_orphans`] was granted.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Orphans of this process's descendants become its children.
pub(super) fn adopt_orphans() -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    ADOPTS.store(true, Ordering::Relaxed);
    Ok(())
}

/// Tells one boot from another; empty if the kernel does not say.
pub(super) fn boot_id() -> &'static str {
    static BOOT_ID: LazyLock<String> = LazyLock::new(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    });
    &BOOT_ID
}

/// When the process started, in ticks since boot.
pub(super) fn started_at(pid: i32) -> Option<u64> {
    Stat::read(pid).ok().flatten().map(|stat| stat.started)
}

/// Memory that a process fills now.
pub(super) fn resident_bytes(pid: u32) -> Option<u64> {
    // In pages: its size, what is resident, ...
    let sizes = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let resident: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

/// Kills by the nearest counter: this cgroup's where the kernel keeps one, else the whole machine's.
pub(super) fn oom_kills() -> Option<u64> {
    cgroup_events().or_else(|| fs::read_to_string("/proc/vmstat").ok()).and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("oom_kill "))
            .and_then(|count| count.trim().parse().ok())
    })
}

fn cgroup_events() -> Option<String> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    fs::read_to_string(format!("/sys/fs/cgroup{path}/memory.events")).ok()
}

/// A handle that becomes readable when the process has ended: a child of `forker`, or of this process if that is gone.
pub(super) fn open_child(pid: i32, forker: i32) -> io::Result<OwnedFd> {
    let number = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    let fd = pidfd_open(number, PidfdFlags::empty())?;
    // A child's number cannot pass to another process before it was waited for.
    let ours = Stat::read(pid)?.is_some_and(|stat| stat.parent == forker || stat.parent == own_pid());
    if ours { Ok(fd) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// How a child ended, if it has. Its number is free afterwards.
pub(super) fn reap(pid: i32) -> io::Result<Option<Exit>> {
    let ended = waitpid(Pid::from_raw(pid), WaitOptions::NOHANG)?;
    Ok(ended.map(|(_, status)| match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }))
}

/// SIGKILL to a whole group. The caller knows that the group is still the one it means.
pub(super) fn kill_group(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // Failing means that nobody is left in it.
        let _gone = kill_process_group(group, Signal::KILL);
    }
}

/// SIGTERM to exactly this process.
pub(super) fn terminate(process: ProcessId) {
    signal(process, Signal::TERM);
}

/// SIGKILL to exactly this process.
pub(super) fn kill(process: ProcessId) {
    signal(process, Signal::KILL);
}

fn signal(process: ProcessId, signal: Signal) {
    if let Ok(handle) = open(process) {
        let _gone = pidfd_send_signal(&handle, signal);
    }
}

/// A handle on exactly this process. It pins the number: once it is open and the start time fits, no other one can be meant.
pub(super) fn open(process: ProcessId) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(process.pid).ok_or(io::ErrorKind::InvalidInput)?;
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    let found = Stat::read(process.pid)?.is_some_and(|stat| stat.started == process.started);
    if found { Ok(handle) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// SIGKILL over such a handle, for which nothing has to be opened.
pub(super) fn kill_opened(handle: &OwnedFd) {
    let _gone = pidfd_send_signal(handle, Signal::KILL);
}

/// Every process of the machine, as it was at one moment.
#[derive(Debug)]
pub(super) struct Processes(HashMap<i32, Stat>);

impl Processes {
    /// Looks at all of them.
    pub(super) fn look() -> io::Result<Self> {
        let mut found = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Some(stat) = Stat::read(pid)? {
                found.insert(pid, stat);
            }
        }
        Ok(Self(found))
    }

    /// Those of the family that live: with its mark, in its group, or descended from such. Those of `leaders` that only descend
    /// from it have families of their own: an interpreter's forks outlive it.
    ///
    /// Oldest first: a parent that saw its child killed before itself could still act on it. Processes older than the
    /// leader are passed over unread. The executor itself is never a member.
    pub(super) fn family(
        &self,
        mark: &FamilyMark,
        trust: GroupTrust,
        leaders: &BTreeSet<i32>,
    ) -> io::Result<Vec<ProcessId>> {
        if mark.boot != boot_id() {
            return Ok(Vec::new());
        }
        let oldest = mark.leader.map_or(0, |leader| leader.started);
        let group = self.group_of(mark, trust);
        let mut members = HashSet::new();
        for (pid, stat) in self.0.iter().filter(|(_, stat)| stat.started >= oldest) {
            if Some(stat.group) == group || has_mark(*pid, &mark.marker)? {
                members.insert(*pid);
            }
        }
        members.remove(&own_pid());
        self.add_descendants(&mut members, leaders);
        let live = members.into_iter().filter_map(|pid| self.0.get(&pid).map(|stat| (pid, stat)));
        let mut live: Vec<ProcessId> = live
            .filter(|(_, stat)| stat.state != DEAD)
            .map(|(pid, stat)| ProcessId { pid, started: stat.started })
            .collect();
        live.sort_unstable_by_key(|member| (member.started, member.pid));
        Ok(live)
    }

    /// Clears the entries of dead orphans that the kernel handed to this process.
    pub(super) fn reap_orphans(&self, leaders: &BTreeSet<i32>) {
        let own = own_pid();
        for (pid, stat) in &self.0 {
            if stat.parent == own && stat.state == DEAD && !leaders.contains(pid) {
                let _reaped = waitpid(Pid::from_raw(*pid), WaitOptions::NOHANG);
            }
        }
    }

    /// The leader's group, unless its number has passed, or may have passed, to somebody else.
    fn group_of(&self, mark: &FamilyMark, trust: GroupTrust) -> Option<i32> {
        let leader = mark.leader?;
        let certain = match self.0.get(&leader.pid) {
            Some(stat) => stat.started == leader.started,
            None => trust == GroupTrust::Fresh,
        };
        certain.then_some(leader.pid)
    }

    fn add_descendants(&self, members: &mut HashSet<i32>, leaders: &BTreeSet<i32>) {
        loop {
            let is_new_child = |(pid, stat): &(&i32, &Stat)| {
                members.contains(&stat.parent) && !members.contains(pid) && !leaders.contains(pid)
            };
            let found: Vec<i32> = self.0.iter().filter(is_new_child).map(|(pid, _)| *pid).collect();
            if found.is_empty() {
                return;
            }
            members.extend(found);
        }
    }
}

/// Whether this process, which gets all orphans, has no children but these. `false` if it does not, or if the kernel does
/// not say.
///
/// It asks only for its own children: to look at every process of the machine takes longer than a small task.
pub(super) fn has_only(known: &BTreeSet<i32>) -> bool {
    if !ADOPTS.load(Ordering::Relaxed) {
        return false;
    }
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return false };
    threads.flatten().all(|thread| match fs::read_to_string(thread.path().join("children")) {
        Ok(children) => {
            children.split_whitespace().all(|pid| pid.parse().is_ok_and(|pid| known.contains(&pid)))
        }
        // A thread that has ended meanwhile left its children to another one, which may have been looked at before.
        Err(_) => false,
    })
}

fn own_pid() -> i32 {
    getpid().as_raw_nonzero().get()
}

fn has_mark(pid: i32, marker: &str) -> io::Result<bool> {
    let Some(environment) = read_of(pid, "environ")? else { return Ok(false) };
    let wanted = format!("{MARKER}={marker}");
    Ok(environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
}

/// What the kernel says of a process; `None` if that is gone, or somebody else's and closed.
fn read_of(pid: i32, what: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(format!("/proc/{pid}/{what}")) {
        Ok(said) => Ok(Some(said)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            Ok(None)
        }
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The state letter of a process that has ended and is not waited for yet.
const DEAD: char = 'Z';

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Debug)]
struct Stat {
    state: char,
    parent: i32,
    group: i32,
    started: u64,
}

impl Stat {
    fn read(pid: i32) -> io::Result<Option<Self>> {
        // The command name may hold any bytes.
        Ok(read_of(pid, "stat")?.and_then(|said| Self::parse(&String::from_utf8_lossy(&said))))
    }

    /// The command name may hold spaces and brackets, so fields are counted from its last bracket.
    fn parse(text: &str) -> Option<Self> {
        let (_, after_name) = text.rsplit_once(')')?;
        let mut fields = after_name.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        // Field 22 of the line; fields 3 to 5 are read.
        let started = fields.nth(16)?.parse().ok()?;
        Some(Self { state, parent, group, started })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_stat_line_with_brackets_in_the_name_is_read() {
        let line = "42 (a) b (c)) S 7 42 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.state, stat.parent, stat.group), ('S', 7, 42));
        assert_eq!(stat.started, 987_654);
    }

    #[test]
    fn this_process_has_a_start_time() {
        assert!(super::started_at(super::own_pid()).is_some_and(|ticks| ticks > 0));
        assert!(!super::boot_id().is_empty());
    }
}
