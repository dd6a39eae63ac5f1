//! What WeCom's refusals mean, in the administrator's language.
//!
//! The code of a failure, and where it matters WeCom's error number, choose the sentences; the only
//! values that stand in them are that number and the address to trust.

mod answers;
mod missing;
mod road;
#[cfg(test)]
mod tests;

use crate::ports::CheckFailure;

use answers::ANSWERS;
pub use missing::missing_words;
use road::ROAD;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// What happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub cause: String,
    pub remedy: String,
}

/// One failure in one language: cause and remedy.
type Sentences = (&'static str, &'static str);

/// The words for one code; `errcode`: only for this number of WeCom's.
struct Entry {
    code: &'static str,
    errcode: Option<i64>,
    english: Sentences,
    chinese: Sentences,
}

const fn entry(code: &'static str, english: Sentences, chinese: Sentences) -> Entry {
    Entry {
        code,
        errcode: None,
        english,
        chinese,
    }
}

const fn number(errcode: i64, code: &'static str, english: Sentences, chinese: Sentences) -> Entry {
    Entry {
        errcode: Some(errcode),
        ..entry(code, english, chinese)
    }
}

fn table() -> impl Iterator<Item = &'static Entry> + Clone {
    ROAD.iter().chain(ANSWERS)
}

/// Every code that has words.
pub fn worded_codes() -> impl Iterator<Item = &'static str> {
    let plain = table().filter(|entry| entry.errcode.is_none());
    plain.map(|entry| entry.code)
}

/// The words for a failure. A code that has none keeps the English sentences it came with.
pub fn words(failure: &CheckFailure, language: Language) -> Words {
    let Some(entry) = entry_for(failure.code, failure.errcode) else {
        return Words {
            cause: failure.message.clone(),
            remedy: failure.remedy_text.clone(),
        };
    };
    let (cause, remedy) = match language {
        Language::English => entry.english,
        Language::Chinese => entry.chinese,
    };
    Words {
        cause: filled(cause, failure, language),
        remedy: filled(remedy, failure, language),
    }
}

fn entry_for(code: &str, errcode: Option<i64>) -> Option<&'static Entry> {
    let mut here = table().filter(|entry| entry.code == code);
    let exact = here
        .clone()
        .find(|entry| entry.errcode.is_some() && entry.errcode == errcode);
    exact.or_else(|| here.find(|entry| entry.errcode.is_none()))
}

fn filled(sentence: &str, failure: &CheckFailure, language: Language) -> String {
    // Several agents may be untrusted, each with its address.
    let named: Vec<String> = failure.ips.iter().map(ToString::to_string).collect();
    let address = match (named.is_empty(), language) {
        (true, Language::English) => "the fixed public address of the agent".to_owned(),
        (true, Language::Chinese) => "代理的固定公网地址".to_owned(),
        (false, Language::English) => named.join(", "),
        (false, Language::Chinese) => named.join("、"),
    };
    let sentence = sentence.replace("{address}", &address);
    match failure.errcode {
        Some(errcode) => sentence.replace("{errcode}", &errcode.to_string()),
        None => sentence
            .replace(" ({errcode})", "")
            .replace("（{errcode}）", ""),
    }
}
