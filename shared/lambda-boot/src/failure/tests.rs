use std::num::ParseIntError;

use super::Failure;

#[derive(Debug, thiserror::Error)]
#[error("could not read the port")]
struct Outer(#[source] ParseIntError);

#[derive(Debug, thiserror::Error)]
#[error("could not start: {0}")]
struct Repeating(#[source] ParseIntError);

fn no_number() -> ParseIntError {
    "many".parse::<u16>().unwrap_err()
}

#[test]
fn a_failure_is_one_line_with_its_causes_in_order() {
    let failure = Failure::from(Outer(no_number()));
    let line = "could not read the port: invalid digit found in string";
    assert_eq!(failure.to_string(), line);
    assert_eq!(format!("{failure:?}"), line);
}

#[test]
fn a_cause_that_was_said_already_is_not_said_again() {
    let failure = Failure::from(Repeating(no_number()));
    let line = "could not start: invalid digit found in string";
    assert_eq!(failure.to_string(), line);
}

#[test]
fn plain_text_is_a_failure_without_causes() {
    assert_eq!(Failure::new("nothing to do").to_string(), "nothing to do");
}
