//! The sentences that rows carry: a stable code, what happened, what to do. No names, no values.

use crate::Note;

/// What joins two records of one person.
const RESOLVE_AS_SAME: &str = "if both are one person, say so: POST \
     /sources/{source}/users/{userid}/resolve {\"as\":\"same\"}";

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
        Some(RESOLVE_AS_SAME),
    )
}

pub(crate) fn name_conflict() -> Note {
    note(
        "name_conflict",
        "a detached person has this userid and another name; nothing was written",
        Some(
            "say whether they are one person: POST /sources/{source}/users/{userid}/resolve \
             {\"as\":\"same\"} or {\"as\":\"new\"}",
        ),
    )
}

pub(crate) fn undone() -> Note {
    note(
        "undone",
        "given back as it was; it is kept until WeCom shows it again",
        None,
    )
}

pub(crate) fn restored() -> Note {
    note(
        "restored",
        "restored by an administrator, and kept until WeCom shows it again",
        None,
    )
}

pub(crate) fn already_back() -> Note {
    note(
        "already_back",
        "it is there already; nothing was written, and it is kept",
        None,
    )
}

pub(crate) fn no_parent() -> Note {
    note(
        "no_parent",
        "the department it stood in is not there any more",
        Some("undo the run that deleted the department above it first"),
    )
}

pub(crate) fn no_footing() -> Note {
    note(
        "no_footing",
        "a department that it stands in, or hangs from, could not be written; nothing was written",
        Some("the next run writes both"),
    )
}

pub(crate) fn purged() -> Note {
    note(
        "purged",
        "its record was deleted for good when its retention ended",
        None,
    )
}

pub(crate) fn userid_taken() -> Note {
    note(
        "userid_reused",
        "the userid belongs to another record by now; nothing was written",
        Some(RESOLVE_AS_SAME),
    )
}

pub(crate) fn id_taken() -> Note {
    note(
        "id_reused",
        "the id belongs to another department by now; nothing was written",
        None,
    )
}

pub(crate) fn deleted_since() -> Note {
    note(
        "deleted_since",
        "disabled by that run and deleted by a later one; nothing was written",
        Some("undo the run that deleted it, or restore it"),
    )
}

pub(crate) fn detached() -> Note {
    note(
        "detached",
        "it belongs to no mirror any more; nothing was written",
        None,
    )
}

pub(crate) fn not_removed() -> Note {
    note(
        "not_removed",
        "nothing that was deleted or disabled; nothing was written",
        None,
    )
}

pub(crate) fn resolved_same() -> Note {
    note(
        "resolved_same",
        "an administrator said that both records are one person: the earlier internal id stays",
        None,
    )
}

pub(crate) fn resolved_new() -> Note {
    note(
        "resolved_new",
        "an administrator said that these are two people: this is a record of its own",
        None,
    )
}

/// `why`: what is no longer as it was when the word was given.
pub(crate) fn resolution_stale(why: &str) -> Note {
    note(
        "resolution_stale",
        format!("what was resolved is no longer so: {why}; nothing was changed"),
        Some("look at the records again, and resolve the userid anew if it still conflicts"),
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
