//! What a person is shown: a run and who is kept as tables, a notice as it reads.

use std::collections::BTreeMap;

use comfy_table::Table;
use comfy_table::presets;
use serde_json::Value;
use sync_run::LANGUAGES_BREAK;

const RESULTS: [&str; 6] = ["done", "held", "kept", "failed", "skipped", "planned"];

/// Status, cost, and counts by kind and action.
pub fn of_run(run: &Value) -> String {
    let calls: u64 = run["wecom_calls"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, n)| n.as_u64())
        .sum();
    let head = format!(
        "  run {} {}  sealed: {}  agent: {}  WeCom calls: {calls}  read units: {}  write units: {}",
        text(&run["run"]),
        text(&run["status"]),
        run["sealed"],
        text(&run["agent"]),
        run["dynamodb"]["read_units"],
        run["dynamodb"]["write_units"],
    );
    let Some(counts) = run["counts"]
        .as_object()
        .filter(|counts| !counts.is_empty())
    else {
        return format!("{head}\n  no changes");
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["kind", "action"].into_iter().chain(RESULTS));
    for (kind, actions) in counts {
        for (action, results) in actions.as_object().into_iter().flatten() {
            let numbers = RESULTS.map(|result| results[result].as_u64().unwrap_or_default());
            let row = [kind.clone(), action.clone()];
            table.add_row(
                row.into_iter()
                    .chain(numbers.map(|number| number.to_string())),
            );
        }
    }
    format!("{head}\n{}", indented(&table.to_string()))
}

/// Who is kept, by the reason and by whom.
pub fn of_kept(kept: &[Value]) -> String {
    let mut counts: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for mark in kept {
        let why = (text(&mark["kind"]), text(&mark["why"]), text(&mark["by"]));
        *counts.entry(why).or_default() += 1;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["kept", "why", "by", "how many"]);
    for ((kind, why, by), count) in counts {
        table.add_row([kind, why, by, &count.to_string()]);
    }
    indented(&table.to_string())
}

/// What a notice says, in its first language, as far as the calls that decide.
pub fn of_notice(notice: &Value) -> String {
    let both = text(&notice["text"]);
    let english = both.split(LANGUAGES_BREAK).next().unwrap_or(both);
    let lines: Vec<String> = [text(&notice["subject"])]
        .into_iter()
        .chain(english.lines())
        .map(|line| format!("  | {line}"))
        .collect();
    lines.join("\n")
}

fn indented(table: &str) -> String {
    let lines: Vec<String> = table.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
