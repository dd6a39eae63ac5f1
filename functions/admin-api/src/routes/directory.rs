//! `/sources/{source}/users` and `/sources/{source}/departments`.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use org_model::UserStatus;
use serde::Deserialize;
use source_admin::ports::UserFilter;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::Desk;
use crate::extract::{Asks, At};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Department, DepartmentNumber, List, Person, User, UserStatusWord};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(users))
        .routes(routes!(user))
        .routes(routes!(departments))
        .routes(routes!(department_users))
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    #[param(value_type = Option<UserStatusWord>)]
    status: Option<UserStatus>,
    /// Written at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_since: Option<Timestamp>,
}

impl From<UserQuery> for UserFilter {
    fn from(asked: UserQuery) -> Self {
        Self {
            status: asked.status,
            updated_since: asked.updated_since,
            department: None,
        }
    }
}

/// People of a source
#[utoipa::path(
    get, path = "/sources/{source}/users", operation_id = "listUsers", tag = "directory",
    params(("source" = String, Path, description = "The source's name"), UserQuery, Paging),
    responses(
        (status = 200, description = "One page of people", body = List<User>),
        refusals::Listing,
    )
)]
async fn users(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(asked): Asks<UserQuery>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<User>>, Problem> {
    let page = paging.request()?;
    let users = desk.admin.users(&source, &asked.into(), &page).await?;
    Ok(Json(List::page(users)))
}

/// One person
#[utoipa::path(
    get, path = "/sources/{source}/users/{userid}", operation_id = "getUser", tag = "directory",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("userid" = String, Path, description = "The person's id in WeCom, ignoring case"),
    ),
    responses(
        (status = 200, description = "The person, and the conflict that stands", body = Person),
        refusals::Reading,
    )
)]
async fn user(
    State(desk): State<Desk>,
    At((source, userid)): At<(String, String)>,
) -> Result<Json<Person>, Problem> {
    Ok(Json(desk.admin.user(&source, &userid).await?.into()))
}

/// Departments of a source
#[utoipa::path(
    get, path = "/sources/{source}/departments", operation_id = "listDepartments",
    tag = "directory",
    params(("source" = String, Path, description = "The source's name"), Paging),
    responses(
        (status = 200, description = "One page of departments", body = List<Department>),
        refusals::Listing,
    )
)]
async fn departments(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<Department>>, Problem> {
    let page = paging.request()?;
    let departments = desk.admin.departments(&source, &page).await?;
    Ok(Json(List::page(departments)))
}

/// People of one department
///
/// Who stands in the department itself, not in those below it.
#[utoipa::path(
    get, path = "/sources/{source}/departments/{id}/users", operation_id = "listDepartmentUsers",
    tag = "directory",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("id" = DepartmentNumber, Path, description = "The department's id in WeCom"),
        UserQuery,
        Paging,
    ),
    responses(
        (status = 200, description = "One page of people", body = List<User>),
        refusals::Listing,
    )
)]
async fn department_users(
    State(desk): State<Desk>,
    At((source, id)): At<(String, String)>,
    Asks(asked): Asks<UserQuery>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<User>>, Problem> {
    let page = paging.request()?;
    let users = desk
        .admin
        .users_of_department(&source, &id, asked.into(), &page)
        .await?;
    Ok(Json(List::page(users)))
}
