//! When a reading is sealed, what unseals it, and who is in the snapshot.

use std::collections::BTreeSet;

use org_model::notation::raw_org;
use org_model::{
    DepartmentId, Gap, GapCause, GapPlace, Membership, OrgSnapshot, RawMember, RawOrg,
    SealEvidence, TagId, UnsealedReason, UserId, UserKey, VisibleRange,
};

const ACME: &str = "
1 Acme
  2 Sales
    - an An Wang; leader; title=Boss
    - bo Bo Li
  3 Engineering
    - an
    - cy Cy Zhou
";

fn judge(raw: RawOrg) -> OrgSnapshot {
    OrgSnapshot::judge(raw, &SealEvidence::default())
}

/// The reasons of a reading, one word each.
fn codes(snapshot: &OrgSnapshot) -> Vec<&'static str> {
    snapshot
        .seal()
        .reasons()
        .iter()
        .map(UnsealedReason::code)
        .collect()
}

fn key(userid: &str) -> UserKey {
    UserId::new(userid).key()
}

fn departments_of(snapshot: &OrgSnapshot, userid: &str) -> Vec<u32> {
    let memberships = snapshot.members()[&key(userid)]
        .memberships
        .iter()
        .flatten();
    memberships
        .map(|membership| membership.department.0)
        .collect()
}

fn listing<'a>(raw: &'a mut RawOrg, userid: &str, department: u32) -> &'a mut RawMember {
    let of = |m: &&mut RawMember| {
        m.userid.as_str() == userid && m.listed_in == Some(DepartmentId(department))
    };
    match raw.members.iter_mut().find(of) {
        Some(listing) => listing,
        None => panic!("{userid} is not listed in {department}"),
    }
}

fn member_in(department: u32) -> Vec<Membership> {
    vec![Membership {
        department: DepartmentId(department),
        order: 0,
        leader: false,
    }]
}

#[test]
fn a_reading_that_answers_everything_is_sealed() {
    let snapshot = judge(raw_org(ACME));
    assert!(snapshot.is_sealed() && snapshot.sees_whole_company());
    assert_eq!(snapshot.members().len(), 3);
    assert_eq!(departments_of(&snapshot, "an"), [2, 3]);
}

#[test]
fn one_person_in_20_departments_is_one_person() {
    let mut text = "1 Acme\n".to_owned();
    for n in 2..22 {
        text += &format!("  {n} Team\n    - an An\n");
    }
    let snapshot = judge(raw_org(&text));
    assert!(snapshot.is_sealed());
    assert_eq!(snapshot.members().len(), 1);
    assert_eq!(departments_of(&snapshot, "an").len(), 20);
}

#[test]
fn nobody_at_all_is_never_sealed() {
    assert_eq!(
        codes(&judge(raw_org("1 Acme\n  2 Sales"))),
        ["nothing_read"]
    );
    let nothing = judge(RawOrg::default());
    assert_eq!(codes(&nothing), ["nothing_read", "range_unknown"]);
}

#[test]
fn one_missing_answer_unseals() {
    let gaps = [
        GapPlace::DepartmentTree,
        GapPlace::DepartmentMembers(DepartmentId(3)),
        GapPlace::Member(UserId::new("an")),
        GapPlace::Tag(TagId(7)),
        GapPlace::RangeAfter,
    ];
    for what in gaps {
        let mut raw = raw_org(ACME);
        raw.gaps.push(Gap {
            what,
            cause: GapCause::NoAnswer,
        });
        assert_eq!(codes(&judge(raw)), ["incomplete"]);
    }
}

#[test]
fn a_range_that_changed_or_could_not_be_read_unseals() {
    let mut changed = raw_org(ACME);
    changed
        .range_after
        .get_or_insert_default()
        .users
        .insert(key("an"));
    assert_eq!(codes(&judge(changed)), ["range_changed_while_reading"]);
    let mut unread = raw_org(ACME);
    unread.range_after = None;
    let unread = judge(unread);
    assert_eq!(codes(&unread), ["range_unknown"]);
    assert!(!unread.sees_whole_company());
}

#[test]
fn another_app_unseals_until_its_range_was_compared() {
    let evidence = SealEvidence {
        agent_changed: true,
        ..SealEvidence::default()
    };
    assert_eq!(
        codes(&OrgSnapshot::judge(raw_org(ACME), &evidence)),
        ["agent_changed"]
    );
}

