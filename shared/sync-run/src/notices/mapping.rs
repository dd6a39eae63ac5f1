//! What a mapping that gives nobody a value says.

use field_map::MappingFindings;

use super::notice;
use crate::NoticeKind;
use crate::book::Book;

/// How the causes of these notices begin in the source's memory; the attribute follows.
const MAPPING: &str = "mapping:";

/// A mapping that gives nobody a value is worth a word (story 25). An expression that fails is told
/// while it does; a field that WeCom stopped showing is told by the run that keeps values for it.
pub(crate) fn mapping(book: &mut Book<'_>, findings: &MappingFindings, keeps_values: bool) {
    forget_mended(book, findings);
    let failing = findings.failing_for_everybody();
    let Some(first) = failing.first() else {
        if keeps_values {
            shown_for_nobody(book, findings);
        }
        return;
    };
    let cause = format!("{MAPPING}{first}");
    let sentences = findings.sentences().join("\n");
    let text = format!(
        "Source {}: the mapping gives nobody a value for {}. What the directory held was \
         kept.\n\n{sentences}\n\nCorrect the mapping in the source's settings.",
        book.lease.source(),
        failing.join(", "),
    );
    let head = format!("mapping of {first} fails for everybody");
    let notice = notice(book, NoticeKind::MappingFailing, &head, text);
    book.notice(&cause, notice);
}

/// An attribute that somebody got a value for works again: when it breaks once more, that is news.
fn forget_mended(book: &mut Book<'_>, findings: &MappingFindings) {
    book.state.noticed.retain(|cause, _| {
        let attribute = cause.strip_prefix(MAPPING);
        let counts = attribute.and_then(|name| findings.attributes.get(name));
        counts.is_none_or(|counts| counts.set == 0 && counts.cleared == 0)
    });
}

fn shown_for_nobody(book: &mut Book<'_>, findings: &MappingFindings) {
    let nobody_has = findings
        .attributes
        .iter()
        .filter(|(_, counts)| counts.set == 0 && counts.cleared == 0 && !counts.kept.is_empty());
    let lost: Vec<&str> = nobody_has.map(|(name, _)| name.as_str()).collect();
    let Some(first) = lost.first() else { return };
    let text = format!(
        "Source {}: WeCom shows the fields of {} for nobody any more. What the directory held was \
         kept; the rows of this run say for whom.\n\nApps created after 2022-06-20 may not read \
         private fields such as mobile and mail: use the credentials of an app that may, or take \
         the attributes out of the mapping.",
        book.lease.source(),
        lost.join(", "),
    );
    let head = format!("{first} is shown for nobody any more");
    let notice = notice(book, NoticeKind::MappingFailing, &head, text);
    book.notice(&format!("{MAPPING}{first}"), notice);
}
