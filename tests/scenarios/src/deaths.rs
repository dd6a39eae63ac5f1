//! Where a run may die, each place that leaves something else behind once.
//!
//! A process that dies loses what it knows; what it leaves is what its writes left in the database,
//! and what it sent meanwhile. So a death before a read that follows a read leaves the same as a
//! death before the first of them, and a death after a read the same as one before whatever comes
//! next. What remains of "at every request, before it is sent and after it was applied": before
//! each write, after each write, before what follows a write, and before the very first request.

use testkit::crash::CrashMoment;

/// One place to die at: the number of a request, counted from 1, and the moment.
pub type Death = (u64, CrashMoment);

/// All of them, for a run that makes these requests.
pub fn deaths(operations: &[String]) -> Vec<Death> {
    let mut deaths = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        let request = at as u64 + 1;
        let after_a_write = at == 0 || is_write(&operations[at - 1]);
        if is_write(operation) || after_a_write {
            deaths.push((request, CrashMoment::BeforeSent));
        }
        if is_write(operation) {
            deaths.push((request, CrashMoment::AfterApplied));
        }
    }
    deaths
}

fn is_write(operation: &str) -> bool {
    !matches!(
        operation,
        "GetItem" | "BatchGetItem" | "Query" | "TransactGetItems"
    )
}

#[cfg(test)]
mod tests {
    use super::{Death, deaths};
    use testkit::crash::CrashMoment::{AfterApplied, BeforeSent};

    #[test]
    fn each_death_that_leaves_something_else_is_named_once() {
        let operations = [
            "GetItem",
            "Query",
            "UpdateItem",
            "Query",
            "Query",
            "PutItem",
        ];
        let operations = operations.map(str::to_owned);
        let wanted: [Death; 6] = [
            (1, BeforeSent),
            (3, BeforeSent),
            (3, AfterApplied),
            (4, BeforeSent),
            (6, BeforeSent),
            (6, AfterApplied),
        ];
        assert_eq!(deaths(&operations), wanted);
    }
}
