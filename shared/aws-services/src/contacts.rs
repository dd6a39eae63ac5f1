//! Contacts as SNS subscriptions: one per endpoint, its filter the union of its sources.
//!
//! What SNS allows shapes this. A subscription that waits for its confirmation has no ARN in the
//! list: it can be neither changed nor removed, and asking again would only send another mail, so
//! it is left alone; after two days SNS forgets it and the next reconciliation asks anew. Mail
//! waits so, and a queue or function of another account; a telephone and what belongs to this
//! account is confirmed at once. A filter that changed meanwhile is put right by the first
//! reconciliation after the confirmation.
//!
//! What an operator subscribed by hand carries no filter with our mark. It is never removed, and
//! never changed unless the settings name its endpoint and its filter would keep their notices
//! back: then it is the settings' from there on, since the settings promise those notices.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::Subscription;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};
use source_settings::Contact;
use sync_run::ports::SendError;

use crate::notices::SERVICE;
use crate::send_error::{refusal, send_error};
use endpoint::Endpoint;
use filter::{Filter, Found};

mod endpoint;
mod filter;

const FILTER: &str = "FilterPolicy";
const FILTER_SCOPE: &str = "FilterPolicyScope";
const BY_ATTRIBUTES: &str = "MessageAttributes";

/// Reconciles the subscriptions of the one topic of notices.
#[derive(Clone, Debug)]
pub struct SnsContacts {
    client: Client,
    topic_arn: String,
}

/// How an endpoint stands in the topic's list, where it may have several entries.
#[derive(Debug, Default)]
struct Standing {
    waits: bool,
    /// Of its confirmed subscriptions. None, and none that waits: it unsubscribed by itself, and
    /// SNS lists it for some days.
    arns: Vec<String>,
}

/// What the settings ask of one endpoint.
struct Wanted<'a> {
    contact: &'a Contact,
    filter: Filter,
}

