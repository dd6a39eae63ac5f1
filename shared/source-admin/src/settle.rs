//! What has to follow a change of settings outside the store: schedule, subscriptions, secrets that
//! nobody names any more.
//!
//! Wanted: in the end the world is as the settings that were committed last say, and whatever is
//! not stands in the source's `unsettled`. Races: (a) two changes at the same moment set the
//! schedule in the order in which they were *not* committed: each looks at the settings again after
//! it set the schedule, so whoever sets last sets what was committed last. (b) Likewise for the
//! subscriptions, which are made from all sources. (c) The function dies between an act and writing
//! down that it is done: the act is repeated by the next PUT, which is harmless. (d) Accepted: it
//! dies after it set the schedule and before it looked again, while another change overtook it and
//! was settled; the next change of any setting mends it.

use org_model::SourceId;
use source_settings::{Contact, Schedule, SecretRef};
use sync_run::StoredSource;
use sync_run::ports::StoreError;

use crate::ports::{KeptSource, Unsettled};
use crate::{Admin, Warning};

/// How often the world is made right again because the settings moved on meanwhile. People change
/// settings; three of them within one call are more than there are.
const OVERTAKEN_MAX: usize = 4;

impl Admin {
    /// Does what is left to do for these settings and writes down what is still left. The warnings
    /// tell what that is, and why.
    pub(crate) async fn settle(&self, kept: &KeptSource) -> Vec<Warning> {
        let KeptSource {
            stored, unsettled, ..
        } = kept;
        let schedule = Some(stored.settings.schedule.clone());
        let (left, mut warnings) = self.follow(&stored.source, schedule, unsettled).await;
        if left != *unsettled {
            let noted = self.note_left(stored, &left).await;
            warnings.extend(noted.err().map(|error| Warning::not_noted(&error)));
        }
        warnings
    }

    async fn note_left(&self, stored: &StoredSource, left: &Unsettled) -> Result<(), StoreError> {
        let store = &self.ports.settings;
        store
            .settle_source(&stored.source, stored.version, left)
            .await
    }

    /// Every act of `unsettled`, whatever becomes of the others. `schedule`: what was committed;
    /// `None`: the source has no settings any more.
    pub(crate) async fn follow(
        &self,
        source: &SourceId,
        schedule: Option<Schedule>,
        unsettled: &Unsettled,
    ) -> (Unsettled, Vec<Warning>) {
        let mut left = Unsettled::default();
        let mut warnings = Vec::new();
        if unsettled.schedule
            && let Err(reason) = self.align_schedule(source, schedule).await
        {
            left.schedule = true;
            warnings.push(Warning::schedule_not_set(&reason));
        }
        if unsettled.contacts
            && let Err(reason) = self.reconcile_contacts().await
        {
            left.contacts = true;
            warnings.push(Warning::contacts_not_reconciled(&reason));
        }
        for secret in &unsettled.secrets {
            if let Some(warning) = self.sweep(secret).await {
                left.secrets.push(secret.clone());
                warnings.push(warning);
            }
        }
        (left, warnings)
    }

    /// Race (a).
    async fn align_schedule(
        &self,
        source: &SourceId,
        committed: Option<Schedule>,
    ) -> Result<(), String> {
        let schedules = &self.ports.schedules;
        let mut wanted = committed;
        for _ in 0..OVERTAKEN_MAX {
            let set = match &wanted {
                Some(schedule) => schedules.put(source, schedule).await,
                None => schedules.remove(source).await,
            };
            set.map_err(|error| error.to_string())?;
            let now = self.ports.settings.source(source).await;
            let now = now.map_err(|error| error.to_string())?;
            let now = now.map(|kept| kept.stored.settings.schedule);
            if now == wanted {
                return Ok(());
            }
            wanted = now;
        }
        Err(OVERTAKEN.to_owned())
    }

    /// Makes all subscriptions equal to what all sources say: one endpoint may serve several. An
    /// unreadable source keeps the contacts that can be read of it. Race (b).
    async fn reconcile_contacts(&self) -> Result<(), String> {
        let mut wanted = self.wanted_contacts().await?;
        for _ in 0..OVERTAKEN_MAX {
            let done = self.ports.contacts.reconcile(&wanted).await;
            done.map_err(|error| error.to_string())?;
            let now = self.wanted_contacts().await?;
            if now == wanted {
                return Ok(());
            }
            wanted = now;
        }
        Err(OVERTAKEN.to_owned())
    }

    async fn wanted_contacts(&self) -> Result<Vec<(Contact, SourceId)>, String> {
        let sources = self.ports.settings.all_sources().await;
        let sources = sources.map_err(|error| error.to_string())?;
        let contacts_of = |KeptSource { stored, .. }: &KeptSource| {
            let contacts = stored.settings.contacts.iter().cloned();
            let source = stored.source.clone();
            contacts
                .map(move |contact| (contact, source.clone()))
                .collect::<Vec<_>>()
        };
        Ok(sources.iter().flat_map(contacts_of).collect())
    }
}

const OVERTAKEN: &str = "the settings change faster than it can follow";

/// What stood unsettled when the source was read.
pub(crate) fn unsettled_warnings(unsettled: &Unsettled) -> Vec<Warning> {
    let reason = "an earlier change did not come that far";
    let mut warnings = Vec::new();
    if unsettled.schedule {
        warnings.push(Warning::schedule_not_set(&reason));
    }
    if unsettled.contacts {
        warnings.push(Warning::contacts_not_reconciled(&reason));
    }
    let secrets = unsettled.secrets.iter();
    let unswept = |secret: &SecretRef| Warning::secret_not_swept(secret, &reason);
    warnings.extend(secrets.map(unswept));
    warnings
}
