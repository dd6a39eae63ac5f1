//! Functions, as rustfmt lays them out: a function ends at the brace in the column of its `fn`.

/// One function with a body of several lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// From 1.
    pub line: usize,
    pub lines: usize,
}

/// Every function of a file.
pub fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = name_of(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        let declared = format!("{}) ", " ".repeat(indent));
        let rest: Vec<&&str> = lines.iter().skip(at).collect();
        let without_body = |l: &str| l.starts_with(&declared) && l.ends_with(';');
        let ends = rest
            .iter()
            .position(|l| ***l == *closing || without_body(l));
        if let Some(length) = ends.filter(|end| !without_body(rest[*end])) {
            found.push(Function {
                name,
                line: at + 1,
                lines: length + 1,
            });
        }
    }
    found
}

fn name_of(line: &str) -> Option<String> {
    let line = line.trim_start();
    let words = [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "const ",
        "async ",
        "fn ",
    ];
    let mut rest = line;
    while let Some(word) = words.iter().find(|word| rest.starts_with(**word)) {
        rest = &rest[word.len()..];
        if *word == "fn " {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
            let ends_here = line.ends_with(';') || line.ends_with('}');
            return (!ends_here).then(|| rest[..end].to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_with_its_length() {
        let text =
            "impl A {\n    pub async fn run(\n        &self,\n    ) {\n        x();\n    }\n}\n";
        let found = functions(text);
        assert_eq!(
            found,
            [Function {
                name: "run".to_owned(),
                line: 2,
                lines: 5
            }]
        );
        assert!(functions("    fn one() { 1 }\n    fn port(&self);\n").is_empty());
        assert!(functions("    fn port(\n        &self,\n    ) -> u8;\n    }\n").is_empty());
    }
}
