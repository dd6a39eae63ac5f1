//! WeCom's quotas: so many calls of a kind in a minute and in an hour. This counts as the service
//! does (a window opens with its first call, and a block lasts until it ends); it paces nobody.

use std::collections::HashMap;
use std::time::Duration;

use crate::calls::Call;
use crate::config::SimConfig;
use crate::refusal::{self, Refusal};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Default, Clone, Copy)]
struct Window {
    opened_at: Duration,
    calls: u32,
}

/// The open windows. Times are on the simulator's clock.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: HashMap<(Call, Duration), Window>,
    unknown_mobiles: Window,
}

impl Limits {
    /// Counts one call; 45009 when it is one too many for its minute or its hour.
    pub(crate) fn count(
        &mut self,
        settings: &SimConfig,
        call: Call,
        now: Duration,
    ) -> Result<(), Refusal> {
        let quotas = [(settings.per_minute, MINUTE), (settings.per_hour, HOUR)];
        for (max, length) in quotas {
            let window = self.windows.entry((call, length)).or_default();
            window.count(now, length);
            if max > 0 && window.calls > max {
                return Err(refusal::TOO_OFTEN);
            }
        }
        Ok(())
    }

    /// Counts a mobile that nobody has.
    pub(crate) fn count_unknown_mobile(&mut self, now: Duration) {
        self.unknown_mobiles.count(now, DAY);
    }

    /// Too many unknown mobiles block `user/getuserid` for the rest of the day.
    pub(crate) fn check_mobiles(&self, settings: &SimConfig, now: Duration) -> Result<(), Refusal> {
        let max = settings.unknown_mobiles_max;
        let window = &self.unknown_mobiles;
        let open = now < window.opened_at + DAY;
        if max > 0 && open && window.calls >= max {
            Err(refusal::TOO_OFTEN)
        } else {
            Ok(())
        }
    }
}

impl Window {
    fn count(&mut self, now: Duration, length: Duration) {
        if self.calls == 0 || now >= self.opened_at + length {
            *self = Self {
                opened_at: now,
                calls: 0,
            };
        }
        self.calls += 1;
    }
}
