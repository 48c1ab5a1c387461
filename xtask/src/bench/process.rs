//! What the kernel says about a process and its descendants. Linux only, as the benchmarks are.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

/// Sums over a process and everything below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) n_processes: usize,
    /// Proportional set size: pages that processes share are split between them.
    pub(crate) pss_kib: u64,
    pub(crate) rss_kib: u64,
    /// Bytes that were sent towards a disk.
    pub(crate) written_bytes: u64,
    /// Calls of `write` and its kin, sockets and pipes included.
    pub(crate) write_calls: u64,
    pub(crate) cpu_ticks: u64,
}

pub(crate) fn usage_of_tree(pid: u32) -> Result<Usage> {
    let mut sum = Usage::default();
    for pid in tree(pid)? {
        let folder = Path::new("/proc").join(pid.to_string());
        let rollup = read(&folder.join("smaps_rollup"))?;
        let io = read(&folder.join("io"))?;
        sum.n_processes += 1;
        sum.pss_kib += field(&rollup, "Pss:");
        sum.rss_kib += field(&rollup, "Rss:");
        sum.written_bytes += field(&io, "write_bytes:");
        sum.write_calls += field(&io, "syscw:");
        sum.cpu_ticks += cpu_ticks(&read(&folder.join("stat"))?);
    }
    Ok(sum)
}

/// Memory of one process that is in RAM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now_kib: u64,
    /// The most there was since its start.
    pub(crate) most_kib: u64,
}

pub(crate) fn memory_of(pid: u32) -> Result<Memory> {
    let status = read(&Path::new("/proc").join(pid.to_string()).join("status"))?;
    Ok(Memory { now_kib: field(&status, "VmRSS:"), most_kib: field(&status, "VmHWM:") })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

fn tree(root: u32) -> Result<Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").context("could not list /proc")? {
        let name = entry.context("could not list /proc")?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the listing and the reading.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        children.entry(parent(&stat)).or_default().push(pid);
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children.get(&pid).into_iter().flatten());
        next += 1;
    }
    Ok(found)
}

/// Fields of `/proc/PID/stat` after the name, which may itself contain spaces and brackets.
fn stat_field(stat: &str, ix: usize) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().nth(ix).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn parent(stat: &str) -> u32 {
    u32::try_from(stat_field(stat, 1)).unwrap_or_default()
}

fn cpu_ticks(stat: &str) -> u64 {
    stat_field(stat, 11) + stat_field(stat, 12)
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{cpu_ticks, field, memory_of, parent, usage_of_tree};

    const STAT: &str = "42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 4 0 1000";

    #[test]
    fn stat_is_read_past_odd_names() {
        assert_eq!(parent(STAT), 7);
        assert_eq!(cpu_ticks(STAT), 42);
    }

    #[test]
    fn fields_are_found_by_name() {
        assert_eq!(field("Rss:    10 kB\nPss:    7 kB\n", "Pss:"), 7);
        assert_eq!(field("rchar: 1\n", "write_bytes:"), 0);
    }

    #[test]
    fn this_process_has_memory() {
        let usage = usage_of_tree(std::process::id()).expect("the kernel tells about ourselves");
        assert!(usage.n_processes >= 1 && usage.pss_kib > 0);
        let memory = memory_of(std::process::id()).expect("the kernel tells about ourselves");
        assert!(memory.now_kib > 0 && memory.most_kib >= memory.now_kib);
    }
}
