//! The log: one JSON object a line, each naming its function.
//!
//! Third parties are heard from `warn` upwards whatever is asked for. Below it, HTTP clients write
//! whole URLs, and WeCom's carry the access token in their query (WECOM.md §2).

use std::fmt;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

/// Where the level is looked for, in this order: `error`, `warn`, `info`, `debug` or `trace`.
pub const LOG_VARIABLES: [&str; 2] = ["WECOM_SYNC_LOG", "RUST_LOG"];

/// The rooms of this house. Whoever is not named here is a third party.
const OWN_ROOMS: [&str; 14] = [
    "admin_api",
    "aws_services",
    "dynamo_store",
    "field_map",
    "lambda_boot",
    "local",
    "org_model",
    "org_plan",
    "source_admin",
    "source_settings",
    "sync_org",
    "sync_run",
    "wecom_client",
    "wecom_sync",
];

/// Starts the log of this process on its standard output. A level that nobody understands is no
/// reason not to run: the log says so and goes on at `info`.
pub fn init_logging(
    function: &'static str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<(), SetGlobalDefaultError> {
    let (level, misunderstood) = level(lookup);
    tracing::subscriber::set_global_default(subscriber(function, level, std::io::stdout))?;
    if let Some(variable) = misunderstood {
        tracing::warn!(variable, "the log level is not one; logging at info");
    }
    Ok(())
}

/// What [`init_logging`] starts, for any writer.
pub fn subscriber<W>(
    function: &'static str,
    level: LevelFilter,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(NamedLines::new(function))
        .with_writer(writer)
        .with_filter(filter(level));
    tracing_subscriber::registry().with(lines)
}

/// `level` for the rooms of this house, and never more than `warn` for anybody else.
pub fn filter(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(OWN_ROOMS.map(|room| (room, level)))
}

/// The level that was asked for; and the variable whose value is not a level.
fn level(lookup: impl Fn(&str) -> Option<String>) -> (LevelFilter, Option<&'static str>) {
    let given = |variable: &'static str| lookup(variable).map(|value| (variable, value));
    let Some((variable, value)) = LOG_VARIABLES.into_iter().find_map(given) else {
        return (LevelFilter::INFO, None);
    };
    match value.to_ascii_lowercase().as_str() {
        "error" => (LevelFilter::ERROR, None),
        "warn" => (LevelFilter::WARN, None),
        "info" => (LevelFilter::INFO, None),
        "debug" => (LevelFilter::DEBUG, None),
        "trace" => (LevelFilter::TRACE, None),
        _ => (LevelFilter::INFO, Some(variable)),
    }
}

/// JSON lines that begin with the function's name. A span could carry it too, but not onto the
/// other threads and tasks of the process.
struct NamedLines {
    /// The line's first field, with its comma.
    opening: String,
    lines: Format<Json>,
}

impl NamedLines {
    fn new(function: &'static str) -> Self {
        Self {
            // A function's name is plain ASCII: Rust's quotes are JSON's.
            opening: format!("{{\"function\":{function:?},"),
            lines: Format::default()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(true),
        }
    }
}

impl<S, N> FormatEvent<S, N> for NamedLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.lines
            .format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{}{rest}", self.opening),
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests;
