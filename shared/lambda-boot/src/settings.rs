//! The environment of DESIGN.md §7, judged as a whole.

use std::fmt;

/// What both functions are told by the template. Every value has the shape its comment names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the table of people and departments.
    pub directory_table: String,
    /// Name of the table of sources, runs, rows, held lists and the outbox.
    pub sync_table: String,
    /// ARN of the SNS topic that carries notices.
    pub notice_topic_arn: String,
    /// Name of the EventBridge bus that carries `Run Finished`.
    pub event_bus_name: String,
    /// ARN of `sync-org`.
    pub sync_function_arn: String,
    /// Name of the group in which each source has its schedule.
    pub schedule_group: String,
    /// ARN of the role with which EventBridge Scheduler invokes `sync-org`.
    pub schedule_role_arn: String,
    /// What the name of every secret begins with; usually ends in a slash.
    pub secret_prefix: String,
}

/// One variable that cannot be used. Never repeats its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentProblem {
    pub variable: &'static str,
    /// Reads on after the variable's name: "is missing".
    pub problem: String,
}

/// Everything that is wrong with the environment, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EnvironmentError {
    /// In the order of [`Settings::VARIABLES`]; never empty.
    pub problems: Vec<EnvironmentProblem>,
}

/// What a value must look like.
#[derive(Clone, Copy)]
enum Shape {
    /// So many letters and digits, or characters of `others`.
    Name {
        what: &'static str,
        others: &'static str,
        length_min: usize,
        length_max: usize,
    },
    Arn {
        what: &'static str,
        service: &'static str,
    },
}

const TABLE: Shape = Shape::Name {
    what: "name of a DynamoDB table",
    others: "_-.",
    length_min: 3,
    length_max: 255,
};
const BUS: Shape = Shape::Name {
    what: "name of an event bus",
    others: "/_-.",
    length_min: 1,
    length_max: 256,
};
const GROUP: Shape = Shape::Name {
    what: "name of a schedule group",
    others: "_-.",
    length_min: 1,
    length_max: 64,
};
/// A secret's name has 512 characters at most; half of them are left to purpose and suffix.
const PREFIX: Shape = Shape::Name {
    what: "prefix of a secret's name",
    others: "/_+=.@-",
    length_min: 1,
    length_max: 256,
};
const TOPIC: Shape = Shape::Arn {
    what: "ARN of an SNS topic",
    service: "sns",
};
const FUNCTION: Shape = Shape::Arn {
    what: "ARN of a Lambda function",
    service: "lambda",
};
const ROLE: Shape = Shape::Arn {
    what: "ARN of an IAM role",
    service: "iam",
};

impl Settings {
    /// Every variable that is read, as the template must set it.
    pub const VARIABLES: [&str; 8] = [
        "DIRECTORY_TABLE",
        "SYNC_TABLE",
        "NOTICE_TOPIC_ARN",
        "EVENT_BUS_NAME",
        "SYNC_FUNCTION_ARN",
        "SCHEDULE_GROUP",
        "SCHEDULE_ROLE_ARN",
        "SECRET_PREFIX",
    ];

    /// Reads every variable through `lookup` before it judges: all problems come together.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let mut problems = Vec::new();
        let mut take = |variable: &'static str, shape: Shape| {
            judge(lookup(variable), shape).unwrap_or_else(|problem| {
                problems.push(EnvironmentProblem { variable, problem });
                String::new()
            })
        };
        let settings = Self {
            directory_table: take("DIRECTORY_TABLE", TABLE),
            sync_table: take("SYNC_TABLE", TABLE),
            notice_topic_arn: take("NOTICE_TOPIC_ARN", TOPIC),
            event_bus_name: take("EVENT_BUS_NAME", BUS),
            sync_function_arn: take("SYNC_FUNCTION_ARN", FUNCTION),
            schedule_group: take("SCHEDULE_GROUP", GROUP),
            schedule_role_arn: take("SCHEDULE_ROLE_ARN", ROLE),
            secret_prefix: take("SECRET_PREFIX", PREFIX),
        };
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(EnvironmentError { problems })
        }
    }
}

fn judge(value: Option<String>, shape: Shape) -> Result<String, String> {
    let value = value.ok_or("is missing")?;
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    match shape {
        Shape::Name {
            what,
            others,
            length_min,
            length_max,
        } => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
            let good =
                value.chars().all(allowed) && (length_min..=length_max).contains(&value.len());
            good.then_some(value).ok_or(format!("is not the {what}"))
        }
        Shape::Arn { what, service } => is_arn_of(&value, service)
            .then_some(value)
            .ok_or(format!("is not the {what}")),
    }
}

/// `arn:partition:service:region:account:resource`; an IAM role has no region.
fn is_arn_of(value: &str, service: &str) -> bool {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let printable = value.chars().all(|c| c.is_ascii_graphic());
    match parts[..] {
        ["arn", partition, found, _region, account, resource] => {
            printable
                && !partition.is_empty()
                && found == service
                && !account.is_empty()
                && !resource.is_empty()
        }
        _ => false,
    }
}

impl fmt::Display for EnvironmentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.problem)
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("a problem in the environment: ")?,
            many => write!(f, "{many} problems in the environment: ")?,
        }
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
