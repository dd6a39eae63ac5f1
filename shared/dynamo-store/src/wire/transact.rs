//! Transactions: all or nothing, and if nothing, why.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem,
    Update,
};
use sync_run::ports::StoreError;

use super::Attributes;
use super::errors::{refused, store_error};
use super::expression::Expression;
use super::keys::Key;
use super::query::pause;
use crate::DynamoStore;

/// DynamoDB takes 100 actions in one transaction.
pub(crate) const ACTIONS_MAX: usize = 100;

/// How often a transaction is sent that met another one at the same items.
const ATTEMPTS_MAX: u32 = 6;

/// One action of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Put(String, Attributes, Expression),
    Update(String, Key, Expression),
    Delete(String, Key, Expression),
    Check(String, Key, Expression),
}

/// Why one action did not let the transaction happen.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Its condition failed; the item that stood there, if any.
    Condition(Option<Attributes>),
    /// DynamoDB will never take it.
    Invalid(String),
}

/// How a transaction ended: one entry per action if it was cancelled.
#[derive(Debug)]
pub(crate) enum Transacted {
    Done,
    Cancelled(Vec<Option<Refusal>>),
}

impl DynamoStore {
    /// Sends the actions as one transaction. What is only busy is tried again here.
    pub(crate) async fn transact(
        &self,
        act: &'static str,
        actions: &[Action],
    ) -> Result<Transacted, StoreError> {
        if actions.len() > ACTIONS_MAX {
            return Err(refused(act, "too_many_actions"));
        }
        let items = actions
            .iter()
            .map(Action::to_sdk)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| refused(act, "request_not_built"))?;
        for attempt in 1..=ATTEMPTS_MAX {
            let reasons = match self.send_transaction(act, items.clone()).await? {
                None => return Ok(Transacted::Done),
                Some(reasons) => reasons,
            };
            let refusals: Vec<_> = reasons.into_iter().map(refusal).collect();
            if refusals.iter().any(Option::is_some) {
                return Ok(Transacted::Cancelled(refusals));
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(StoreError::Unavailable {
            act,
            reason: "TransactionConflict".to_owned(),
        })
    }

    async fn send_transaction(
        &self,
        act: &'static str,
        items: Vec<TransactWriteItem>,
    ) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.meter.wrote(answer.consumed_capacity());
                Ok(None)
            }
            Err(SdkError::ServiceError(error))
                if error.err().is_transaction_canceled_exception() =>
            {
                Ok(Some(match error.into_err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        cancelled.cancellation_reasons.unwrap_or_default()
                    }
                    _ => Vec::new(),
                }))
            }
            Err(error) => Err(store_error(act, &error)),
        }
    }
}

/// What stays refused however often it is sent; a conflict or throttling does not.
fn refusal(reason: CancellationReason) -> Option<Refusal> {
    match reason.code.as_deref() {
        Some("ConditionalCheckFailed") => Some(Refusal::Condition(reason.item)),
        Some(code @ ("ValidationError" | "ItemCollectionSizeLimitExceeded")) => {
            Some(Refusal::Invalid(code.to_owned()))
        }
        _ => None,
    }
}

impl Action {
    /// `None` cannot happen: every required member is set. The builders only cannot know.
    fn to_sdk(&self) -> Option<TransactWriteItem> {
        let item = TransactWriteItem::builder();
        let item = match self {
            Self::Put(table, attributes, condition) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes.clone()))
                    .set_condition_expression(condition.condition.clone())
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .set_return_values_on_condition_check_failure(condition.shows_old())
                    .build()
                    .ok()?,
            ),
            Self::Update(table, key, change) => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key.attributes()))
                    .set_update_expression(change.update.clone())
                    .set_condition_expression(change.condition.clone())
                    .set_expression_attribute_names(change.names())
                    .set_expression_attribute_values(change.values())
                    .set_return_values_on_condition_check_failure(change.shows_old())
                    .build()
                    .ok()?,
            ),
            Self::Delete(table, key, condition) => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.attributes()))
                    .set_condition_expression(condition.condition.clone())
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .set_return_values_on_condition_check_failure(condition.shows_old())
                    .build()
                    .ok()?,
            ),
            Self::Check(table, key, condition) => {
                item.condition_check(check(table, key, condition)?)
            }
        };
        Some(item.build())
    }
}

fn check(table: &str, key: &Key, condition: &Expression) -> Option<ConditionCheck> {
    ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .set_condition_expression(condition.condition.clone())
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(condition.values())
        .set_return_values_on_condition_check_failure(condition.shows_old())
        .build()
        .ok()
}
