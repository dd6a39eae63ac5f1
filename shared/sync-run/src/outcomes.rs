//! What a row says about a write that did not happen, or of which that is not known.

use org_model::UserId;
use org_plan::Note;

/// The code of a row that was put down before its write.
pub(crate) const IN_FLIGHT: &str = "in_flight";

pub(crate) fn in_flight() -> Note {
    Note {
        code: IN_FLIGHT.to_owned(),
        message: "the run ended while this was being written: it may have happened".to_owned(),
        remedy: Some("look at the item; the next run goes on from what it finds".to_owned()),
    }
}

pub(crate) fn protected() -> Note {
    Note {
        code: "protected".to_owned(),
        message: "waits for an administrator's approval".to_owned(),
        remedy: Some(
            "approve its held list, or leave it: whoever is seen again leaves the list".to_owned(),
        ),
    }
}

/// Held whatever the thresholds say.
pub(crate) fn suspected_rename(userid: &UserId) -> Note {
    Note {
        code: "suspected_rename".to_owned(),
        message: format!(
            "somebody else with the same name and an equal mobile, mail or main department, \
             {userid}, may be the same person"
        ),
        remedy: Some(format!(
            "if they are the same person, resolve the userid {userid} as `same`; if not, approve \
             the held list, which deletes, or reject it, which keeps"
        )),
    }
}

pub(crate) fn clearing_guarded() -> Note {
    Note {
        code: "clearing_guarded".to_owned(),
        message: "this would be emptied for too many people at once, so it was kept".to_owned(),
        remedy: Some(
            "if it is right: ask for a run with mode `plan`, look at its rows, and apply that plan \
             by its fingerprint"
                .to_owned(),
        ),
    }
}

pub(crate) fn not_empty() -> Note {
    Note {
        code: "not_empty".to_owned(),
        message: "somebody in it could not be removed".to_owned(),
        remedy: None,
    }
}

pub(crate) fn changed_meanwhile() -> Note {
    Note {
        code: "changed_meanwhile".to_owned(),
        message: "somebody else changed this item after the run had read it".to_owned(),
        remedy: Some("nothing: the next run looks at it again".to_owned()),
    }
}

/// A write whose answer never came: perhaps it was done.
pub(crate) const NOT_ANSWERED: &str = "store_unavailable";

pub(crate) fn not_answered() -> Note {
    Note {
        code: NOT_ANSWERED.to_owned(),
        message: "the store did not answer; whether this was written is not known".to_owned(),
        remedy: Some("nothing: the next run looks at it again".to_owned()),
    }
}

pub(crate) fn rejected(code: String) -> Note {
    Note {
        code,
        message: "the directory cannot hold this item".to_owned(),
        remedy: Some("shorten its values in WeCom or map fewer fields".to_owned()),
    }
}
