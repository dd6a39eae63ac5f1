//! Why a field is missing, in the administrator's language.

use field_map::{FailureReason, FieldExplanation, MissingCause};

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
        MissingCause::ExpressionFailed => failure(missing),
    };
    let default = match missing.has_default {
        true => "；目录中没有值时使用默认值",
        false => "",
    };
    Words {
        cause: cause + default,
        remedy: remedy.to_owned(),
    }
}

fn failure(missing: &FieldExplanation) -> (String, &'static str) {
    let reason = missing.failed_because.unwrap_or(FailureReason::NoValue);
    let (why, remedy) = match reason {
        FailureReason::NoValue => (
            "结果不是目录可以保存的值",
            "请让表达式返回文本、数字、true/false，或它们的列表；extattr 等对象需要指定键",
        ),
        FailureReason::TooLarge => (
            "字段过大，不能参与计算（超过 2,048 字节或 100 项）",
            "请让规则只写这一个字段（此时允许更大的值），或改用其他字段",
        ),
        FailureReason::DividedByZero => ("除数为零", GUARD),
        FailureReason::Overflow => ("数值过大", GUARD),
        FailureReason::NotComputable => ("无法用该值计算", GUARD),
        FailureReason::NoSuchKey => ("其中没有这个键或位置", GUARD),
        FailureReason::WrongTypes => ("值的类型不符合要求", GUARD),
    };
    let place = match missing.failed_at {
        Some(place) => format!("在第 {} 行第 {} 列", place.line, place.column),
        None => String::new(),
    };
    (format!("表达式{place}出错：{why}"), remedy)
}

const GUARD: &str = "请修改该处的表达式，或先判断再计算：条件 ? 值 : ''";
