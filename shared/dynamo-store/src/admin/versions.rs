//! Settings with a version, one item each: agents and login apps. Written as an update, so that
//! what stands beside the settings (who names an agent, its last check) stays.

use source_admin::ports::{Author, Expected};
use source_settings::SecretRef;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{n, s};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys::Key;

/// One change of such settings.
pub(super) struct Versioned<'a> {
    pub act: &'static str,
    pub key: Key,
    /// The settings as JSON.
    pub text: String,
    pub secret: Option<&'a SecretRef>,
    pub expected: Expected,
    pub author: &'a Author,
}

impl Versioned<'_> {
    fn next_version(&self) -> u64 {
        match self.expected {
            Expected::Absent => 1,
            Expected::Version(version) => version + 1,
        }
    }

    /// The item as it will stand, without what others keep in it.
    fn attributes(&self) -> Attributes {
        let mut item = self.key.attributes();
        item.insert("settings".to_owned(), s(self.text.as_str()));
        item.insert("version".to_owned(), n(self.next_version()));
        item.insert("updated_at".to_owned(), s(self.author.at.to_string()));
        item.insert("updated_by".to_owned(), s(self.author.by.as_str()));
        if let Some(secret) = self.secret {
            item.insert("secret_arn".to_owned(), s(secret.arn.as_str()));
            item.insert("secret_version".to_owned(), s(secret.version.as_str()));
        }
        item
    }

    fn change(&self) -> Expression {
        let mut text = "SET #settings = :settings, #version = :version, \
                        #updated_at = :updated_at, #updated_by = :updated_by"
            .to_owned();
        text.push_str(match self.secret {
            Some(_) => ", #secret_arn = :secret_arn, #secret_version = :secret_version",
            None => " REMOVE #secret_arn, #secret_version",
        });
        let mut values = self.attributes();
        values.retain(|name, _| !matches!(name.as_str(), "pk" | "sk"));
        let change = values
            .into_iter()
            .fold(Expression::update(&text), |change, (name, value)| {
                change.with(&format!(":{name}"), value)
            });
        match self.expected {
            Expected::Absent => change.when("attribute_not_exists(#pk)"),
            Expected::Version(version) => change
                .when("#version = :expected")
                .with(":expected", n(version)),
        }
    }

    /// What stands there is this very change, sent before: its next version, by the same hand at
    /// the same moment, with the same content.
    fn stands_in(&self, found: &Attributes) -> bool {
        let wanted = self.attributes();
        let told = ["version", "updated_at", "updated_by", "settings"];
        told.iter()
            .all(|name| wanted.get(*name) == found.get(*name))
    }
}

impl DynamoStore {
    /// The item as it was written; a conflict if another version stands there.
    pub(super) async fn put_versioned(
        &self,
        change: &Versioned<'_>,
    ) -> Result<Attributes, StoreError> {
        let act = change.act;
        let written = self
            .update(act, &self.tables.sync, &change.key, change.change())
            .await?;
        match written {
            Written::Refused(Some(found)) if change.stands_in(&found) => Ok(change.attributes()),
            Written::Refused(_) => Err(StoreError::Conflict { act }),
            Written::Done => Ok(change.attributes()),
        }
    }
}
