//! A run's rows as a table for spreadsheets (RFC 4180).

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use crate::shapes::Row;

/// Without it, Excel takes UTF-8 for the code page of the machine.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The names of a row's fields, in order. Each page is a table of its own, with this line.
const COLUMNS: [&str; 11] = [
    "seq",
    "kind",
    "id",
    "internal_id",
    "name",
    "action",
    "result",
    "code",
    "message",
    "remedy",
    "changes",
];

/// What a spreadsheet could take for the beginning of a formula, the full-width signs of a Chinese
/// keyboard among them; they come from names and values that anybody may have chosen.
const STARTS_A_FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The table as text. `changes` is the JSON of the API in one cell; no value is an empty cell.
///
/// # Errors
/// Never while memory lasts: a vector takes every byte.
pub fn table(rows: &[Row]) -> Result<String, csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(cells(row)?.map(harmless))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).map_err(|error| std::io::Error::other(error).into())
}

fn cells(row: &Row) -> Result<[String; 11], csv::Error> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok([
        row.seq.to_string(),
        word(&row.kind)?,
        row.id.clone(),
        row.internal_id.clone(),
        row.name.clone(),
        word(&row.action)?,
        word(&row.result)?,
        text(&row.code),
        text(&row.message),
        text(&row.remedy),
        match row.changes.is_empty() {
            true => String::new(),
            false => json(&row.changes)?,
        },
    ])
}

/// A word of the API, without the quotes that JSON puts around it.
fn word(value: &impl Serialize) -> Result<String, csv::Error> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

fn json(value: &impl Serialize) -> Result<String, csv::Error> {
    serde_json::to_string(value).map_err(|error| std::io::Error::other(error).into())
}

/// An apostrophe makes a text of a cell that would be calculated.
fn harmless(cell: String) -> String {
    match cell.starts_with(STARTS_A_FORMULA) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests;
