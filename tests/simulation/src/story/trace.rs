//! What happened, line by line: the same for the same seed.

use std::fmt::Write;

pub struct Trace {
    text: String,
    aloud: bool,
}

impl Trace {
    pub fn new(aloud: bool) -> Self {
        let text = String::new();
        Self { text, aloud }
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        let line = line();
        if self.aloud {
            println!("{line}");
        }
        writeln!(self.text, "{line}").unwrap();
    }

    pub fn into_text(self) -> String {
        self.text
    }
}
