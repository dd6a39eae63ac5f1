//! The tables as template.yaml defines them: one definition for the cloud, the laptop and tests.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use serde::Deserialize;
use serde_norway::Value;

/// The template of this checkout.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

/// One table: what CreateTable needs of it. Streams are left out on purpose: the embedded database
/// makes every write O(n) where a table has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// `DirectoryTable` or `SyncTable`; also the table's name where CloudFormation names nothing.
    pub logical_id: String,
    properties: TableProperties,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    attribute_definitions: Vec<AttributeRule>,
    key_schema: Vec<KeyRule>,
    #[serde(default)]
    local_secondary_indexes: Vec<IndexRule>,
    time_to_live_specification: Option<TimeToLiveRule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeRule {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyRule {
    attribute_name: String,
    key_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexRule {
    index_name: String,
    key_schema: Vec<KeyRule>,
    projection: ProjectionRule,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProjectionRule {
    projection_type: String,
    #[serde(default)]
    non_key_attributes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLiveRule {
    attribute_name: String,
    enabled: bool,
}

/// Every `AWS::DynamoDB::Table` of a template. Pure; CloudFormation's tags elsewhere are tolerated.
///
/// # Errors
/// If the text is no YAML, has no table, or a table lacks its keys.
pub fn tables_from_template(yaml: &str) -> anyhow::Result<Vec<TableDefinition>> {
    let template: BTreeMap<String, Value> =
        serde_norway::from_str(yaml).context("the template is no YAML mapping")?;
    let resources = template.get("Resources").and_then(Value::as_mapping);
    let mut tables = Vec::new();
    for (name, resource) in resources.into_iter().flatten() {
        if resource.get("Type").and_then(Value::as_str) != Some("AWS::DynamoDB::Table") {
            continue;
        }
        let logical_id = name.as_str().unwrap_or_default().to_owned();
        let properties = resource.get("Properties").cloned().unwrap_or_default();
        let properties = serde_norway::from_value(properties)
            .with_context(|| format!("table {logical_id} is not defined completely"))?;
        tables.push(TableDefinition {
            logical_id,
            properties,
        });
    }
    if tables.is_empty() {
        bail!("the template defines no table");
    }
    Ok(tables)
}

/// Creates what is not there yet, each table under its logical id.
///
/// # Errors
/// If the database refuses a table.
pub async fn create_missing_tables(
    client: &Client,
    tables: &[TableDefinition],
) -> anyhow::Result<()> {
    for table in tables {
        table.create_missing(client).await?;
    }
    Ok(())
}

impl TableDefinition {
    /// The attribute whose time makes an item expire, if the table has one.
    pub fn expiry_attribute(&self) -> Option<&str> {
        let rule = self.properties.time_to_live_specification.as_ref()?;
        rule.enabled.then_some(rule.attribute_name.as_str())
    }

    async fn create_missing(&self, client: &Client) -> anyhow::Result<()> {
        let created = client
            .create_table()
            .table_name(&self.logical_id)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(self.attributes()?))
            .set_key_schema(Some(keys(&self.properties.key_schema)?))
            .set_local_secondary_indexes(self.indexes()?)
            .send()
            .await;
        match created {
            Ok(_) => self.switch_expiry_on(client).await,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|cause| cause.is_resource_in_use_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(error).with_context(|| format!("create table {}", self.logical_id)),
        }
    }

    async fn switch_expiry_on(&self, client: &Client) -> anyhow::Result<()> {
        let Some(attribute) = self.expiry_attribute() else {
            return Ok(());
        };
        let rule = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build()?;
        client
            .update_time_to_live()
            .table_name(&self.logical_id)
            .time_to_live_specification(rule)
            .send()
            .await
            .with_context(|| format!("let items of {} expire", self.logical_id))?;
        Ok(())
    }

    fn attributes(&self) -> anyhow::Result<Vec<AttributeDefinition>> {
        let rules = self.properties.attribute_definitions.iter();
        rules
            .map(|rule| {
                Ok(AttributeDefinition::builder()
                    .attribute_name(&rule.attribute_name)
                    .attribute_type(ScalarAttributeType::from(rule.attribute_type.as_str()))
                    .build()?)
            })
            .collect()
    }

    fn indexes(&self) -> anyhow::Result<Option<Vec<LocalSecondaryIndex>>> {
        let rules = &self.properties.local_secondary_indexes;
        let indexes: Vec<_> = rules.iter().map(index).collect::<anyhow::Result<_>>()?;
        Ok((!indexes.is_empty()).then_some(indexes))
    }
}

fn keys(rules: &[KeyRule]) -> anyhow::Result<Vec<KeySchemaElement>> {
    rules
        .iter()
        .map(|rule| {
            Ok(KeySchemaElement::builder()
                .attribute_name(&rule.attribute_name)
                .key_type(KeyType::from(rule.key_type.as_str()))
                .build()?)
        })
        .collect()
}

fn index(rule: &IndexRule) -> anyhow::Result<LocalSecondaryIndex> {
    let attributes = &rule.projection.non_key_attributes;
    let projection = Projection::builder()
        .projection_type(ProjectionType::from(
            rule.projection.projection_type.as_str(),
        ))
        .set_non_key_attributes((!attributes.is_empty()).then(|| attributes.clone()))
        .build();
    Ok(LocalSecondaryIndex::builder()
        .index_name(&rule.index_name)
        .set_key_schema(Some(keys(&rule.key_schema)?))
        .projection(projection)
        .build()?)
}