#[test]
fn a_narrower_range_unseals_unless_what_is_missing_is_gone() {
    let baseline = judge(raw_org(ACME)).range().clone();
    let raw = raw_org("1 Acme\n  2 Sales\n    - an An");
    let narrower = OrgSnapshot::judge(
        raw.clone(),
        &SealEvidence {
            baseline: Some(&baseline),
            ..SealEvidence::default()
        },
    );
    assert_eq!(codes(&narrower), ["range_narrower"]);
    let gone = SealEvidence {
        baseline: Some(&baseline),
        gone_departments: [DepartmentId(3)].into(),
        ..SealEvidence::default()
    };
    assert!(OrgSnapshot::judge(raw, &gone).is_sealed());
    let wider = raw_org(&(ACME.to_owned() + "  4 Law\n    - di Di\n"));
    let evidence = SealEvidence {
        baseline: Some(&baseline),
        ..SealEvidence::default()
    };
    assert!(OrgSnapshot::judge(wider, &evidence).is_sealed());
}

/// Departments 2 and 3 of the company, then 2 alone, as an app without the root sees them.
fn narrowed() -> (org_model::ExpandedRange, org_model::RawOrg) {
    let seeing = |departments: &[u32]| {
        let mut raw = raw_org("2 Sales\n  - an An\n3 Law\n  - bo Bo");
        raw.departments.retain(|d| departments.contains(&d.id.0));
        raw.members
            .retain(|m| m.listed_in.is_none_or(|id| departments.contains(&id.0)));
        for range in [&mut raw.range_before, &mut raw.range_after] {
            *range = Some(VisibleRange {
                departments: departments.iter().copied().map(DepartmentId).collect(),
                ..VisibleRange::default()
            });
        }
        raw
    };
    (judge(seeing(&[2, 3])).range().clone(), seeing(&[2]))
}

#[test]
fn a_narrower_range_stands_for_a_person_to_accept_if_nothing_else_speaks_against_it() {
    let (baseline, raw) = narrowed();
    let narrower = |raw: &org_model::RawOrg, agent_changed, range_accepted| {
        let evidence = SealEvidence {
            baseline: Some(&baseline),
            agent_changed,
            range_accepted,
            ..SealEvidence::default()
        };
        OrgSnapshot::judge(raw.clone(), &evidence)
    };
    let seen = narrower(&raw, false, false);
    let lacks = seen.standing_narrowing().unwrap();
    assert_eq!(lacks.departments, [DepartmentId(3)].into());
    let by_another_app = narrower(&raw, true, false);
    assert_eq!(codes(&by_another_app), ["range_narrower", "agent_changed"]);
    assert!(by_another_app.standing_narrowing().is_some());
    assert!(narrower(&raw, true, true).is_sealed(), "a person's word");
    let mut unanswered = raw.clone();
    unanswered.gaps.push(org_model::Gap {
        what: org_model::GapPlace::DepartmentTree,
        cause: org_model::GapCause::NoAnswer,
    });
    assert!(
        narrower(&unanswered, false, false)
            .standing_narrowing()
            .is_none()
    );
    assert!(
        !narrower(&unanswered, true, true).is_sealed(),
        "accepted, and not read"
    );
    let mut misnamed = raw.clone();
    misnamed.scope_missing.insert(DepartmentId(9));
    assert!(
        narrower(&misnamed, false, false)
            .standing_narrowing()
            .is_none()
    );
    assert_eq!(codes(&narrower(&misnamed, false, true)), ["scope_missing"]);
}

#[test]
fn another_app_that_sees_no_less_is_taken_over_at_once() {
    let (baseline, _) = narrowed();
    let evidence = SealEvidence {
        baseline: Some(&baseline),
        agent_changed: true,
        ..SealEvidence::default()
    };
    let wider = raw_org("1 Acme\n  2 Sales\n    - an An\n  3 Law\n    - bo Bo");
    assert!(OrgSnapshot::judge(wider, &evidence).is_sealed());
}

#[test]
fn where_the_whole_company_is_visible_a_missing_department_is_no_range_to_accept() {
    let baseline = judge(raw_org(ACME)).range().clone();
    let evidence = SealEvidence {
        baseline: Some(&baseline),
        range_accepted: true,
        ..SealEvidence::default()
    };
    let short = OrgSnapshot::judge(raw_org("1 Acme\n  2 Sales\n    - an An"), &evidence);
    assert_eq!(codes(&short), ["range_narrower"]);
    assert!(short.standing_narrowing().is_none());
}

