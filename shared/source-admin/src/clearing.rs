//! Replacing and deleting a source.
//!
//! One transaction puts a clearance in the place of the settings; everything after it is repeatable
//! and done again by repeating the call: schedule, subscriptions and secrets from here, people and
//! logs by the worker that is started at the end. Races: (a) a run is claimed between the look and
//! the transaction: the transaction looks itself. (b) The worker ends before the world outside is
//! settled: it does not, it waits for that. (c) The function dies anywhere: what is left stands
//! beside the clearance, and housekeeping starts the worker.

use org_model::SourceId;
use source_settings::{SettingsProblem, parse_source_id};
use sync_run::Clearance;

use crate::ports::{ClearStart, Expected, KeptSource, SourceStanding, Unsettled};
use crate::settle::unsettled_warnings;
use crate::sources::secret_of;
use crate::{Admin, AdminError, Precondition, Warning};

/// A source that is being cleared, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearanceView {
    pub clearance: Clearance,
    /// Everything is done: it can be set up anew.
    pub vacant: bool,
    pub warnings: Vec<Warning>,
}

impl Admin {
    /// Clears settings, schedule, contacts and logs; the people stay, detached. `repeated` must be
    /// the source's own id, so that nobody does this by mistake.
    pub async fn replace_source(
        &self,
        id: &str,
        repeated: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<ClearanceView, AdminError> {
        let (source, standing) = self.placed(id).await?;
        if repeated != id {
            return Err(not_repeated());
        }
        let clearance = match standing {
            SourceStanding::Settled => {
                let remove = false;
                self.begin_clearing(&source, remove, precondition, by)
                    .await?
            }
            SourceStanding::Clearing(clearance) if clearance.remove => {
                let left = self.left_to_clear(&clearance).await?;
                return Err(AdminError::BeingCleared(clearance, left));
            }
            SourceStanding::Clearing(clearance) => clearance,
            SourceStanding::Vacant(clearance) => {
                return Ok(ClearanceView {
                    clearance,
                    vacant: true,
                    warnings: Vec::new(),
                });
            }
            SourceStanding::Unknown => return Err(no_such_source(id)),
        };
        self.go_on_clearing(clearance).await
    }

    /// As replacing, and then nothing of the source is left but its detached people.
    pub async fn delete_source(
        &self,
        id: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<ClearanceView, AdminError> {
        let (source, standing) = self.placed(id).await?;
        let clearance = match standing {
            SourceStanding::Settled => {
                let remove = true;
                self.begin_clearing(&source, remove, precondition, by)
                    .await?
            }
            SourceStanding::Clearing(mut clearance) | SourceStanding::Vacant(mut clearance) => {
                if !clearance.remove {
                    self.ports.clearings.remove_cleared(&source).await?;
                    clearance.remove = true;
                }
                clearance
            }
            SourceStanding::Unknown => return Err(no_such_source(id)),
        };
        self.go_on_clearing(clearance).await
    }

    /// Every source without settings of which something is left, with what is still to do.
    pub async fn cleared_sources(&self) -> Result<Vec<ClearanceView>, AdminError> {
        let clearings = &self.ports.clearings;
        let mut views = Vec::new();
        for Clearance { source, .. } in clearings.cleared_sources().await? {
            let (clearance, vacant) = match clearings.standing_of(&source).await? {
                SourceStanding::Clearing(clearance) => (clearance, false),
                SourceStanding::Vacant(clearance) => (clearance, true),
                // Gone between the two looks, or set up anew.
                SourceStanding::Unknown | SourceStanding::Settled => continue,
            };
            let warnings = self.left_to_clear(&clearance).await?;
            views.push(ClearanceView {
                clearance,
                vacant,
                warnings,
            });
        }
        Ok(views)
    }

    async fn placed(&self, id: &str) -> Result<(SourceId, SourceStanding), AdminError> {
        let source = parse_source_id(id).map_err(|_| no_such_source(id))?;
        let standing = self.ports.clearings.standing_of(&source).await?;
        Ok((source, standing))
    }

    async fn begin_clearing(
        &self,
        source: &SourceId,
        remove: bool,
        precondition: &Precondition,
        by: &str,
    ) -> Result<Clearance, AdminError> {
        // Gone between the two looks: somebody else cleared it.
        let kept = self.ports.settings.source(source).await?;
        let kept = kept.ok_or(AdminError::Stale)?;
        let Expected::Version(version) = precondition.required(Some(kept.stored.version))? else {
            return Err(AdminError::Stale);
        };
        let unsettled = all_of(&kept);
        let author = self.author(by);
        let clearings = &self.ports.clearings;
        let begun = clearings
            .begin_clearing(source, version, remove, &unsettled, &author)
            .await?;
        match begun {
            ClearStart::Begun(clearance) => Ok(clearance),
            ClearStart::RunLive(run) => Err(AdminError::RunLive { run }),
            ClearStart::Stale => Err(AdminError::Stale),
        }
    }

    /// Does what is left outside the store, writes down what is still left, and starts the worker.
    async fn go_on_clearing(&self, clearance: Clearance) -> Result<ClearanceView, AdminError> {
        let source = clearance.source.clone();
        let clearings = &self.ports.clearings;
        let mut warnings = Vec::new();
        if let Some(unsettled) = clearings.clearing_unsettled(&source).await? {
            let (left, found) = self.follow(&source, None, &unsettled).await;
            warnings.extend(found.into_iter().map(Warning::in_a_clearing));
            clearings.settle_clearing(&source, &left).await?;
        }
        let started = self.ports.starter.start_clearing(&source).await;
        warnings.extend(started.err().map(|error| Warning::clearing_delayed(&error)));
        // The worker may be done by now, and the clearance of a deleted source gone with it.
        let (clearance, vacant) = match clearings.standing_of(&source).await? {
            SourceStanding::Clearing(now) => (now, false),
            SourceStanding::Vacant(now) => (now, true),
            SourceStanding::Unknown | SourceStanding::Settled => (clearance, false),
        };
        Ok(ClearanceView {
            clearance,
            vacant,
            warnings,
        })
    }

    /// What earlier calls left to do outside the store.
    pub(crate) async fn left_to_clear(
        &self,
        clearance: &Clearance,
    ) -> Result<Vec<Warning>, AdminError> {
        let clearings = &self.ports.clearings;
        let unsettled = clearings.clearing_unsettled(&clearance.source).await?;
        let left = unsettled_warnings(&unsettled.unwrap_or_default());
        Ok(left.into_iter().map(Warning::in_a_clearing).collect())
    }
}

/// Everything that settings ever asked of the world outside the store.
fn all_of(kept: &KeptSource) -> Unsettled {
    let mut secrets = kept.unsettled.secrets.clone();
    secrets.extend(secret_of(kept));
    Unsettled {
        schedule: true,
        contacts: true,
        secrets,
    }
}

fn no_such_source(id: &str) -> AdminError {
    AdminError::NotFound {
        what: "source",
        id: id.to_owned(),
    }
}

fn not_repeated() -> AdminError {
    AdminError::Invalid(vec![SettingsProblem {
        pointer: "/source".to_owned(),
        message: "this is not the name of the source in the path".to_owned(),
        remedy: "repeat the source's name, to say that exactly it is to be cleared".to_owned(),
    }])
}
