//! Tells more lives than the tests do, or one of them aloud.

use std::process::ExitCode;

const USAGE: &str = "\
cargo sim --seeds N [--from S]   N lives, beginning with seed S (0)
cargo sim --seed S               one life, line by line";

/// How many lives between two lines of progress.
const PROGRESS_EVERY: u64 = 100;

enum Wanted {
    One(u64),
    Many { from: u64, seeds: u64 },
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--")
        .collect();
    match wanted(&words) {
        Some(Wanted::One(seed)) => {
            let trace = simulation::tell(seed, true);
            println!("seed {seed} is fine: {} lines", trace.lines().count());
            ExitCode::SUCCESS
        }
        Some(Wanted::Many { from, seeds }) => many(from, seeds),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn many(from: u64, seeds: u64) -> ExitCode {
    let told = |seed: u64| {
        let done = seed - from + 1;
        if done.is_multiple_of(PROGRESS_EVERY) {
            println!("{done} of {seeds}");
        }
    };
    match simulation::try_seeds(from..from.saturating_add(seeds), told) {
        Ok(()) => {
            println!("{seeds} lives from seed {from}: nothing that must not happen");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn wanted(words: &[String]) -> Option<Wanted> {
    let number = |word: &str| word.parse().ok();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--seed", seed] => number(seed).map(Wanted::One),
        ["--seeds", seeds] => Some(Wanted::Many {
            from: 0,
            seeds: number(seeds)?,
        }),
        ["--seeds", seeds, "--from", from] | ["--from", from, "--seeds", seeds] => {
            Some(Wanted::Many {
                from: number(from)?,
                seeds: number(seeds)?,
            })
        }
        _ => None,
    }
}
