//! Why a field is missing, in the administrator's language.

use field_map::{FieldExplanation, MissingCause};

use super::{Language, Words};

/// The words for what a mapping explains. English is the mapping's own.
pub fn missing_words(missing: &FieldExplanation, language: Language) -> Words {
    match language {
        Language::English => Words {
            cause: missing.message.clone(),
            remedy: missing.remedy.clone().unwrap_or_default(),
        },
        Language::Chinese => chinese(missing),
    }
}

fn chinese(missing: &FieldExplanation) -> Words {
    let fields = missing.fields.join("、");
    let (cause, remedy) = match missing.cause {
        MissingCause::NotMapped => (
            format!("企业微信返回了 {fields}，但没有属性使用它"),
            "如需要，请在字段映射中添加一个属性",
        ),
        MissingCause::NoRight => (
            format!("企业微信不向该应用返回 {fields}"),
            "2022 年 6 月 20 日 20:00 之后创建的应用不再返回该字段：请使用更早的应用，或改用自定义字段",
        ),
        MissingCause::OutOfRange => (
            format!("{fields} 超出了该应用的可见范围"),
            "请在企业微信管理后台扩大该应用的可见范围",
        ),
        MissingCause::Empty if fields.is_empty() => ("表达式的结果为空".to_owned(), ""),
        MissingCause::Empty => (format!("该成员在企业微信中没有填写 {fields}"), ""),
        MissingCause::ExpressionFailed => (
            match missing.failed_at {
                Some(place) => format!("表达式在第 {} 行第 {} 列出错", place.line, place.column),
                None => "表达式出错，没有得到目录可以保存的值".to_owned(),
            },
            "请让表达式返回文本、数字、true/false，或它们的列表",
        ),
    };
    Words {
        cause,
        remedy: remedy.to_owned(),
    }
}
