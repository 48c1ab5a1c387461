//! How much runs here at once: measured at the start, told to the server, which does the admission.

use std::fs;

use crate::config::{ExecutorConfig, ExecutorKind};

/// What one interpreter with the SDK takes, with room for a small task.
const PROCESS_BYTES: u64 = 150 << 20;

/// Beyond this, processes cost more in switching than they gain.
const MAX_PROCESSES: u64 = 400;

/// A simulated attempt costs next to nothing; this many hide the way to the server and back.
const SIMULATED_SLOTS: u32 = 4096;

/// What the executor offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capacity {
    pub(crate) slots: u32,
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) gpus: u32,
    pub(crate) max_processes: u32,
}

impl Capacity {
    /// Measures this machine, within what the configuration says.
    pub(crate) fn measure(config: &ExecutorConfig) -> Self {
        let cores =
            std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let memory_bytes = config.memory_bytes.or_else(total_memory).unwrap_or(4 << 30);
        let cpu_millis = u64::from(cores) * 1000;
        match config.kind {
            ExecutorKind::Process => {
                let slots = config.slots.unwrap_or(cores).max(1);
                let max_processes = max_processes(memory_bytes, slots);
                Self { slots, cpu_millis, memory_bytes, gpus: gpus(), max_processes }
            }
            ExecutorKind::Simulated => {
                let slots = config.slots.unwrap_or(SIMULATED_SLOTS).max(1);
                Self { slots, cpu_millis, memory_bytes, gpus: 0, max_processes: slots }
            }
        }
    }
}

/// As many interpreters as fit into seven tenths of the memory; always enough for a parent per slot.
fn max_processes(memory_bytes: u64, slots: u32) -> u32 {
    let fitting = (memory_bytes / 10 * 7 / PROCESS_BYTES).min(MAX_PROCESSES);
    u32::try_from(fitting).unwrap_or(u32::MAX).max(slots.saturating_mul(2))
}

fn total_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// The devices that NVIDIA's driver made: `/dev/nvidia0`, `/dev/nvidia1`, …
fn gpus() -> u32 {
    let Ok(devices) = fs::read_dir("/dev") else { return 0 };
    let is_gpu = |name: &str| {
        name.strip_prefix("nvidia")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let n_gpus = devices.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_gpu)).count();
    u32::try_from(n_gpus).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::max_processes;

    #[test]
    fn processes_are_bounded_by_memory_but_never_below_two_per_slot() {
        assert_eq!(max_processes(8 << 30, 2), 38);
        assert_eq!(max_processes(1 << 40, 2), 400);
        assert_eq!(max_processes(1 << 30, 8), 16);
        assert_eq!(max_processes(1 << 40, 300), 600);
    }
}
