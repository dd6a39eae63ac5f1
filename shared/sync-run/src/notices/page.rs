//! The text of a notice: one page, said twice. Whatever is said is said in both languages at once,
//! so that neither can have numbers of its own.

use jiff::Timestamp;

/// Stands between the English and the Chinese half of a notice.
pub const LANGUAGES_BREAK: &str = "\n\n—\n\n";

/// A name that somebody gave is cut here: it stands in a line of a phone.
const NAME_LENGTH_MAX: usize = 40;

#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    english: Vec<String>,
    chinese: Vec<String>,
}

impl Page {
    /// The first line says what was done and what was not.
    pub fn begin(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        let mut page = Self::default();
        page.say(english, chinese);
        page
    }

    pub fn say(&mut self, english: impl Into<String>, chinese: impl Into<String>) {
        self.english.push(english.into());
        self.chinese.push(chinese.into());
    }

    /// A heading after an empty line.
    pub fn part(&mut self, english: impl Into<String>, chinese: impl Into<String>) {
        self.say("", "");
        self.say(english, chinese);
    }

    /// A call of the API, under what it is for.
    pub fn call(&mut self, english: &str, chinese: &str, call: &str) {
        self.say(format!("- {english}:"), format!("- {chinese}："));
        self.say(format!("  {call}"), format!("  {call}"));
    }

    pub fn text(&self) -> String {
        let (english, chinese) = (self.english.join("\n"), self.chinese.join("\n"));
        format!("{english}{LANGUAGES_BREAK}{chinese}")
    }
}

/// So many of them, in English: `1 person`, `2 people`.
pub(super) fn many(count: u64, one: &str, more: &str) -> String {
    let word = if count == 1 { one } else { more };
    format!("{count} {word}")
}

pub(super) fn people(count: u64) -> String {
    many(count, "person", "people")
}

pub(super) fn departments(count: u64) -> String {
    many(count, "department", "departments")
}

pub(super) fn rows(count: u64) -> String {
    many(count, "row", "rows")
}

/// A moment as a person reads it.
pub(super) fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A name that an administrator or WeCom gave, on one line and not too long.
pub(super) fn one_line(name: &str) -> String {
    let clean = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = clean.take(NAME_LENGTH_MAX).collect();
    if name.chars().count() > NAME_LENGTH_MAX {
        short.push('…');
    }
    short.trim().to_owned()
}
