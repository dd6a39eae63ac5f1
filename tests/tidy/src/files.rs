//! The repository's files.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One text file.
#[derive(Debug)]
pub struct SourceFile {
    /// From the top of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// Code that is compiled for tests only: it is not counted, and may unwrap.
    pub fn is_test(&self) -> bool {
        let in_module = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        in_module || self.path.starts_with("tests/")
    }

    /// The crate's folder name.
    pub fn room(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// The part of the file before its test module.
    pub fn shipped(&self) -> &str {
        self.text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default()
    }
}

/// The top of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file that git tracks or would track, as far as it is text.
pub fn texts() -> Vec<SourceFile> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "git cannot list the files");
    let paths = String::from_utf8(listed.stdout).unwrap();
    let text = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some(SourceFile {
            path: path.to_owned(),
            text,
        })
    };
    paths.lines().filter_map(text).collect()
}

/// Every Rust file.
pub fn sources() -> Vec<SourceFile> {
    texts()
        .into_iter()
        .filter(|file| file.path.ends_with(".rs"))
        .collect()
}

/// A line without its comment; a line that is only a comment is empty.
pub fn code(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with("//") {
        ""
    } else {
        line.split(" // ").next().unwrap_or(line)
    }
}
