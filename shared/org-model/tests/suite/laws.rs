//! Laws of a reading: sound whatever was listed, the same in whatever order it was listed, and
//! sealed only if everything was read.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{
    Department, DepartmentId, DepartmentTree, Fingerprint, Gap, GapCause, GapPlace, MappedUser,
    MemberStatus, Membership, OrgSnapshot, RawDepartment, RawMember, RawOrg, SealEvidence, Untold,
    UserId, VisibleRange,
};
use proptest::prelude::*;

/// Any departments at all: cycles, orphans, several roots, one id twice.
fn departments() -> impl Strategy<Value = Vec<RawDepartment>> {
    let one = (
        1u32..8,
        prop::option::weighted(0.9, 1u32..9),
        0u64..2,
        0u32..3,
    );
    let one = one.prop_map(|(id, parent, order, leader)| RawDepartment {
        id: DepartmentId(id),
        name: format!("Team {id}"),
        parent: parent.filter(|_| id > 1).map(DepartmentId),
        order,
        leaders: (leader > 0).then(|| vec![UserId::new(format!("u{leader}"))]),
    });
    prop::collection::vec(one, 0..10)
}

fn memberships() -> impl Strategy<Value = Option<Vec<Membership>>> {
    let one = (1u32..9, 0u32..2, any::<bool>());
    let one = one.prop_map(|(department, order, leader)| Membership {
        department: DepartmentId(department),
        order,
        leader,
    });
    prop::option::of(prop::collection::vec(one, 0..4))
}

/// Any listings at all: contradicting each other in every field, case twins, without departments.
fn members() -> impl Strategy<Value = Vec<RawMember>> {
    let userid = prop::sample::select(vec!["an", "AN", "bo", "cy", "di"]);
    let status = prop::sample::select(vec![MemberStatus::Active, MemberStatus::Left]);
    let name = prop::option::of(prop::sample::select(vec!["An", "Bo"]));
    let places = (prop::option::of(1u32..9), prop::option::of(1u32..9));
    let one = (
        userid,
        name,
        memberships(),
        places,
        prop::option::of(status),
        "[ab]",
    );
    let one = one.prop_map(
        |(userid, name, memberships, (listed_in, main), status, fields)| RawMember {
            userid: UserId::new(userid),
            name: name.map(str::to_owned),
            memberships,
            listed_in: listed_in.map(DepartmentId),
            main_department: main.map(DepartmentId),
            status,
            direct_leaders: None,
            fields: fields.into(),
        },
    );
    prop::collection::vec(one, 0..8)
}

fn raw() -> impl Strategy<Value = RawOrg> {
    (departments(), members(), any::<bool>()).prop_map(|(departments, members, scoped)| {
        let range = VisibleRange {
            departments: [DepartmentId::ROOT].into(),
            ..VisibleRange::default()
        };
        RawOrg {
            departments,
            members,
            scoped,
            range_before: Some(range.clone()),
            range_after: Some(range),
            ..RawOrg::default()
        }
    })
}

fn judge(raw: RawOrg) -> OrgSnapshot {
    OrgSnapshot::judge(raw, &SealEvidence::default())
}

fn reaches_top(tree: &DepartmentTree, start: DepartmentId) -> bool {
    let mut next = Some(start);
    for _ in 0..=tree.len() {
        let Some(id) = next else { return true };
        let Some(department) = tree.get(id) else {
            return false;
        };
        next = department.parent;
    }
    false
}

