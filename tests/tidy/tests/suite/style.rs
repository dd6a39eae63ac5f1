//! Room cards, budgets, and words that must not stand here.

use std::collections::BTreeSet;

use tidy::{code, functions, sources, texts};

const FILE_LINES_MAX: usize = 500;
const SHIPPED_LINES_MAX: usize = 300;
const FUNCTION_LINES_MAX: usize = 70;
const MAIN_LINES_MAX: usize = 60;
const COLUMNS_MAX: usize = 100;
const README_LINES_MAX: usize = 120;
const ARCHITECTURE_LINES_MAX: usize = 250;

/// Fails with every finding at once.
fn report(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn every_library_opens_with_its_room_card() {
    let mut findings = Vec::new();
    for file in sources()
        .iter()
        .filter(|file| file.path.ends_with("/src/lib.rs"))
    {
        let card: Vec<&str> = file
            .text
            .lines()
            .take_while(|l| l.starts_with("//!"))
            .collect();
        let card = card.join("\n");
        for line in [
            "- **For:**",
            "- **Knows:**",
            "- **Must never know:**",
            "- **Keeps",
        ] {
            if !card.contains(line) {
                findings.push(format!("{}: no `{line}`", file.path));
            }
        }
    }
    report(
        "a room card says what the room is for, knows, must never know and keeps",
        findings,
    );
}

#[test]
fn files_stay_small() {
    let mut findings = Vec::new();
    for file in sources() {
        let all = file.text.lines().count();
        let shipped = file.shipped().lines().count();
        if all > FILE_LINES_MAX || (!file.is_test() && shipped > SHIPPED_LINES_MAX) {
            findings.push(format!("{}: {shipped} lines, {all} with tests", file.path));
        }
        if file.path.ends_with("/src/main.rs") && all > MAIN_LINES_MAX {
            findings.push(format!("{}: {all} lines; wiring only", file.path));
        }
    }
    report("a file is read in one sitting", findings);
}

#[test]
fn functions_stay_small() {
    let mut findings = Vec::new();
    for file in sources() {
        for function in functions(&file.text) {
            if function.lines > FUNCTION_LINES_MAX {
                findings.push(format!(
                    "{}:{} {}: {} lines",
                    file.path, function.line, function.name, function.lines
                ));
            }
        }
    }
    report("a function fits on a screen", findings);
}

#[test]
fn lines_stay_within_the_page() {
    let mut findings = Vec::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                findings.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    report("100 columns", findings);
}

#[test]
fn documents_stay_readable() {
    let lines = |path: &str| tidy::read(path).lines().count();
    assert!(lines("README.md") <= README_LINES_MAX);
    assert!(lines("ARCHITECTURE.md") <= ARCHITECTURE_LINES_MAX);
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    // Written in pieces, so that this file does not find itself.
    let marks = ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!("));
    let switched_off = format!("#[{}", "ignore");
    let mut findings = Vec::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            let line = code(line);
            if marks.iter().any(|mark| line.contains(mark)) || line.contains(&switched_off) {
                findings.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    report("finished or not there", findings);
}

#[test]
fn pure_rooms_wait_for_nothing_and_know_no_clock() {
    let forbidden = [
        ".await",
        "async fn",
        "std::env",
        "Timestamp::now",
        "SystemTime",
        "println!",
    ];
    let pure = ["org-model", "field-map", "org-plan", "source-settings"];
    let mut findings = Vec::new();
    for file in sources()
        .iter()
        .filter(|file| pure.contains(&file.room()) && !file.is_test())
    {
        for (number, line) in file.shipped().lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| code(line).contains(**word)) {
                findings.push(format!("{}:{}: {word}", file.path, number + 1));
            }
        }
    }
    report("a pure room is mathematics", findings);
}

#[test]
fn the_captain_reads_no_clock_of_its_own() {
    let forbidden = [
        "Timestamp::now",
        "SystemTime",
        "Instant::now",
        "std::env",
        "reqwest",
    ];
    let mut findings = Vec::new();
    let captains = ["sync-run", "source-admin"];
    for file in sources()
        .iter()
        .filter(|file| captains.contains(&file.room()) && !file.is_test())
    {
        for (number, line) in file.shipped().lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| code(line).contains(**word)) {
                findings.push(format!("{}:{}: {word}", file.path, number + 1));
            }
        }
    }
    report("time comes through a port", findings);
}

#[test]
fn names_of_things_come_from_the_glossary() {
    // A type or a module with such a name says nothing about what it is for.
    let forbidden = [
        "Manager", "Handler", "Helper", "Util", "Upstream", "Remote", "Desired",
    ];
    let mut findings = Vec::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            let line = code(line);
            let declares = ["struct ", "enum ", "trait "].iter().find_map(|word| {
                let rest = line
                    .trim_start_matches("pub ")
                    .trim_start_matches("pub(crate) ");
                rest.strip_prefix(word)
            });
            let Some(name) = declares else { continue };
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            if forbidden.iter().any(|word| name.ends_with(word)) {
                findings.push(format!("{}:{}: {name}", file.path, number + 1));
            }
        }
    }
    report("names say what a thing is", findings);
}

#[test]
fn the_top_of_the_house_is_tidy() {
    let known: BTreeSet<&str> = [
        "Cargo.toml",
        "Cargo.lock",
        "functions",
        "shared",
        "infra",
        "events",
        "tests",
        "docs",
        "template.yaml",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "rustfmt.toml",
        "clippy.toml",
    ]
    .into();
    let tops: BTreeSet<String> = texts()
        .iter()
        .map(|file| file.path.split('/').next().unwrap().to_owned())
        .filter(|top| !top.starts_with('.'))
        .collect();
    let strange: Vec<&String> = tops
        .iter()
        .filter(|top| !known.contains(top.as_str()))
        .collect();
    assert!(
        strange.is_empty(),
        "what is this doing at the top: {strange:?}"
    );
}

#[test]
fn documents_speak_of_the_project_alone() {
    // Paths of one machine and hosts of registries say nothing to a reader elsewhere.
    let forbidden = ["/work/", "/root/", "pypi.org", "npmjs", "static.crates"];
    let mut findings = Vec::new();
    for file in texts()
        .iter()
        .filter(|file| file.path != "tests/tidy/tests/suite/style.rs")
    {
        for word in forbidden.iter().filter(|word| file.text.contains(**word)) {
            findings.push(format!("{}: {word}", file.path));
        }
    }
    report("no machine paths, no registry hosts", findings);
}

/// A file that its program does not name is not compiled, and its tests say nothing.
#[test]
fn every_test_file_is_part_of_its_program() {
    let files = sources();
    let text_of = |path: &str| files.iter().find(|file| file.path == path);
    let mut findings = Vec::new();
    for file in &files {
        let Some((folder, name)) = file.path.rsplit_once('/') else {
            continue;
        };
        let (folder, module) = match name {
            "main.rs" => continue,
            "mod.rs" => folder.rsplit_once('/').unwrap_or_default(),
            _ => (folder, name.trim_end_matches(".rs")),
        };
        let Some(program) = text_of(&format!("{folder}/main.rs")) else {
            continue;
        };
        let declared = format!("mod {module};");
        let is_test = folder.contains("/tests/");
        if is_test && !program.text.lines().any(|line| line == declared) {
            findings.push(format!("{}: no `{declared}` in main.rs", file.path));
        }
    }
    report("a test that is not compiled cannot fail", findings);
}
