//! A run as a table.

use comfy_table::Table;
use comfy_table::presets;
use serde_json::Value;

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
    let indented: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    format!("{head}\n{}", indented.join("\n"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
