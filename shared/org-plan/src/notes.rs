//! The sentences that rows carry: a stable code, what happened, what to do. No names, no values.

use crate::Note;

fn note(code: &str, message: impl Into<String>, remedy: Option<&str>) -> Note {
    Note {
        code: code.to_owned(),
        message: message.into(),
        remedy: remedy.map(str::to_owned),
    }
}

pub(crate) fn userid_reused() -> Note {
    note(
        "userid_reused",
        "the userid belonged to a deleted person with another name; this is a record of its own",
        Some("if both are the same person, resolve the userid as `same`"),
    )
}

pub(crate) fn name_conflict() -> Note {
    note(
        "name_conflict",
        "a detached person has this userid and another name; nothing was written",
        Some(
            "if they are the same person, give them the old name in WeCom for one run, which \
             adopts them; if not, give one of them another userid",
        ),
    )
}

/// `kept`: attribute and the code of why the reading says nothing about it.
pub(crate) fn values_kept(kept: &[(String, String)]) -> Note {
    let each: Vec<String> = kept
        .iter()
        .map(|(attribute, code)| format!("{attribute} ({code})"))
        .collect();
    note(
        "values_kept",
        format!("the old value stays: {}", each.join(", ")),
        None,
    )
}

pub(crate) fn absent_once() -> Note {
    note(
        "absent_once",
        "not there, but not everything is visible: it must be absent for 24 hours",
        None,
    )
}

pub(crate) fn out_of_range() -> Note {
    note(
        "out_of_range",
        "exists or may exist where the app cannot see it",
        Some("widen the visible range of the app in WeCom, or accept the new range"),
    )
}

pub(crate) fn unknown() -> Note {
    note(
        "unknown",
        "WeCom could not say whether it still exists; it is asked again tomorrow",
        None,
    )
}

pub(crate) fn not_detached() -> Note {
    note(
        "not_detached",
        "out of the accepted range, but people or departments that stay still stand in it",
        None,
    )
}

/// Why somebody whom WeCom may still have is detached or deleted.
pub(crate) fn range_accepted() -> Note {
    note(
        "range_accepted",
        "the visible range that an administrator accepted does not show it",
        None,
    )
}

pub(crate) fn not_empty() -> Note {
    note(
        "not_empty",
        "no longer shown, but people or departments that stay still stand in it",
        None,
    )
}
