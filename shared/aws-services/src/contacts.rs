//! Contacts as SNS subscriptions: one per address, its filter the union of that address's sources.
//!
//! What SNS allows shapes this. A subscription that waits for its confirmation has no ARN in the
//! list: it can be neither changed nor removed, and asking again would only send another mail, so
//! it is left alone; after two days SNS forgets it and the next reconciliation asks anew. A filter
//! that changed meanwhile is put right by the first reconciliation after the confirmation. What an
//! operator subscribed by hand, without a filter of our shape, is never removed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::Subscription;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};
use sync_run::ports::SendError;

use crate::notices::SERVICE;
use crate::send_error::{refusal, send_error};
use filter::Filter;

mod filter;

const FILTER: &str = "FilterPolicy";

/// Reconciles the subscriptions of the one topic of notices.
#[derive(Clone, Debug)]
pub struct SnsContacts {
    client: Client,
    topic_arn: String,
}

/// How an address stands in the topic's list. Ordered: where one address has several entries, the
/// greatest counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It unsubscribed by itself; SNS lists it for some days.
    Gone,
    Pending,
    Confirmed {
        arn: String,
    },
}

/// An address as it is compared: SNS keeps the spelling, mail does not mind it.
type Key = String;

/// What the settings ask of one address.
struct Wanted<'a> {
    email: &'a str,
    filter: Filter,
}

impl SnsContacts {
    pub fn new(config: &SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            topic_arn: topic_arn.into(),
        }
    }

    /// Every address that is subscribed by mail.
    async fn standings(&self) -> Result<BTreeMap<Key, Standing>, SendError> {
        let mut pages = self
            .client
            .list_subscriptions_by_topic()
            .topic_arn(&self.topic_arn)
            .into_paginator()
            .items()
            .send();
        let mut standings = BTreeMap::new();
        while let Some(listed) = pages.next().await {
            let listed = listed.map_err(|error| send_error(SERVICE, &error))?;
            if let Some((key, standing)) = standing(&listed) {
                let known = standings.entry(key).or_insert(Standing::Gone);
                *known = standing.max(known.clone());
            }
        }
        Ok(standings)
    }

    async fn keep(&self, wanted: &Wanted<'_>, found: Option<&Standing>) -> Result<(), SendError> {
        match found {
            None | Some(Standing::Gone) => self.subscribe(wanted).await,
            Some(Standing::Pending) => Ok(()),
            Some(Standing::Confirmed { arn }) => {
                if self.filter_of(arn).await?.as_ref() == Some(&wanted.filter) {
                    return Ok(());
                }
                self.set_filter(arn, &wanted.filter).await
            }
        }
    }

    async fn subscribe(&self, wanted: &Wanted<'_>) -> Result<(), SendError> {
        self.client
            .subscribe()
            .topic_arn(&self.topic_arn)
            .protocol("email")
            .endpoint(wanted.email)
            .attributes(FILTER, wanted.filter.policy())
            .attributes("FilterPolicyScope", "MessageAttributes")
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }

    /// `None`: no filter, or none of ours.
    async fn filter_of(&self, arn: &str) -> Result<Option<Filter>, SendError> {
        let answer = self
            .client
            .get_subscription_attributes()
            .subscription_arn(arn)
            .send()
            .await
            .map_err(|error| send_error(SERVICE, &error))?;
        let attributes = answer
            .attributes()
            .ok_or_else(|| refusal(SERVICE, "a subscription without attributes"))?;
        Ok(attributes.get(FILTER).and_then(|text| Filter::parse(text)))
    }

    async fn set_filter(&self, arn: &str, filter: &Filter) -> Result<(), SendError> {
        self.client
            .set_subscription_attributes()
            .subscription_arn(arn)
            .attribute_name(FILTER)
            .attribute_value(filter.policy())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }

    /// Ends a confirmed subscription that this program made and that no source wants any more.
    async fn let_go(&self, standing: &Standing) -> Result<(), SendError> {
        let Standing::Confirmed { arn } = standing else {
            return Ok(());
        };
        if self.filter_of(arn).await?.is_none() {
            return Ok(());
        }
        self.client
            .unsubscribe()
            .subscription_arn(arn)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }
}

#[async_trait]
impl Contacts for SnsContacts {
    /// One address that SNS refuses does not keep the others waiting; the first refusal is
    /// returned when all have had their turn.
    async fn reconcile(&self, wanted: &[(String, SourceId)]) -> Result<(), SendError> {
        let wanted = by_address(wanted);
        let found = self.standings().await?;
        let mut outcome = Ok(());
        for (key, wanted) in &wanted {
            outcome = outcome.and(self.keep(wanted, found.get(key)).await);
        }
        for (key, standing) in &found {
            if !wanted.contains_key(key) {
                outcome = outcome.and(self.let_go(standing).await);
            }
        }
        outcome
    }

    async fn states(&self, emails: &[String]) -> Result<Vec<(String, ContactState)>, SendError> {
        let found = self.standings().await?;
        let state = |email: &String| match found.get(&key(email)) {
            None | Some(Standing::Gone) => ContactState::Gone,
            Some(Standing::Pending) => ContactState::Pending,
            Some(Standing::Confirmed { .. }) => ContactState::Confirmed,
        };
        let pairs = emails.iter().map(|email| (email.clone(), state(email)));
        Ok(pairs.collect())
    }
}

fn key(email: &str) -> Key {
    email.to_lowercase()
}

fn by_address(wanted: &[(String, SourceId)]) -> BTreeMap<Key, Wanted<'_>> {
    let mut addresses = BTreeMap::new();
    for (email, source) in wanted {
        let address = addresses.entry(key(email)).or_insert_with(|| Wanted {
            email,
            filter: Filter::default(),
        });
        address.filter.sources.insert(source.clone());
    }
    addresses
}

fn standing(listed: &Subscription) -> Option<(Key, Standing)> {
    if listed.protocol() != Some("email") {
        return None;
    }
    let standing = match listed.subscription_arn()? {
        "PendingConfirmation" => Standing::Pending,
        arn if arn.starts_with("arn:") => Standing::Confirmed {
            arn: arn.to_owned(),
        },
        // "Deleted".
        _ => Standing::Gone,
    };
    Some((key(listed.endpoint()?), standing))
}