#[test]
fn a_tag_that_loses_its_members_unseals_unless_they_are_gone() {
    let with_tag = |members: &[&str]| {
        let mut raw = raw_org(ACME);
        for range in [&mut raw.range_before, &mut raw.range_after] {
            let range = range.get_or_insert_default();
            range.departments = [DepartmentId(2), DepartmentId(3)].into();
            range.tags.insert(TagId(7));
        }
        let members = members.iter().map(|id| UserId::new(*id)).collect();
        raw.tag_members.push((TagId(7), members));
        raw
    };
    let baseline = judge(with_tag(&["an", "bo"])).range().clone();
    let judged = |gone_users: BTreeSet<UserKey>| {
        let evidence = SealEvidence {
            baseline: Some(&baseline),
            gone_users,
            ..SealEvidence::default()
        };
        OrgSnapshot::judge(with_tag(&["AN"]), &evidence)
    };
    assert_eq!(codes(&judged(BTreeSet::new())), ["range_narrower"]);
    assert!(judged([key("bo")].into()).is_sealed());
}

#[test]
fn a_tag_or_a_single_member_that_leaves_the_range_unseals() {
    let with = |tags: &[u32], users: &[&str]| {
        let mut raw = raw_org(ACME);
        for range in [&mut raw.range_before, &mut raw.range_after] {
            let range = range.get_or_insert_default();
            range.departments = [DepartmentId(2), DepartmentId(3)].into();
            range.tags = tags.iter().copied().map(TagId).collect();
            range.users = users.iter().map(|id| key(id)).collect();
        }
        raw
    };
    let baseline = judge(with(&[7], &["an"])).range().clone();
    let judged = |raw, gone_users: &[&str]| {
        let evidence = SealEvidence {
            baseline: Some(&baseline),
            gone_users: gone_users.iter().map(|id| key(id)).collect(),
            ..SealEvidence::default()
        };
        OrgSnapshot::judge(raw, &evidence)
    };
    assert!(judged(with(&[7, 8], &["an", "bo"]), &[]).is_sealed());
    assert_eq!(codes(&judged(with(&[], &["an"]), &[])), ["range_narrower"]);
    assert_eq!(codes(&judged(with(&[7], &[]), &[])), ["range_narrower"]);
    assert!(judged(with(&[7], &[]), &["an"]).is_sealed());
}

#[test]
fn where_the_whole_company_is_visible_tags_and_single_members_add_nothing() {
    let mut raw = raw_org(ACME);
    for range in [&mut raw.range_before, &mut raw.range_after] {
        let range = range.get_or_insert_default();
        range.tags.insert(TagId(7));
        range.users.insert(key("an"));
    }
    raw.tag_members.push((TagId(7), vec![UserId::new("bo")]));
    let baseline = judge(raw).range().clone();
    let evidence = SealEvidence {
        baseline: Some(&baseline),
        ..SealEvidence::default()
    };
    assert!(OrgSnapshot::judge(raw_org(ACME), &evidence).is_sealed());
}

#[test]
fn a_lost_root_unseals_even_if_every_department_is_there() {
    let baseline = judge(raw_org(ACME)).range().clone();
    let mut raw = raw_org(ACME);
    let parts: BTreeSet<DepartmentId> = [2, 3].map(DepartmentId).into();
    for range in [&mut raw.range_before, &mut raw.range_after] {
        *range = Some(VisibleRange {
            departments: parts.clone(),
            ..VisibleRange::default()
        });
    }
    let evidence = SealEvidence {
        baseline: Some(&baseline),
        ..SealEvidence::default()
    };
    let snapshot = OrgSnapshot::judge(raw, &evidence);
    assert_eq!(codes(&snapshot), ["range_narrower"]);
    assert!(!snapshot.sees_whole_company());
}

#[test]
fn settings_that_leave_departments_out_do_not_see_the_whole_company() {
    let mut raw = raw_org(ACME);
    raw.scoped = true;
    let snapshot = judge(raw);
    assert!(snapshot.is_sealed() && !snapshot.sees_whole_company());
}

#[test]
fn two_spellings_of_one_userid_unseal_and_neither_is_taken() {
    let snapshot = judge(raw_org("1 Acme\n  - an An\n  - AN Other\n  - bo Bo"));
    assert_eq!(codes(&snapshot), ["case_twins"]);
    assert_eq!(snapshot.members().len(), 1);
}

