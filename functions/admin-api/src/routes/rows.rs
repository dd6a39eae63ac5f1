//! `/sources/{source}/runs/{run}/rows`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use org_model::ItemKind;
use org_plan::Action;
use serde::Deserialize;
use source_admin::ports::RowFilter;
use sync_run::RowResult;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::Desk;
use crate::csv::table;
use crate::extract::{Asks, At};
use crate::form::{Form, link_to_next};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{ActionWord, KindWord, List, ResultWord, Row};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(rows))
}

/// Which rows, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RowQuery {
    #[param(value_type = Option<KindWord>)]
    kind: Option<ItemKind>,
    #[param(value_type = Option<ActionWord>)]
    action: Option<Action>,
    #[param(value_type = Option<ResultWord>)]
    result: Option<RowResult>,
    /// Counts more than the header `Accept`.
    #[param(inline)]
    format: Option<Form>,
}

/// A run's rows
///
/// As JSON, or with `Accept: text/csv` or `format=csv` as a table: UTF-8 with a byte order mark,
/// one line with the names and one for each row, `changes` as JSON in one cell. No cell begins a
/// formula: an apostrophe stands before one that would. Each page is a table of its own; `Link`
/// leads to the next one.
#[utoipa::path(
    get, path = "/sources/{source}/runs/{run}/rows", operation_id = "listRows", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("run" = String, Path, description = "The run's id"),
        RowQuery,
        Paging,
    ),
    responses(
        (status = 200, description = "One page of rows",
            content((List<Row> = "application/json"), (String = "text/csv")),
            headers(("Link" = Option<String>,
                description = "The page after this one, `rel=\"next\"`; absent: there is none"))),
        refusals::ListingRows,
    )
)]
async fn rows(
    State(desk): State<Desk>,
    At((source, run)): At<(String, String)>,
    Asks(asked): Asks<RowQuery>,
    Asks(paging): Asks<Paging>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::asked_for(asked.format, &headers)?;
    let filter = RowFilter {
        kind: asked.kind,
        action: asked.action,
        result: asked.result,
    };
    let page = paging.request()?;
    let rows = desk.admin.rows(&source, &run, &filter, &page).await?;
    let link = rows
        .next
        .as_deref()
        .and_then(|next| link_to_next(&uri, next));
    let list: List<Row> = List::page(rows);
    let mut answer = match form {
        Form::Json => Json(list).into_response(),
        Form::Csv => as_table(&list.items)?,
    };
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(link) = link {
        headers.insert(header::LINK, link);
    }
    Ok(answer)
}

fn as_table(rows: &[Row]) -> Result<Response, Problem> {
    let text = table(rows).map_err(|error| {
        tracing::error!(%error, "rows could not be written as a table");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_table",
            "the rows could not be written as a table",
            "read them as application/json",
        )
    })?;
    let kind = "text/csv; charset=utf-8; header=present";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
