//! How this crate speaks to DynamoDB: calls, expressions, keys, packing, errors, units.

pub(crate) mod attributes;
pub(crate) mod blob;
pub(crate) mod calls;
pub(crate) mod errors;
pub(crate) mod expression;
pub(crate) mod keys;
pub(crate) mod meter;
pub(crate) mod packing;
pub(crate) mod query;
pub(crate) mod transact;

#[cfg(test)]
mod tests;

/// One item as DynamoDB has it.
pub(crate) type Attributes =
    std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;
