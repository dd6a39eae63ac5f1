//! What a red or skipped row says about a write that did not happen.

use org_plan::Note;

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

pub(crate) fn not_answered() -> Note {
    Note {
        code: "store_unavailable".to_owned(),
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
