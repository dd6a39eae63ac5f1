//! WeCom's error codes by what to do about them (WECOM.md §5). Only the number is judged.

/// What a refusal calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// A new token once, then the same call once.
    Refresh,
    /// Back off and try again, at most three times in all.
    Transient,
    /// Wait until the window that was hit is over.
    Rate,
    /// Ask less at once.
    Concurrency,
    /// Stop: somebody has to change something.
    Configuration,
    /// Not visible or not there: never proof of a departure by itself.
    Range,
    /// Not there, or merely not visible.
    Absence,
    /// The list is too large to be sent at once.
    Size,
    /// Not documented here: stop and report the code.
    Other,
}

/// The class of an `errcode` that is not 0.
pub fn class_of(errcode: i64) -> ErrorClass {
    match errcode {
        40014 | 42001 => ErrorClass::Refresh,
        -1 | 6000 => ErrorClass::Transient,
        45009 => ErrorClass::Rate,
        45033 => ErrorClass::Concurrency,
        40001 | 40013 | 40091 | 41002 | 41004 | 45031 | 48001 | 48002 | 48004 | 48006 | 48009
        | 50003 | 60020 | 60031 | 301_002 | 2_000_002 => ErrorClass::Configuration,
        60011 | 60021 | 50002 | 60003 | 60123 | 81013 => ErrorClass::Range,
        60111 | 46004 => ErrorClass::Absence,
        45029 => ErrorClass::Size,
        _ => ErrorClass::Other,
    }
}
