//! What the kernel tells of this process (proc(5)).

use std::fs;

use anyhow::Context;

/// `USER_HZ` of every Linux that Rust runs on: the unit of times in `/proc/self/stat`.
const TICKS_PER_SECOND: f64 = 100.0;

/// The most memory that was ever resident at once, in bytes.
///
/// # Errors
/// If the kernel does not say.
pub fn peak_bytes() -> anyhow::Result<u64> {
    status_bytes("VmHWM:")
}

/// The memory that is resident now, in bytes.
///
/// # Errors
/// If the kernel does not say.
pub fn resident_bytes() -> anyhow::Result<u64> {
    status_bytes("VmRSS:")
}

fn status_bytes(field: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kilobytes: u64 = kilobytes
        .with_context(|| format!("/proc/self/status has no {field}"))?
        .trim()
        .parse()?;
    Ok(kilobytes * 1024)
}

/// CPU time of all threads so far, user and system, in seconds, to a hundredth.
///
/// # Errors
/// If the kernel does not say.
pub fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the name in parentheses and may hold spaces; utime and stime are the
    // 14th and 15th of all.
    let (_, rest) = stat
        .rsplit_once(')')
        .context("/proc/self/stat has no name")?;
    let mut times = rest.split_whitespace().skip(11);
    let mut ticks = || -> anyhow::Result<f64> {
        let ticks = times.next().context("/proc/self/stat is short")?;
        Ok(ticks.parse()?)
    };
    Ok((ticks()? + ticks()?) / TICKS_PER_SECOND)
}