proptest! {
    #[test]
    fn every_tree_is_sound_and_every_membership_is_in_it(raw in raw()) {
        let snapshot = judge(raw);
        let tree = snapshot.tree();
        prop_assert!(tree.iter().all(|one| reaches_top(tree, one.id)));
        for member in snapshot.members().values() {
            let departments: Vec<_> =
                member.memberships.iter().flatten().map(|m| m.department).collect();
            prop_assert!(departments.is_sorted_by(|one, next| one < next));
            prop_assert!(departments.iter().all(|id| tree.contains(*id)));
            prop_assert!(member.main_department.is_none_or(|id| tree.contains(id)));
        }
    }

    #[test]
    fn the_order_of_the_listing_does_not_matter(
        (raw, departments, members) in raw().prop_flat_map(|raw| {
            let departments = Just(raw.departments.clone()).prop_shuffle();
            let members = Just(raw.members.clone()).prop_shuffle();
            (Just(raw), departments, members)
        }),
    ) {
        let shuffled = judge(RawOrg { departments, members, ..raw.clone() });
        let listed = judge(raw);
        prop_assert_eq!(listed.tree(), shuffled.tree());
        prop_assert_eq!(listed.members(), shuffled.members());
        prop_assert_eq!(listed.seal(), shuffled.seal());
        prop_assert_eq!(listed.range(), shuffled.range());
    }

    #[test]
    fn a_sealed_reading_lost_nobody_and_no_department(raw in raw()) {
        let listed: BTreeSet<_> = raw.members.iter().map(|one| one.userid.key()).collect();
        let departments: BTreeSet<_> = raw.departments.iter().map(|one| one.id).collect();
        let named: BTreeMap<_, BTreeSet<DepartmentId>> = raw.members.iter().map(|one| {
            let named = one.memberships.iter().flatten().map(|m| m.department);
            (one.userid.key(), named.collect())
        }).collect();
        let snapshot = judge(raw);
        if snapshot.is_sealed() {
            prop_assert_eq!(snapshot.members().keys().cloned().collect::<BTreeSet<_>>(), listed);
            prop_assert_eq!(snapshot.tree().ids(), departments);
        }
        if snapshot.is_sealed() && snapshot.sees_whole_company() {
            for (key, named) in named {
                let held = snapshot.members()[&key].memberships.iter().flatten();
                let held: BTreeSet<_> = held.map(|m| m.department).collect();
                prop_assert!(named.is_subset(&held));
            }
        }
    }

    #[test]
    fn nothing_that_failed_leaves_a_seal(raw in raw(), department in 1u32..9) {
        let mut gap = raw.clone();
        gap.gaps.push(Gap {
            what: GapPlace::DepartmentMembers(DepartmentId(department)),
            cause: GapCause::OutOfBudget,
        });
        let mut unread = raw.clone();
        unread.range_before = None;
        let mut nobody = raw;
        nobody.members.clear();
        prop_assert!(![gap, unread, nobody].map(judge).iter().any(OrgSnapshot::is_sealed));
    }

    #[test]
    fn a_fingerprint_reads_back_and_an_unsettled_one_is_another(text in ".*") {
        let fingerprint = Fingerprint::of(&text);
        prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        prop_assert_ne!(fingerprint.unsettled(), fingerprint);
        prop_assert_ne!(fingerprint.unsettled().unsettled(), fingerprint);
    }
}

#[test]
fn a_text_that_is_not_quite_a_fingerprint_is_refused() {
    let good = "0123456789abcdef0123456789abcdef";
    assert!(good.parse::<Fingerprint>().is_ok());
    for bad in [
        "",
        "0123",
        &good.to_uppercase(),
        &good.replacen("01", "+1", 1),
        &"é".repeat(16),
    ] {
        assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
    }
}

#[test]
fn a_department_reads_like_its_record() {
    let raw = RawDepartment {
        id: DepartmentId(2),
        name: "Law".to_owned(),
        parent: Some(DepartmentId(1)),
        order: 7,
        leaders: Some(vec![UserId::new("an")]),
    };
    let one = Department::from(&raw);
    assert_eq!(one.fingerprint(), Department::from(&raw).fingerprint());
    let other = Department {
        order: 8,
        ..one.clone()
    };
    assert_ne!(one.fingerprint(), other.fingerprint());
}

/// A mirror holds fingerprints of earlier releases: another form of the same would look at, and
/// write, everybody again.
#[test]
fn the_fingerprint_of_a_person_is_the_same_in_every_release() {
    let mut bo = MappedUser {
        userid: UserId::new("bo"),
        name: Some("Bo".to_owned()),
        memberships: Some(vec![Membership {
            department: DepartmentId(2),
            order: 7,
            leader: true,
        }]),
        untold: Untold::default(),
        main_department: Some(DepartmentId(2)),
        direct_leaders: None,
        status: Some(MemberStatus::Active),
        attributes: BTreeMap::new(),
        defaults: BTreeMap::new(),
    };
    let fingerprint = bo.fingerprint();
    assert_eq!(fingerprint.to_string(), "c72d99c9a18823aec96a9370f0aba81e");
    bo.defaults.insert("title".to_owned(), "Staff".into());
    assert_ne!(bo.fingerprint(), fingerprint, "a default is asked for too");
    bo.defaults.clear();
    bo.memberships = Some(Vec::new());
    let nowhere = bo.fingerprint();
    bo.memberships = None;
    assert_ne!(bo.fingerprint(), nowhere, "not told is not nowhere");
}
