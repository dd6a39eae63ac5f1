//! What a preview was asked for, judged; and how much of the answer may be shown.

use std::collections::BTreeMap;

use field_map::Mapping;
use org_model::{Intent, MappedUser, RawMember, UserId};
use secrecy::SecretString;
use serde_json::Value;
use source_settings::{SettingsProblem, SourceSettings};

use super::PersonChange;
use crate::AdminError;
use crate::body::Fields;

/// WECOM.md §3: 1 to 64 bytes.
const USERID_MAX_BYTES: usize = 64;
/// E.164 has 15 digits; room for a country code in WeCom's own spellings.
const MOBILE_MAX_CHARS: usize = 24;
const KNOWN: [&str; 4] = ["userid", "mobile", "mapping", "reveal"];

pub(super) enum Who {
    Userid(UserId),
    Mobile(SecretString),
    Sample,
}

pub(super) struct PreviewQuestion {
    pub who: Who,
    pub mapping: Mapping,
    /// The mapping that stands: the directory's values come from it.
    stored: Mapping,
    pub reveal: bool,
}

impl PreviewQuestion {
    pub fn of(body: &str, settings: &SourceSettings) -> Result<Self, AdminError> {
        let mut fields = Fields::of(body, &KNOWN)?;
        let who = read_who(&mut fields);
        let reveal = fields.flag("reveal");
        let draft = fields.value("mapping").cloned();
        let stored = settings.compiled_mapping();
        let stored = stored.map_err(|_| AdminError::SourceUnreadable)?;
        let drafted = draft
            .map(|draft| draft_mapping(draft, settings))
            .transpose();
        let mapping = match drafted {
            Ok(mapping) => mapping,
            Err(problems) => {
                fields.extend(problems);
                None
            }
        };
        let mapping = match mapping {
            Some(mapping) => mapping,
            None => settings.compiled_mapping().unwrap_or_default(),
        };
        fields.or(Self {
            who,
            mapping,
            stored,
            reveal,
        })
    }

    pub fn raw_of(&self, member: &RawMember) -> Value {
        let raw: Value = serde_json::from_str(&member.fields).unwrap_or(Value::Null);
        match self.reveal {
            true => raw,
            false => field_map::masked_record(&raw),
        }
    }

    pub fn attributes_of(&self, mapped: &MappedUser) -> BTreeMap<String, Value> {
        let mut shown = mapped.defaults.clone();
        for (attribute, intent) in &mapped.attributes {
            if let Intent::Set(value) = intent {
                shown.insert(attribute.clone(), value.clone());
            }
        }
        for (attribute, value) in &mut shown {
            self.mask(attribute, value);
        }
        shown
    }

    pub fn masked_change(&self, mut change: PersonChange) -> PersonChange {
        for row in &mut change.changes {
            let values = row.before.iter_mut().chain(row.after.iter_mut());
            for value in values {
                self.mask(&row.attribute, value);
            }
        }
        change
    }

    fn mask(&self, attribute: &str, value: &mut Value) {
        let of_fixed_part = FIXED_ROWS.contains(&attribute);
        if !self.reveal && !of_fixed_part && self.may_be_sensitive(attribute) {
            *value = field_map::masked_value(value);
        }
    }

    /// What stands in the directory came from the stored mapping, what would come from the draft.
    /// An attribute that neither names may hold anything.
    fn may_be_sensitive(&self, attribute: &str) -> bool {
        let (stored, draft) = (
            self.stored.is_sensitive(attribute),
            self.mapping.is_sensitive(attribute),
        );
        match (stored, draft) {
            (None, None) => true,
            (stored, draft) => stored == Some(true) || draft == Some(true),
        }
    }
}

/// Rows that are not attributes of a mapping.
const FIXED_ROWS: [&str; 9] = [
    "userid",
    "name",
    "departments",
    "leads",
    "order_in_departments",
    "main_department",
    "direct_leaders",
    "status",
    "detached",
];

fn read_who(fields: &mut Fields) -> Who {
    let (userid, mobile) = (fields.text("userid"), fields.text("mobile"));
    if userid.is_some() && mobile.is_some() {
        let remedy = "give one of them, or neither for a sample";
        fields.add("mobile", "both userid and mobile are given", remedy);
    }
    if userid.as_ref().is_some_and(|text| !is_userid(text)) {
        let message = "a userid has 1 to 64 bytes and no control characters";
        fields.add("userid", message, "write it as WeCom spells it");
    }
    if mobile.as_ref().is_some_and(|text| !is_mobile(text)) {
        let message = "a mobile has digits, and perhaps a plus sign, hyphens or blanks";
        fields.add("mobile", message, "write it as WeCom has it");
    }
    match (userid, mobile) {
        (Some(userid), _) => Who::Userid(UserId::new(userid)),
        (None, Some(mobile)) => Who::Mobile(SecretString::from(mobile)),
        (None, None) => Who::Sample,
    }
}

fn is_userid(text: &str) -> bool {
    (1..=USERID_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Unknown mobiles are counted against the corp (WECOM.md §3): what cannot be one is not asked.
fn is_mobile(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.chars().count() <= MOBILE_MAX_CHARS && digits >= 5 && text.chars().all(allowed)
}

/// The draft is judged as a part of the settings it is meant for, so that saving it later refuses
/// nothing that a preview took.
fn draft_mapping(draft: Value, settings: &SourceSettings) -> Result<Mapping, Vec<SettingsProblem>> {
    let unusable = |message: &str| {
        vec![crate::body::problem(
            "/mapping",
            message,
            "put the source's settings again",
        )]
    };
    let mut whole = serde_json::to_value(settings)
        .map_err(|_| unusable("the stored settings cannot be shown"))?;
    whole["mapping"] = draft;
    match SourceSettings::parse(&whole, Some(settings)) {
        Ok(parsed) => parsed
            .settings
            .compiled_mapping()
            .map_err(|_| unusable("the expressions could not be read")),
        Err(problems) => {
            let of_mapping = |problem: &SettingsProblem| {
                problem.pointer == "/mapping" || problem.pointer.starts_with("/mapping/")
            };
            let found: Vec<_> = problems.into_iter().filter(of_mapping).collect();
            match found.is_empty() {
                true => Err(unusable("the stored settings have problems of their own")),
                false => Err(found),
            }
        }
    }
}
