//! What ends a process or an invocation, told once.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// An error at the boundary. It shows itself with all its causes on one line, each said once, and
/// whether it is asked for `Display` or `Debug`.
pub struct Failure(Box<dyn Error + Send + Sync>);

impl Failure {
    /// Also takes what `anyhow` and plain text turn into.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// Writes it to the log, or to standard error where there is no log yet.
    pub fn report(&self) {
        if tracing::dispatcher::has_been_set() {
            tracing::error!(error = %self, "failed");
        } else {
            eprintln!("{self}");
        }
    }

    /// Reports it as the end of `main`.
    pub fn exit(&self) -> ExitCode {
        self.report();
        ExitCode::FAILURE
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some third parties repeat their source in their own words.
            if !said.contains(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
