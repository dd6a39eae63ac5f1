//! The table of stories in this crate's README names tests that there are, for every story.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const STORIES: usize = 30;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")
}

/// `file::test` of every test of this binary.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines() {
            is_test |= line.starts_with("#[tokio::test") || line.starts_with("#[test]");
            let name = line.split_once("fn ").and_then(|(_, rest)| {
                let (name, _) = rest.split_once('(')?;
                Some(name)
            });
            if let Some(name) = name.filter(|_| is_test) {
                tests.insert(format!("{file}::{name}"));
                is_test = false;
            }
        }
    }
    tests
}

/// What stands between backticks and names a test, line by line.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::") && !name.contains("World"))
}

#[test]
fn every_story_is_told_by_tests_that_there_are() {
    let readme = include_str!("../../README.md");
    let tests = tests();
    let mut told: BTreeMap<usize, usize> = BTreeMap::new();
    for line in readme.lines().filter(|line| line.starts_with("| ")) {
        let number = line[2..].split(' ').next().unwrap().parse::<usize>();
        for name in named(line) {
            assert!(tests.contains(name), "there is no test {name}");
            if let Ok(number) = &number {
                *told.entry(*number).or_default() += 1;
            }
        }
    }
    let numbers: Vec<usize> = told.into_keys().collect();
    let wanted: Vec<usize> = (1..=STORIES).collect();
    assert_eq!(numbers, wanted, "a story that nobody tells");
}
