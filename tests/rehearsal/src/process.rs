//! A process that ends when nobody holds it any more.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// So long may it take to end when asked; the stand-in ends the functions it started.
const END_GRACE: Duration = Duration::from_secs(10);

/// Ended by its own process id on drop, with what it started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(|child| Self { child })
    }

    /// Whether it ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks first: a process that is killed outright cannot end its own children.
    fn end(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        let patience_ends = Instant::now() + END_GRACE;
        while asked.is_ok() && Instant::now() < patience_ends {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("process {id} could not be ended: {error}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.end();
        }
    }
}
