//! The organisation: generated from a seed, kept as overrides of what the seed gives, indexed by
//! department. A million people cost a few bytes each until they are changed.

mod churn;
mod generate;
#[rustfmt::skip]
mod names;
mod people;
mod plant;
mod range;
mod staff;
mod state;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(crate) use range::{Range, Tag};
pub(crate) use state::Org;

/// The root department, which always exists.
pub const ROOT: u32 = 1;

/// A person's number: what the seed knows them by; their userid may change, this does not.
pub(crate) type PersonNo = u32;

/// A seat in a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    pub department: u32,
    /// A `uint32`: some values do not fit an `i32`.
    pub order: u32,
    pub leader: bool,
}

/// An item of `extattr`, in the three spellings in circulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    Text {
        name: String,
        value: String,
    },
    Web {
        name: String,
        url: String,
        title: String,
    },
    Legacy {
        name: String,
        value: String,
    },
}

/// Everything WeCom knows about one person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub userid: String,
    pub name: String,
    pub posts: Vec<Post>,
    pub main_department: Option<u32>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: u8,
    pub direct_leaders: Vec<PersonNo>,
    pub position: String,
    pub mobile: String,
    pub gender: String,
    pub email: String,
    pub biz_mail: String,
    pub telephone: String,
    pub alias: String,
    pub address: String,
    pub avatar: String,
    pub qr_code: String,
    pub external_position: String,
    pub attributes: Vec<Attribute>,
    /// Fields of the body replaced as they are (`None`: left out), whatever their type.
    pub patches: BTreeMap<String, Option<Value>>,
}

/// A department with the index of its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Department {
    pub id: u32,
    pub name: String,
    pub name_en: Option<String>,
    pub parent: u32,
    pub order: u32,
    pub people: BTreeSet<PersonNo>,
    pub leaders: BTreeSet<PersonNo>,
}
