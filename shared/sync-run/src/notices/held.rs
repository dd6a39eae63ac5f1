//! What was held back, and how a person decides it.

use jiff::Timestamp;
use org_model::ItemKind;
use org_plan::{Action, HeldItem, HeldList, RuleLimit};
use serde_json::{Value, json};

use super::page::{Page, departments, people, when};
use super::places::Places;
use super::{About, arithmetic};
use crate::{Notice, NoticeKind, StoredHeldList};

/// How many of each are on a list.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    users: u64,
    departments: u64,
    disables: u64,
}

impl Tally {
    fn of<'i>(items: impl IntoIterator<Item = &'i HeldItem>) -> Self {
        let mut tally = Self::default();
        for item in items {
            match item.kind {
                ItemKind::User => tally.users += 1,
                ItemKind::Department => tally.departments += 1,
            }
            tally.disables += u64::from(item.action == Action::Disable);
        }
        tally
    }

    /// A department cannot be disabled.
    fn user_deletions(self) -> u64 {
        self.users - self.disables
    }

    fn subject(self, verb: &str) -> String {
        format!("{verb} {}", self.all(", ", "、").0)
    }

    /// Everything on the list, in both languages; what there is none of is not said.
    fn all(self, and: &str, and_chinese: &str) -> (String, String) {
        let users = (people(self.users), format!("{} 人", self.users));
        let units = (
            departments(self.departments),
            format!("{} 个部门", self.departments),
        );
        match (self.users, self.departments) {
            (_, 0) => users,
            (0, _) => units,
            _ => (
                [users.0, units.0].join(and),
                [users.1, units.1].join(and_chinese),
            ),
        }
    }

    fn say(self, page: &mut Page) {
        let (deleted, disabled) = (self.user_deletions(), self.disables);
        let parts = [
            (
                deleted,
                format!("delete {}", people(deleted)),
                format!("删除 {deleted} 人"),
            ),
            (
                disabled,
                format!("disable {}", people(disabled)),
                format!("停用 {disabled} 人"),
            ),
            (
                self.departments,
                format!("delete {}", departments(self.departments)),
                format!("删除 {} 个部门", self.departments),
            ),
        ];
        let said = parts.into_iter().filter(|(count, ..)| *count > 0);
        let (english, chinese): (Vec<_>, Vec<_>) = said.map(|(_, en, zh)| (en, zh)).unzip();
        page.say(
            format!("On the list: {}", english.join(", ")),
            format!("名单内容：{}", chinese.join("，")),
        );
    }
}

/// A new list: written down with the decision, before anything of the run is applied.
pub(crate) fn held(about: &About<'_>, list: &HeldList, places: &Places) -> Notice {
    let tally = Tally::of(&list.items);
    let (all, all_chinese) = tally.all(" and ", "、");
    let mut page = Page::begin(
        format!(
            "Nothing of this was deleted or disabled: {all} of {} wait for your decision. New and \
             changed people are not held back.",
            about.who()
        ),
        format!(
            "以下内容均未删除或停用：{}有 {all_chinese}待审批删除。新增和修改不受影响。",
            about.who_chinese()
        ),
    );
    rest(&mut page, list, tally, places);
    let subject = tally.subject("held back");
    let detail = detail(list, tally, places);
    about.notice(NoticeKind::Held, &subject, &page, detail)
}

/// Once a day for a list that waits: what is left of it.
pub(crate) fn held_reminder(
    stored: &StoredHeldList,
    name: &str,
    places: &Places,
    now: Timestamp,
) -> Notice {
    let list = &stored.list;
    let about = About {
        at: now,
        source: &list.source,
        name,
        run: Some(&list.run),
    };
    let tally = Tally::of(stored.remaining());
    let (all, all_chinese) = tally.all(" and ", "、");
    let since = when(list.held_at);
    let mut page = Page::begin(
        format!(
            "Still nothing of this was deleted or disabled: {all} of {} wait for your decision \
             since {since}.",
            about.who()
        ),
        format!(
            "以下内容仍未删除或停用：{}有 {all_chinese}自 {since} 起待审批删除。",
            about.who_chinese()
        ),
    );
    rest(&mut page, list, tally, places);
    let subject = tally.subject("still holds");
    let detail = detail(list, tally, places);
    about.notice(NoticeKind::HeldReminder, &subject, &page, detail)
}

/// What stands below the first line of both.
fn rest(page: &mut Page, list: &HeldList, tally: Tally, places: &Places) {
    page.part("Why:", "原因（删除保护）：");
    for rule in &list.rules {
        let (english, chinese) = arithmetic::sentence(rule);
        page.say(format!("- {english}"), format!("- {chinese}"));
    }
    tally.say(page);
    places.say(page);
    page.part("What to do:", "如何处理：");
    decide(page, list);
    let expires = when(list.expires_at);
    page.part(
        format!(
            "Without a decision by {expires} whoever is still missing is held anew, with a new \
             notice. Whoever WeCom shows again leaves the list."
        ),
        format!(
            "若到 {expires} 仍未处理，仍缺失的内容将重新列入待审批删除并再次通知。重新出现在企业\
             微信中的会自动移出名单。"
        ),
    );
    let run = &list.run;
    page.say(format!("Run: {run}"), format!("运行：{run}"));
}

fn decide(page: &mut Page, list: &HeldList) {
    let path = path(list);
    page.call("look at it", "查看名单", &format!("GET {path}/items"));
    page.call(
        "they are really gone, approve all",
        "确已离开，全部批准",
        &format!("POST {path}/approve"),
    );
    page.call(
        "approve all but some, who are kept",
        "批准，但保留其中一些",
        &format!(r#"POST {path}/approve {{"except":[{{"kind":"user","id":"<userid>"}}]}}"#),
    );
    page.call(
        "they are still there, keep them all",
        "仍然在职，全部保留（驳回）",
        &format!("POST {path}/reject"),
    );
    if suspects(list) {
        page.call(
            "somebody only has a new userid (the items name it)",
            "只是更换了 userid（名单中有新的 userid）",
            &format!(
                r#"POST /sources/{}/users/<new userid>/resolve {{"as":"same"}}"#,
                list.source
            ),
        );
    }
}

fn path(list: &HeldList) -> String {
    format!("/sources/{}/held/{}", list.source, list.fingerprint)
}

fn suspects(list: &HeldList) -> bool {
    let mut rules = list.rules.iter();
    rules.any(|rule| rule.limit == RuleLimit::SuspectedRename)
}

fn detail(list: &HeldList, tally: Tally, places: &Places) -> Value {
    let path = path(list);
    json!({
        "list": list.fingerprint,
        "held_at": list.held_at,
        "expires_at": list.expires_at,
        "count": tally.users + tally.departments,
        "users": { "delete": tally.user_deletions(), "disable": tally.disables },
        "departments": { "delete": tally.departments },
        "rules": list.rules.iter().map(arithmetic::detail).collect::<Vec<_>>(),
        "largest_departments": places.detail(),
        "more_departments": places.more(),
        "calls": {
            "items": format!("GET {path}/items"),
            "approve": format!("POST {path}/approve"),
            "reject": format!("POST {path}/reject"),
        },
    })
}
