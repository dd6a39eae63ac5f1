//! What a mapping that gives nobody a value says.

use field_map::MappingFindings;
use serde_json::json;

use super::About;
use super::page::Page;
use crate::book::Book;
use crate::{Notice, NoticeKind};

/// How the causes of these notices begin in the source's memory; the attribute follows.
const MAPPING: &str = "mapping:";

/// A mapping that gives nobody a value is worth a word (story 25). An expression that fails is told
/// while it does; a field that WeCom stopped showing is told by the run that keeps values for it.
pub(crate) fn mapping(book: &mut Book<'_>, findings: &MappingFindings, keeps_values: bool) {
    forget_mended(book, findings);
    let failing = findings.failing_for_everybody();
    let lost = lost(findings);
    let about = About::of(book);
    let (first, notice) = match (failing.first(), lost.first()) {
        (Some(first), _) => (first, fails(&about, &failing, findings)),
        (None, Some(first)) if keeps_values => (first, shown_for_nobody(&about, &lost)),
        (None, _) => return,
    };
    let cause = format!("{MAPPING}{first}");
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

/// The attributes that nobody got a value for.
fn lost(findings: &MappingFindings) -> Vec<&str> {
    let nobody_has = findings
        .attributes
        .iter()
        .filter(|(_, counts)| counts.set == 0 && counts.cleared == 0 && !counts.kept.is_empty());
    nobody_has.map(|(name, _)| name.as_str()).collect()
}

pub(super) fn fails(about: &About<'_>, failing: &[&str], findings: &MappingFindings) -> Notice {
    let names = failing.join(", ");
    let mut page = Page::begin(
        format!(
            "Kept, not emptied: the mapping of {} gives nobody a value for {names}. What the \
             directory held stays.",
            about.who()
        ),
        format!(
            "保留原值，未清空：{}的字段映射没有为任何人得出 {names} 的值。目录中原有的值保持不变。",
            about.who_chinese()
        ),
    );
    page.part("", "");
    for attribute in failing {
        page.say(
            format!(
                "- the expression of {attribute} failed for everybody: correct it in the mapping"
            ),
            format!("- {attribute} 的表达式对所有人都失败：请在字段映射中更正"),
        );
    }
    for attribute in findings.withheld_from_everybody() {
        page.say(
            format!(
                "- WeCom withholds the fields of {attribute} from this app: remove the attribute, \
                 or use the credentials of an app that may read them"
            ),
            format!(
                "- 企业微信不向该应用提供 {attribute} 的字段：移除该属性，或改用有权读取的应用的\
                 凭证"
            ),
        );
    }
    let first = failing.first().copied().unwrap_or_default();
    let detail = json!({ "cause": "expression_failed", "attributes": failing });
    let head = format!("mapping of {first} fails for everybody");
    about.notice(NoticeKind::MappingFailing, &head, &page, detail)
}

pub(super) fn shown_for_nobody(about: &About<'_>, lost: &[&str]) -> Notice {
    let names = lost.join(", ");
    let mut page = Page::begin(
        format!(
            "Kept, not emptied: WeCom shows the fields of {names} of {} for nobody any more. What \
             the directory held stays; the rows of this run say for whom.",
            about.who()
        ),
        format!(
            "保留原值，未清空：{}中 {names} 的字段在企业微信中已不再对任何人显示。目录中原有的值\
             保持不变，本次运行的明细行列出了相关人员。",
            about.who_chinese()
        ),
    );
    page.part(
        "Apps created after 2022-06-20 may not read private fields such as mobile and mail: use \
         the credentials of an app that may, or take the attributes out of the mapping.",
        "2022-06-20 之后创建的应用不能读取手机号、邮箱等敏感字段：请改用有权读取的应用的凭证，或从\
         字段映射中移除这些属性。",
    );
    let first = lost.first().copied().unwrap_or_default();
    let detail = json!({ "cause": "shown_for_nobody", "attributes": lost });
    let head = format!("{first} is shown for nobody any more");
    about.notice(NoticeKind::MappingFailing, &head, &page, detail)
}
