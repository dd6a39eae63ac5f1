//! What is held, word by word.

use super::*;

/// The notice of [`departure`], its list's fingerprint as `FP`.
fn departure_held() -> Notice {
    let (source, run) = (hq(), RunId::new("r-7"));
    let list = departure();
    let places = Places::of(&list.items, known);
    let notice = held(&about(&source, &run), &list, &places);
    let fingerprint = list.fingerprint.to_string();
    let detail = notice.detail.to_string().replace(&fingerprint, "FP");
    Notice {
        text: notice.text.replace(&fingerprint, "FP"),
        detail: serde_json::from_str(&detail).unwrap(),
        ..notice
    }
}

/// Its text, folded: in English and in Chinese.
fn departure_told() -> (String, String) {
    let text = folded(&departure_held().text);
    let (english, chinese) = text.split_once("\n\n—\n\n").unwrap();
    (english.to_owned(), chinese.to_owned())
}

#[test]
fn a_held_notice_says_what_was_not_done_and_why_and_how_to_decide() {
    assert_eq!(
        departure_held().subject,
        "[wecom-sync] hq: held back 60 people, 1 department"
    );
    insta::assert_snapshot!(departure_told().0, @r#"
    Nothing of this was deleted or disabled: 60 people and 1 department of source hq (Head
    > office) wait for your decision. New and changed people are not held back.

    Why:
    - people: 60 of 580 would go in this run, more than max_count 50
    - people: 60 of 580 would go in this run (10.3 %), more than max_percent 10, which is 58
    On the list: delete 57 people, disable 3 people, delete 1 department

    Largest departments concerned (whoever stands in several counts in each):
    - 16 Sales 销售: 60 people, and the department itself
    - 21 Labs: 12 people

    What to do:
    - look at it:
      GET /sources/hq/held/FP/items
    - they are really gone, approve all:
      POST /sources/hq/held/FP/approve
    - approve all but some, who are kept:
      POST /sources/hq/held/FP/approve {"except":[{"kind":"user","id":"<userid>"}]}
    - they are still there, keep them all:
      POST /sources/hq/held/FP/reject

    Without a decision by 2026-11-25 08:30 UTC whoever is still missing is held anew, with
    > a new notice. Whoever WeCom shows again leaves the list.
    Run: r-7
    "#);
}

#[test]
fn a_held_notice_says_the_same_in_chinese() {
    insta::assert_snapshot!(departure_told().1, @r#"
    以下内容均未删除或停用：数据源 hq（Head office）有 60 人、1 个部门待审批删除。新增和修改不受影响。

    原因（删除保护）：
    - 人员：本次运行共 580 人中将移除 60 人，超过上限 max_count 50
    - 人员：本次运行共 580 人中将移除 60 人（10.3 %），超过比例上限 max_percent 10，即 58 人
    名单内容：删除 57 人，停用 3 人，删除 1 个部门

    涉及最多的部门（一人在多个部门时分别计入）：
    - 16 Sales 销售：60 人，部门本身也在名单中
    - 21 Labs：12 人

    如何处理：
    - 查看名单：
      GET /sources/hq/held/FP/items
    - 确已离开，全部批准：
      POST /sources/hq/held/FP/approve
    - 批准，但保留其中一些：
      POST /sources/hq/held/FP/approve {"except":[{"kind":"user","id":"<userid>"}]}
    - 仍然在职，全部保留（驳回）：
      POST /sources/hq/held/FP/reject

    若到 2026-11-25 08:30 UTC 仍未处理，仍缺失的内容将重新列入待审批删除并再次通知。重新出现在企业微信中的会自动移出名单。
    运行：r-7
    "#);
}

#[test]
fn a_held_notice_says_the_same_to_machines() {
    let detail = serde_json::to_string_pretty(&departure_held().detail).unwrap();
    insta::assert_snapshot!(detail, @r#"
    {
      "calls": {
        "approve": "POST /sources/hq/held/FP/approve",
        "items": "GET /sources/hq/held/FP/items",
        "reject": "POST /sources/hq/held/FP/reject"
      },
      "count": 61,
      "departments": {
        "delete": 1
      },
      "expires_at": "2026-11-25T08:30:00Z",
      "held_at": "2026-11-22T08:30:00Z",
      "largest_departments": [
        {
          "id": 16,
          "listed": true,
          "name": "Sales\n销售",
          "users": 60
        },
        {
          "id": 21,
          "listed": false,
          "name": "Labs",
          "users": 12
        }
      ],
      "list": "FP",
      "more_departments": 0,
      "rules": [
        {
          "base": 580,
          "deletions": 60,
          "kind": "users",
          "limit": "max_count",
          "value": 50,
          "window": "run"
        },
        {
          "base": 580,
          "deletions": 60,
          "kind": "users",
          "limit": "max_percent",
          "value": 10,
          "window": "run"
        }
      ],
      "users": {
        "delete": 57,
        "disable": 3
      }
    }
    "#);
}

#[test]
fn a_reminder_counts_what_is_left() {
    let list = departure();
    let released = (0..20).map(|n| (ItemKind::User, InternalId::new(format!("internal-{n}"))));
    let stored = StoredHeldList {
        released: released.collect(),
        ..waiting(list)
    };
    let places = Places::of(stored.remaining(), known);
    let notice = held_reminder(&stored, NAME, &places, now());
    assert_eq!(
        notice.subject,
        "[wecom-sync] hq: still holds 40 people, 1 department"
    );
    assert!(
        notice
            .text
            .starts_with("Still nothing of this was deleted or disabled: 40 people")
    );
    assert_eq!(notice.detail["count"], 41);
    assert_eq!(notice.detail["users"]["delete"], 37);
    assert_eq!(notice.detail["largest_departments"][0]["users"], 40);
}

#[test]
fn ten_departments_are_named_the_largest_first_and_the_rest_is_counted() {
    let items = (1..=13_u32).flat_map(|department| {
        (0..department).map(move |n| person(department * 100 + n, &[department], Action::Delete))
    });
    let items: Vec<HeldItem> = items.collect();
    let places = Places::of(&items, |id| Some(format!("D{id}")));
    let detail = places.detail();
    let shown = detail.as_array().unwrap();
    assert_eq!(shown.len(), 10);
    assert_eq!(shown[0]["id"], 13);
    assert_eq!(shown[0]["users"], 13);
    assert_eq!(shown[9]["id"], 4);
    assert_eq!(places.more(), 3);
    let mut page = Page::default();
    places.say(&mut page);
    assert!(
        page.text().contains("- 13 D13: 13 people\n"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("- and 3 departments besides"));
    assert!(page.text().contains("- 另有 3 个部门"));
}

#[test]
fn every_rule_shows_its_sum() {
    let day = TrippedRule {
        window: RuleWindow::Day,
        ..rule(RuleLimit::MaxCount, 50, 51, 2_000)
    };
    let departments = TrippedRule {
        kind: ItemKind::Department,
        ..rule(RuleLimit::LastOnes, 1, 5, 6)
    };
    let rules = [
        rule(RuleLimit::MaxCount, 50, 400, 2_000),
        rule(RuleLimit::MaxPercent, 10, 44, 46),
        rule(RuleLimit::Paused, 0, 3, 2_000),
        rule(RuleLimit::SuspectedRename, 0, 2, 2_000),
        day,
        departments,
    ];
    let said = rules.map(|rule| {
        let (english, chinese) = arithmetic::sentence(&rule);
        format!("{english}\n{chinese}")
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    people: 400 of 2000 would go in this run, more than max_count 50
    人员：本次运行共 2000 人中将移除 400 人，超过上限 max_count 50
    people: 44 of 46 would go in this run (95.6 %), more than max_percent 10, which is 4
    人员：本次运行共 46 人中将移除 44 人（95.6 %），超过比例上限 max_percent 10，即 4 人
    people: deletions are paused in the settings, and 3 would go
    人员：设置中已暂停删除，而有 3 人将被移除
    people: 2 may only have another userid now
    人员：2 人可能只是更换了 userid
    people: 51 of 2000 would go within 24 hours, this run included, more than max_count 50
    人员：24 小时内（含本次）共 2000 人中将移除 51 人，超过上限 max_count 50
    departments: 5 of 6 would go in this run, and at most 1 would remain
    部门：本次运行共 6 个中将移除 5 个，最多只剩 1 个
    "#);
}

#[test]
fn a_suspected_rename_tells_how_to_say_that_it_is_the_same_person() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let rules = vec![rule(RuleLimit::SuspectedRename, 0, 1, 40)];
    let list = list(rules, vec![person(1, &[16], Action::Delete)]);
    let notice = held(
        &about(&source, &run),
        &list,
        &Places::of(&list.items, known),
    );
    let call = r#"POST /sources/hq/users/<new userid>/resolve {"as":"same"}"#;
    assert_eq!(notice.text.matches(call).count(), 2);
    let other = departure();
    let notice = held(
        &about(&source, &run),
        &other,
        &Places::of(&other.items, known),
    );
    assert!(!notice.text.contains("resolve"));
}

#[test]
fn what_there_is_none_of_is_not_said() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let said = |items: Vec<HeldItem>| {
        let list = list(Vec::new(), items);
        held(
            &about(&source, &run),
            &list,
            &Places::of(&list.items, known),
        )
    };
    let one = said(vec![person(1, &[16], Action::Disable)]);
    assert_eq!(one.subject, "[wecom-sync] hq: held back 1 person");
    assert!(
        one.text.contains("On the list: disable 1 person\n"),
        "{}",
        one.text
    );
    assert!(one.text.contains("有 1 人待审批删除"), "{}", one.text);
    let department = said(vec![department(16, "Sales")]);
    assert_eq!(
        department.subject,
        "[wecom-sync] hq: held back 1 department"
    );
    assert!(
        department.text.contains("有 1 个部门待审批删除"),
        "{}",
        department.text
    );
}
