//! How many processors a launch may use.

/// Restricts this thread, and what it starts, to the first `count` of its processors; returns those
/// it had before.
#[cfg(target_os = "linux")]
pub(crate) fn restrict(count: u32) -> Option<rustix::thread::CpuSet> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let all = sched_getaffinity(None).ok()?;
    let mut some = CpuSet::new();
    let allowed = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
    allowed.take(count as usize).for_each(|cpu| some.set(cpu));
    sched_setaffinity(None, &some).ok()?;
    Some(all)
}

/// Gives this thread its processors back.
#[cfg(target_os = "linux")]
pub(crate) fn free(all: &rustix::thread::CpuSet) {
    let _ = rustix::thread::sched_setaffinity(None, all);
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn restrict(_count: u32) -> Option<()> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn free(_all: &()) {}