#[test]
fn a_person_who_moved_while_we_read_unseals_and_keeps_both_places() {
    let mut raw = raw_org(ACME);
    listing(&mut raw, "an", 3).memberships = Some(member_in(3));
    let snapshot = judge(raw);
    assert_eq!(codes(&snapshot), ["changed_while_reading"]);
    assert_eq!(departments_of(&snapshot, "an"), [2, 3]);
}

#[test]
fn of_two_records_that_differ_in_leadership_the_leader_stays() {
    let mut raw = raw_org(ACME);
    for membership in listing(&mut raw, "an", 3).memberships.iter_mut().flatten() {
        membership.leader = false;
    }
    let snapshot = judge(raw);
    assert_eq!(codes(&snapshot), ["changed_while_reading"]);
    let memberships = snapshot.members()[&key("an")].memberships.iter().flatten();
    let led = memberships.filter(|m| m.leader).map(|m| m.department.0);
    assert_eq!(led.collect::<Vec<_>>(), [2]);
}

#[test]
fn the_same_departments_in_another_order_are_no_contradiction() {
    let mut raw = raw_org(ACME);
    let listed = listing(&mut raw, "an", 3);
    listed.memberships.get_or_insert_default().reverse();
    assert!(judge(raw).is_sealed());
}

#[test]
fn records_without_a_department_field_add_up() {
    let mut raw = raw_org(ACME);
    for member in &mut raw.members {
        member.memberships = None;
    }
    let snapshot = judge(raw);
    assert!(snapshot.is_sealed());
    assert_eq!(departments_of(&snapshot, "an"), [2, 3]);
    assert_eq!(departments_of(&snapshot, "cy"), [3]);
}

#[test]
fn a_record_without_the_field_that_stands_elsewhere_than_the_others_say_unseals() {
    let mut raw = raw_org(ACME);
    listing(&mut raw, "an", 2).memberships = Some(member_in(2));
    listing(&mut raw, "an", 3).memberships = None;
    assert_eq!(codes(&judge(raw)), ["changed_while_reading"]);
}

#[test]
fn a_department_that_the_tree_does_not_have_unseals_where_all_is_visible() {
    let mut raw = raw_org(ACME);
    listing(&mut raw, "cy", 3).memberships = Some([member_in(3), member_in(9)].concat());
    listing(&mut raw, "cy", 3).main_department = Some(DepartmentId(9));
    let snapshot = judge(raw.clone());
    assert_eq!(codes(&snapshot), ["department_not_listed"]);
    assert_eq!(departments_of(&snapshot, "cy"), [3]);
    assert_eq!(snapshot.members()[&key("cy")].main_department, None);
    raw.scoped = true;
    assert!(
        judge(raw).is_sealed(),
        "a scoped app sees less than people are in"
    );
}

#[test]
fn whoever_answers_by_name_is_added_and_a_new_department_unseals() {
    let mut snapshot = judge(raw_org(ACME));
    let mut found = raw_org("1 Acme\n  2 Sales\n    - di Di").members.remove(0);
    found.memberships.get_or_insert_default().reverse();
    snapshot.add_found(found.clone());
    assert!(snapshot.is_sealed());
    assert_eq!(departments_of(&snapshot, "di"), [2]);
    found.userid = UserId::new("ed");
    found.memberships = Some([member_in(9), member_in(2)].concat());
    snapshot.add_found(found);
    assert_eq!(codes(&snapshot), ["department_not_listed"]);
    assert_eq!(departments_of(&snapshot, "ed"), [2]);
}

#[test]
fn a_member_whose_departments_the_answer_does_not_tell_has_none_to_tell() {
    let mut snapshot = judge(raw_org(&(ACME.to_owned() + "- di Di; in=?\n")));
    let mut found = snapshot.members()[&key("bo")].clone();
    found.userid = UserId::new("ed");
    found.memberships = None;
    snapshot.add_found(found);
    assert!(snapshot.is_sealed());
    assert_eq!(snapshot.members()[&key("di")].memberships, None);
    assert_eq!(snapshot.members()[&key("ed")].memberships, None);
}

#[test]
fn a_seal_once_broken_stays_broken_and_remembers_a_few_reasons_of_each_kind() {
    let mut snapshot = judge(raw_org(ACME));
    for n in 0..1_000 {
        snapshot.unseal(UnsealedReason::DepartmentNotListed(DepartmentId(n)));
        snapshot.unseal(UnsealedReason::ListingsCameShort { found: 7 });
    }
    assert!(!snapshot.is_sealed());
    assert_eq!(snapshot.seal().reasons().len(), 21);
}
