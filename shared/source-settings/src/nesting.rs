//! How deep a body may be: deeper ones are refused before anybody looks into them.

use crate::SettingsProblem;

/// Settings have 4 levels, and the deepest body of the API, a list of entries, has 3.
pub const LEVELS_MAX: usize = 16;

const TOO_DEEP: &str = "the body is nested too deeply";

/// What is wrong with a text that has objects or lists in each other beyond [`LEVELS_MAX`] levels.
/// One pass over the bytes, whether or not they are JSON.
pub fn nesting_problem(text: &str) -> Option<SettingsProblem> {
    is_deeper(text, LEVELS_MAX).then(|| SettingsProblem {
        pointer: String::new(),
        message: TOO_DEEP.to_owned(),
        remedy: format!("use at most {LEVELS_MAX} levels"),
    })
}

impl SettingsProblem {
    /// Is it that the whole body was refused for its depth, unread?
    pub fn is_too_deep(&self) -> bool {
        self.pointer.is_empty() && self.message == TOO_DEEP
    }
}

fn is_deeper(text: &str, levels_max: usize) -> bool {
    let mut level = 0_usize;
    let mut in_text = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            // The byte behind it is no end of the text, and may be any.
            b'\\' if in_text => {
                bytes.next();
            }
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                level += 1;
                if level > levels_max {
                    return true;
                }
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
