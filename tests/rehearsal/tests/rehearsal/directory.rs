//! Is the directory what WeCom is?

use serde_json::{Value, json};
use wecom_sim::{Member, View};

use crate::Stage;

impl Stage {
    /// Every person, through the API; and their ids once more, straight from the table.
    pub async fn directory_equals_wecom(&self) -> anyhow::Result<()> {
        let people = self.people("").await?;
        let texts = self
            .cloud
            .texts_in(self.product.get("DirectoryTableName")?)
            .await?;
        let members: Vec<Member> = self.wecom.control().members(View::Everything).collect();
        assert_eq!(people.len(), members.len());
        for member in &members {
            assert!(
                texts.contains(&member.userid),
                "{} is not in the table",
                member.userid
            );
            assert_same(&people[&member.userid], member);
        }
        let departments = self
            .api
            .list(&self.admin, "/sources/hq/departments")
            .await?;
        let expected = self.wecom.control().departments(View::Everything);
        assert_eq!(departments.len(), expected.len());
        for wanted in expected {
            let found = departments.iter().find(|it| it["id"] == wanted.id);
            let found = found.unwrap_or_else(|| panic!("department {} is missing", wanted.id));
            assert_eq!(found["name"], wanted.name, "{found}");
        }
        Ok(())
    }
}

pub fn status(member: &Member) -> &'static str {
    match member.status {
        1 => "active",
        2 => "disabled",
        4 => "pending",
        _ => "left",
    }
}

fn assert_same(person: &Value, member: &Member) {
    let id = &member.userid;
    assert_eq!(person["login"], *id, "{person}");
    assert_eq!(person["name"], member.name, "{person}");
    assert_eq!(person["status"], status(member), "{person}");
    assert_eq!(person["detached"], false, "{person}");
    assert_eq!(
        numbers(&person["departments"]),
        sorted(&member.departments),
        "{person}"
    );
    assert_eq!(
        person["main_department"],
        json!(member.main_department),
        "{person}"
    );
    let attributes = &person["attributes"];
    assert_eq!(attributes["upn"], format!("{id}@example.com"), "{person}");
    for (name, value) in [("title", &member.position), ("email", &member.biz_mail)] {
        assert_eq!(
            attributes[name].as_str().unwrap_or_default(),
            value,
            "{name} of {person}"
        );
    }
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut numbers: Vec<u64> = list.iter().filter_map(Value::as_u64).collect();
    numbers.sort_unstable();
    numbers
}

fn sorted(list: &[u32]) -> Vec<u64> {
    let mut numbers: Vec<u64> = list.iter().copied().map(u64::from).collect();
    numbers.sort_unstable();
    numbers
}
