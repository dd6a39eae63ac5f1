//! One message of SNS that tells each protocol the same in its own way (`MessageStructure: json`).

use serde_json::{Value, json};
use sync_run::{LANGUAGES_BREAK, Notice};

/// SNS takes 262,144 bytes with attributes; 1,144 are left to the two attributes.
const MESSAGE_BYTES_MAX: usize = 261_000;
/// A text message of two parts in the alphabet that Chinese needs.
const SMS_LENGTH_MAX: usize = 140;
/// What a list of `detail` is cut to when the message would not fit.
const LIST_LENGTH_MAX: usize = 10;
/// What stands where a text was cut.
const CUT: &str = "\n[…]";
/// Who reads with a program: the notice as one JSON document.
const MACHINES: [&str; 6] = ["sqs", "lambda", "http", "https", "firehose", "application"];

/// The message as SNS is given it. `default` is what a mail carries. What is too long is cut: a
/// notice that SNS refuses would stay in the outbox for ever.
pub(super) fn message(notice: &Notice) -> String {
    let mut notice = notice.clone();
    if notice.text.is_empty() {
        // SNS takes no empty message.
        notice.text = "-".to_owned();
    }
    let whole = structure(&notice);
    if whole.len() <= MESSAGE_BYTES_MAX {
        return whole;
    }
    shorten(&mut notice.detail);
    say_cut(&mut notice.detail);
    let shorter = structure(&notice);
    if shorter.len() <= MESSAGE_BYTES_MAX {
        return shorter;
    }
    notice.detail = json!({ "cut": true });
    cut_text(notice)
}

fn structure(notice: &Notice) -> String {
    let document = json!(notice).to_string();
    let mut parts = json!({ "default": notice.text, "sms": sms(notice) });
    for protocol in MACHINES {
        parts[protocol] = document.as_str().into();
    }
    parts.to_string()
}

/// The subject, and what the Chinese half says first.
fn sms(notice: &Notice) -> String {
    let chinese = notice.text.split_once(LANGUAGES_BREAK);
    let first = chinese.and_then(|(_, chinese)| chinese.lines().next());
    let line = format!("{} {}", notice.subject, first.unwrap_or_default());
    line.trim().chars().take(SMS_LENGTH_MAX).collect()
}

fn shorten(detail: &mut Value) {
    match detail {
        Value::Array(items) => {
            items.truncate(LIST_LENGTH_MAX);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

fn say_cut(detail: &mut Value) {
    if let Value::Object(fields) = detail {
        fields.insert("cut".to_owned(), true.into());
    }
}

/// The text stands in the message once for people and once in each document. How much of it fits
/// once it is escaped is found by trying, each time with three quarters.
fn cut_text(mut notice: Notice) -> String {
    let text = std::mem::take(&mut notice.text);
    let mut room = text.len().min(MESSAGE_BYTES_MAX / (MACHINES.len() + 1));
    loop {
        let end = text.floor_char_boundary(room);
        notice.text = match end {
            end if end == text.len() => text.clone(),
            end => format!("{}{CUT}", &text[..end]),
        };
        let cut = structure(&notice);
        if cut.len() <= MESSAGE_BYTES_MAX || room == 0 {
            return cut;
        }
        room = room * 3 / 4;
    }
}

#[cfg(test)]
mod tests;
