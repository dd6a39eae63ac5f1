//! Single values in the document, with the bounds that they are judged by.
#![expect(dead_code, reason = "only their schemas are used")]

use utoipa::ToSchema;

/// The name of an agent: 1 to 40 of a-z, 0-9 and hyphens.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
pub struct AgentName(String);

/// The id of a department in WeCom.
#[derive(ToSchema)]
#[schema(value_type = u32, minimum = 1, maximum = 2147483647)]
pub struct DepartmentNumber(u32);
