//! DynamoDB expressions. Every attribute is written `#name`, so that no reserved word matters.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::Attributes;

/// What to find, what must hold, what to change; names and values belong to all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expression {
    pub key: Option<String>,
    pub filter: Option<String>,
    pub condition: Option<String>,
    pub update: Option<String>,
    names: HashMap<String, String>,
    values: Attributes,
}

impl Expression {
    pub fn key(text: &str) -> Self {
        let mut expression = Self::default();
        expression.learn_names(text);
        expression.key = Some(text.to_owned());
        expression
    }

    pub fn condition(text: &str) -> Self {
        Self::default().when(text)
    }

    pub fn update(text: &str) -> Self {
        let mut expression = Self::default();
        expression.learn_names(text);
        expression.update = Some(text.to_owned());
        expression
    }

    pub fn when(mut self, text: &str) -> Self {
        self.learn_names(text);
        self.condition = Some(text.to_owned());
        self
    }

    pub fn filtered(mut self, text: &str) -> Self {
        self.learn_names(text);
        self.filter = Some(text.to_owned());
        self
    }

    pub fn with(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// For a name that is not its own placeholder.
    pub fn naming(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    pub fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    /// The names of this expression and of another text beside it.
    pub fn names_with(&self, text: Option<&str>) -> Option<HashMap<String, String>> {
        let mut all = self.clone();
        all.learn_names(text.unwrap_or_default());
        all.names()
    }

    pub fn values(&self) -> Option<Attributes> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// A condition that fails shows what stood in its way; without one there is nothing to show.
    pub fn shows_old(&self) -> Option<ReturnValuesOnConditionCheckFailure> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        self.condition.is_some().then_some(old)
    }

    fn learn_names(&mut self, text: &str) {
        for rest in text.split('#').skip(1) {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let name = &rest[..end];
            self.names.insert(format!("#{name}"), name.to_owned());
        }
    }
}