impl SnsContacts {
    pub fn new(config: &SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            topic_arn: topic_arn.into(),
        }
    }

    /// Every endpoint that settings could name.
    async fn standings(&self) -> Result<BTreeMap<Endpoint, Standing>, SendError> {
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
            note(&listed, &mut standings);
        }
        Ok(standings)
    }

    async fn keep(&self, wanted: &Wanted<'_>, found: Option<&Standing>) -> Result<(), SendError> {
        let Some(found) = found else {
            return self.subscribe(wanted).await;
        };
        match &found.arns[..] {
            [] if found.waits => Ok(()),
            [] => self.subscribe(wanted).await,
            [arn, others @ ..] => {
                self.fit(arn, &wanted.filter).await?;
                // Two spellings that were subscribed at once: everything would come twice.
                self.let_go(others).await
            }
        }
    }

    async fn subscribe(&self, wanted: &Wanted<'_>) -> Result<(), SendError> {
        let endpoint = Endpoint::of(wanted.contact).ok_or_else(no_endpoint)?;
        self.client
            .subscribe()
            .topic_arn(&self.topic_arn)
            .protocol(endpoint.protocol())
            .endpoint(wanted.contact.address())
            .attributes(FILTER, wanted.filter.policy())
            .attributes(FILTER_SCOPE, BY_ATTRIBUTES)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }

    /// Makes a confirmed subscription let through what is wanted.
    async fn fit(&self, arn: &str, wanted: &Filter) -> Result<(), SendError> {
        match self.filter_of(arn).await? {
            Found::Ours(filter) if filter == *wanted => Ok(()),
            Found::ByHand(Some(sources)) if wanted.is_within(&sources) => Ok(()),
            Found::Everything => Ok(()),
            Found::Ours(_) | Found::ByHand(Some(_)) => {
                self.set(arn, FILTER, &wanted.policy()).await
            }
            Found::ByHand(None) => {
                // It may judge bodies, in shapes that only bodies have: so the policy goes first.
                // Between the two calls it is nobody's, and repeating goes on from there.
                self.set(arn, FILTER, &wanted.policy()).await?;
                self.set(arn, FILTER_SCOPE, BY_ATTRIBUTES).await
            }
        }
    }

    async fn filter_of(&self, arn: &str) -> Result<Found, SendError> {
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
        let scope = attributes.get(FILTER_SCOPE).map(String::as_str);
        let policy = attributes.get(FILTER).map(String::as_str);
        Ok(match scope {
            None | Some(BY_ATTRIBUTES) => Found::read(policy),
            Some(_) => Found::ByHand(None),
        })
    }

    async fn set(&self, arn: &str, attribute: &str, value: &str) -> Result<(), SendError> {
        self.client
            .set_subscription_attributes()
            .subscription_arn(arn)
            .attribute_name(attribute)
            .attribute_value(value)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| send_error(SERVICE, &error))
    }

    /// Ends those of these confirmed subscriptions that this program made.
    async fn let_go(&self, arns: &[String]) -> Result<(), SendError> {
        let mut outcome = Ok(());
        for arn in arns {
            outcome = outcome.and(self.unsubscribe_ours(arn).await);
        }
        outcome
    }

    async fn unsubscribe_ours(&self, arn: &str) -> Result<(), SendError> {
        if !matches!(self.filter_of(arn).await?, Found::Ours(_)) {
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
    /// One endpoint that SNS refuses does not keep the others waiting; the first refusal is
    /// returned when all have had their turn.
    async fn reconcile(&self, wanted: &[(Contact, SourceId)]) -> Result<(), SendError> {
        let known = |(contact, _): &(Contact, SourceId)| Endpoint::of(contact).is_some();
        let mut outcome = match wanted.iter().all(known) {
            true => Ok(()),
            false => Err(no_endpoint()),
        };
        let wanted = by_endpoint(wanted);
        let found = self.standings().await?;
        for (endpoint, wanted) in &wanted {
            outcome = outcome.and(self.keep(wanted, found.get(endpoint)).await);
        }
        for (endpoint, standing) in &found {
            if !wanted.contains_key(endpoint) {
                outcome = outcome.and(self.let_go(&standing.arns).await);
            }
        }
        outcome
    }

    async fn states(
        &self,
        contacts: &[Contact],
    ) -> Result<Vec<(Contact, ContactState)>, SendError> {
        let found = self.standings().await?;
        let state = |contact: &Contact| {
            let standing = Endpoint::of(contact).and_then(|endpoint| found.get(&endpoint));
            match standing {
                Some(standing) if !standing.arns.is_empty() => ContactState::Confirmed,
                Some(standing) if standing.waits => ContactState::Pending,
                _ => ContactState::Gone,
            }
        };
        let pairs = contacts.iter().map(|it| (it.clone(), state(it)));
        Ok(pairs.collect())
    }
}

/// The settings refuse such an ARN; one that was stored all the same must not be lost silently.
fn no_endpoint() -> SendError {
    refusal(SERVICE, "an ARN that is no queue, function or application")
}

fn by_endpoint(wanted: &[(Contact, SourceId)]) -> BTreeMap<Endpoint, Wanted<'_>> {
    let mut endpoints = BTreeMap::new();
    for (contact, source) in wanted {
        let Some(endpoint) = Endpoint::of(contact) else {
            continue;
        };
        let wanted = endpoints.entry(endpoint).or_insert_with(|| Wanted {
            contact,
            filter: Filter::default(),
        });
        wanted.filter.add(source);
    }
    endpoints
}

fn note(listed: &Subscription, standings: &mut BTreeMap<Endpoint, Standing>) {
    let endpoint = listed
        .protocol()
        .zip(listed.endpoint())
        .and_then(|(protocol, spelling)| Endpoint::listed(protocol, spelling));
    let Some((endpoint, arn)) = endpoint.zip(listed.subscription_arn()) else {
        return;
    };
    let standing = standings.entry(endpoint).or_default();
    match arn {
        "PendingConfirmation" => standing.waits = true,
        arn if arn.starts_with("arn:") => standing.arns.push(arn.to_owned()),
        // "Deleted".
        _ => {}
    }
}
