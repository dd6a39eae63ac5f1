//! Waiting for what happens elsewhere, within a bound.

use std::time::{Duration, Instant};

use anyhow::bail;

/// Generous: only a rehearsal that would never end is cut short.
const PATIENCE: Duration = Duration::from_secs(240);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Looks until `look` finds something; an error ends the wait at once.
pub async fn wait_for<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let patience_ends = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > patience_ends {
            bail!("{what}: still not after {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
