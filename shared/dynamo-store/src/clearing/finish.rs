//! The last step of a clearance.

use sync_run::ports::StoreError;
use sync_run::{Clearance, RunLease};

use super::{STANDING, VACANT, clearance_of, is_vacant};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{no, s, yes};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Transacted};

const FINISH: &str = "finish a clearance";

/// The clearance as the worker read it, with nothing left outside the store.
fn as_it_was(change: Expression, clearance: &Clearance) -> Expression {
    change
        .when(
            "#clearing_at = :clearing_at AND #clearing_by = :clearing_by AND #remove = :remove \
             AND #outside_done = :done AND attribute_not_exists(#cleared_at)",
        )
        .with(":clearing_at", s(clearance.at.to_string()))
        .with(":clearing_by", s(clearance.by.as_str()))
        .with(":remove", if clearance.remove { yes() } else { no() })
        .with(":done", yes())
}

impl DynamoStore {
    pub(super) async fn finish_clearing(
        &self,
        lease: &RunLease,
        clearance: &Clearance,
    ) -> Result<(), StoreError> {
        let source = lease.source();
        let found = self.settings_item(FINISH, source).await?;
        if self.is_finished(found.as_ref(), clearance)? {
            return Ok(());
        }
        let stands = found.map(|item| clearance_of(source, &item)).transpose()?;
        let is_same = stands.flatten().is_some_and(|stands| {
            stands.outside_done
                && (stands.at, &stands.by, stands.remove)
                    == (clearance.at, &clearance.by, clearance.remove)
        });
        if !is_same {
            return Err(StoreError::Conflict { act: FINISH });
        }
        let actions = match clearance.remove {
            true => {
                self.still_holds(FINISH, lease).await?;
                self.clear_history(source).await?;
                self.removing(lease, clearance)
            }
            false => self.vacating(lease, clearance),
        };
        let refusals = match self.transact(FINISH, &actions).await? {
            Transacted::Done => return Ok(()),
            Transacted::Cancelled(refusals) => refusals,
        };
        // This very step, sent before? With the source its lease went as well.
        let found = self.settings_item(FINISH, source).await?;
        if self.is_finished(found.as_ref(), clearance)? {
            return Ok(());
        }
        Err(match refusals.first() {
            Some(Some(_)) => StoreError::LeaseLost { act: FINISH },
            _ => StoreError::Conflict { act: FINISH },
        })
    }

    fn is_finished(
        &self,
        found: Option<&Attributes>,
        clearance: &Clearance,
    ) -> Result<bool, StoreError> {
        let Some(item) = found else {
            return Ok(clearance.remove);
        };
        let stands = clearance_of(&clearance.source, item)?;
        let is_this =
            stands.is_some_and(|stands| (stands.at, &stands.by) == (clearance.at, &clearance.by));
        Ok(is_this && !clearance.remove && is_vacant(item))
    }

    /// The clearance stays as what is vacant. The next life of the source has a history already.
    fn vacating(&self, lease: &RunLease, clearance: &Clearance) -> Vec<Action> {
        let table = self.tables.sync.clone();
        let source = lease.source();
        let vacant = Expression::update("SET #cleared_at = :now REMOVE #unsettled")
            .with(":now", s(self.clock.now().to_string()));
        let mut entry = keys::source_entry(source).attributes();
        entry.insert(STANDING.to_owned(), s(VACANT));
        vec![
            self.lease_check(lease),
            Action::Update(
                table.clone(),
                keys::settings(source),
                as_it_was(vacant, clearance),
            ),
            Action::Put(table, entry, Expression::default()),
        ]
    }

    /// Everything that bears the source's name goes, the lease too.
    fn removing(&self, lease: &RunLease, clearance: &Clearance) -> Vec<Action> {
        let table = self.tables.sync.clone();
        let source = lease.source();
        let this = as_it_was(Expression::default(), clearance);
        let entry = keys::source_entry(source);
        vec![
            Action::Delete(table.clone(), keys::lease(source), self.holding(lease)),
            Action::Delete(table.clone(), keys::settings(source), this),
            Action::Delete(table, entry, Expression::default()),
        ]
    }
}
