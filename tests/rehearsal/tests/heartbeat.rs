//! The alarm for a silent housekeeping counts a sentence in the log; somebody has to say it.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

#[test]
fn the_heartbeat_alarm_listens_to_a_sentence_that_sync_org_says() {
    let template = fs::read_to_string(project("template.yaml")).unwrap();
    let (_, pattern) = template.split_once("FilterPattern: '").unwrap();
    let (sentence, _) = pattern.split_once('\'').unwrap();
    assert!(sentence.len() > 2 && sentence.starts_with('"') && sentence.ends_with('"'));
    let says = |file: PathBuf| fs::read_to_string(file).unwrap().contains(sentence);
    let sources = fs::read_dir(project("functions/sync-org/src")).unwrap();
    let mut sources = sources.map(|entry| entry.unwrap().path());
    assert!(
        sources.any(|path| path.is_file() && says(path)),
        "sync-org never says {sentence}"
    );
}
