//! Progress bars for the steps that take time.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use sync_run::ports::{Progress, Step};

/// One bar for the step under way; on a terminal only.
#[derive(Debug)]
pub struct Bars(Mutex<ProgressBar>);

impl Default for Bars {
    fn default() -> Self {
        Self(Mutex::new(ProgressBar::hidden()))
    }
}

impl Bars {
    pub fn clear(&self) {
        self.bar().finish_and_clear();
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        let mut bar = self.bar();
        bar.finish_and_clear();
        *bar = ProgressBar::new_spinner().with_message(step.as_str());
        bar.tick();
    }

    fn advance(&self, done: u64, total: u64) {
        let bar = self.bar();
        if bar.length() != Some(total) {
            bar.set_length(total);
            // A template that does not parse would be a mistake here; the default bar will do.
            if let Ok(style) = ProgressStyle::with_template("  {msg:10} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
        }
        bar.set_position(done);
    }
}
