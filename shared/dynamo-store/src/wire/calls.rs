//! Single-item calls: counted, and with errors in the port's words.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures::StreamExt;
use sync_run::ports::StoreError;

use super::Attributes;
use super::errors::store_error;
use super::expression::Expression;
use super::keys::Key;
use crate::DynamoStore;

/// Deletions under way at once where many are due.
const DELETES_IN_FLIGHT: usize = 16;

/// How a conditional write ended. `Refused` carries the item that stood in its way, if any does.
#[derive(Debug)]
pub(crate) enum Written {
    Done,
    Refused(Option<Attributes>),
}

impl DynamoStore {
    /// Strongly consistent.
    pub(crate) async fn get(
        &self,
        act: &'static str,
        table: &str,
        key: &Key,
    ) -> Result<Option<Attributes>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| store_error(act, &error))?;
        self.meter.read(answer.consumed_capacity());
        Ok(answer.item)
    }

    pub(crate) async fn put(
        &self,
        act: &'static str,
        table: &str,
        item: Attributes,
        condition: Option<Expression>,
    ) -> Result<Written, StoreError> {
        let condition = condition.unwrap_or_default();
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .set_condition_expression(condition.condition.clone())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .set_return_values_on_condition_check_failure(condition.shows_old())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.meter.wrote(answer.consumed_capacity());
                Ok(Written::Done)
            }
            Err(SdkError::ServiceError(error)) if refused_put(error.err()) => {
                Ok(Written::Refused(match error.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                }))
            }
            Err(error) => Err(store_error(act, &error)),
        }
    }

    pub(crate) async fn update(
        &self,
        act: &'static str,
        table: &str,
        key: &Key,
        change: Expression,
    ) -> Result<Written, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .set_update_expression(change.update.clone())
            .set_condition_expression(change.condition.clone())
            .set_expression_attribute_names(change.names())
            .set_expression_attribute_values(change.values())
            .set_return_values_on_condition_check_failure(change.shows_old())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.meter.wrote(answer.consumed_capacity());
                Ok(Written::Done)
            }
            Err(SdkError::ServiceError(error)) if refused_update(error.err()) => {
                Ok(Written::Refused(match error.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                }))
            }
            Err(error) => Err(store_error(act, &error)),
        }
    }

    pub(crate) async fn delete(
        &self,
        act: &'static str,
        table: &str,
        key: &Key,
        condition: Expression,
    ) -> Result<Written, StoreError> {
        let answer = self
            .client
            .delete_item()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(condition.condition.clone())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .set_return_values_on_condition_check_failure(condition.shows_old())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.meter.wrote(answer.consumed_capacity());
                Ok(Written::Done)
            }
            Err(SdkError::ServiceError(error)) if refused_delete(error.err()) => {
                Ok(Written::Refused(match error.into_err() {
                    DeleteItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                }))
            }
            Err(error) => Err(store_error(act, &error)),
        }
    }
}

impl DynamoStore {
    /// Deletes whatever stands under these keys.
    pub(crate) async fn delete_all(
        &self,
        act: &'static str,
        table: &str,
        keys: &[Key],
    ) -> Result<(), StoreError> {
        let deletes: Vec<_> = keys
            .iter()
            .map(|key| self.delete(act, table, key, Expression::default()))
            .collect();
        let mut answers = futures::stream::iter(deletes).buffer_unordered(DELETES_IN_FLIGHT);
        while let Some(answer) = answers.next().await {
            let _unconditional: Written = answer?;
        }
        Ok(())
    }
}

fn refused_put(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception()
}

fn refused_update(error: &UpdateItemError) -> bool {
    error.is_conditional_check_failed_exception()
}

fn refused_delete(error: &DeleteItemError) -> bool {
    error.is_conditional_check_failed_exception()
}
