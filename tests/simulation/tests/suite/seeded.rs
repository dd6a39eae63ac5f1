//! Five hundred lives of a source: safe after every step, and equal to the organisation once faults
//! stop, but for what waits for a person and says so. In parts, so that they are told side by side.

use std::collections::BTreeSet;

use simulation::{tell, try_seeds};

const PER_PART: u64 = 50;

fn told(part: u64) {
    let from = part * PER_PART;
    if let Err(failure) = try_seeds(from..from + PER_PART, |_| {}) {
        panic!("{failure}");
    }
}

macro_rules! parts {
    ($($name:ident: $part:expr;)*) => {
        $(
            #[test]
            fn $name() {
                told($part);
            }
        )*
    };
}

parts! {
    lives_0_to_49_are_safe_and_come_to_rest: 0;
    lives_50_to_99_are_safe_and_come_to_rest: 1;
    lives_100_to_149_are_safe_and_come_to_rest: 2;
    lives_150_to_199_are_safe_and_come_to_rest: 3;
    lives_200_to_249_are_safe_and_come_to_rest: 4;
    lives_250_to_299_are_safe_and_come_to_rest: 5;
    lives_300_to_349_are_safe_and_come_to_rest: 6;
    lives_350_to_399_are_safe_and_come_to_rest: 7;
    lives_400_to_449_are_safe_and_come_to_rest: 8;
    lives_450_to_499_are_safe_and_come_to_rest: 9;
}

#[test]
fn one_seed_gives_one_trace_byte_for_byte() {
    for seed in [0, 7, 123] {
        assert_eq!(tell(seed, false), tell(seed, false), "seed {seed}");
    }
}

#[test]
fn different_seeds_give_different_traces() {
    let traces: BTreeSet<String> = (0..20).map(|seed| tell(seed, false)).collect();
    assert_eq!(traces.len(), 20);
}
