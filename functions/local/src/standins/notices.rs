//! Notices and events in a file, one JSON object a line.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sync_run::ports::{Events, Notifier, SendError};
use sync_run::{Notice, RunRecord};

/// `<data>/notices.jsonl`: stands in for SNS.
#[derive(Debug)]
pub struct NoticeFile {
    path: PathBuf,
    /// Lines of two runs never mix.
    writing: Mutex<()>,
}

impl NoticeFile {
    pub fn new(data: &Path) -> Self {
        Self {
            path: data.join("notices.jsonl"),
            writing: Mutex::new(()),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line and waits until it is on disk: a notice that was sent is not lost.
    fn append(&self, notice: &Notice) -> std::io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = serde_json::to_vec(notice)?;
        line.push(b'\n');
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(&line)?;
        file.sync_data()
    }
}

#[async_trait]
impl Notifier for NoticeFile {
    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.append(notice).map_err(|error| SendError {
            service: "notices.jsonl",
            reason: error.kind().to_string(),
        })
    }
}

#[async_trait]
impl Events for NoticeFile {
    /// Nobody listens on a laptop: the log line is the event.
    async fn run_finished(&self, record: &RunRecord) -> Result<(), SendError> {
        tracing::info!(
            source = %record.source,
            run = %record.run,
            status = ?record.status,
            "run finished"
        );
        Ok(())
    }
}
