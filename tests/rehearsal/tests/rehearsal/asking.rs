//! What an administrator asks without changing anything: a check, a preview, a test notice.

use serde_json::{Value, json};
use wecom_sim::{Member, View};

use crate::Stage;

impl Stage {
    pub async fn a_check_passes_every_step(&self) -> anyhow::Result<()> {
        let tunnels = self.agent.tunnels();
        let path = "/sources/hq/check";
        let answer = self.api.post(&self.assistant, path, &json!({})).await?;
        let found = answer.expect(200)?;
        let steps = found["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 7, "{found}");
        assert!(
            steps.iter().all(|step| step["result"] == "passed"),
            "{found}"
        );
        assert_eq!(found["agent"], "dc-1", "{found}");
        assert!(self.agent.tunnels() > tunnels, "not through the agent");
        Ok(())
    }

    pub async fn a_preview_shows_one_person(&self) -> anyhow::Result<()> {
        let mut members = self.wecom.control().members(View::Everything);
        let with_title = |member: &Member| {
            member.status == 1 && !member.position.is_empty() && !member.mobile.is_empty()
        };
        let member = members.find(with_title).unwrap();
        let asked = json!({"userid": member.userid});
        let path = "/sources/hq/preview";
        let withheld = self.api.post(&self.assistant, path, &asked).await?;
        withheld.expect(403)?;
        let shown = self
            .api
            .post(&self.admin, path, &asked)
            .await?
            .expect(200)?;
        let person = &shown["person"];
        assert_eq!(person["raw"]["userid"], member.userid, "{shown}");
        // The directory is as WeCom is.
        assert_eq!(person["change"]["action"], "none", "{shown}");
        let mapped = &person["mapped"];
        assert_eq!(mapped["name"], member.name, "{shown}");
        let attributes = &mapped["attributes"];
        assert_eq!(attributes["title"], member.position, "{shown}");
        assert_eq!(
            attributes["upn"],
            format!("{}@example.com", member.userid),
            "{shown}"
        );
        assert!(!shown.to_string().contains(&member.mobile), "not masked");
        Ok(())
    }

    pub async fn a_test_notice_reaches_the_contact_of_its_source_alone(
        &mut self,
    ) -> anyhow::Result<()> {
        for source in ["labs", "hq"] {
            let path = format!("/sources/{source}/contacts/test");
            let sent = self.api.post(&self.admin, &path, &json!({})).await?;
            let sent = sent.expect(200)?;
            assert!(sent["sent_at"].is_string(), "{sent}");
            // This queue hears of every source, so both have been handed on.
            let wanted = |message: &Value| is_test_of(message, source);
            self.notices.wait_for("a test notice", wanted).await?;
        }
        let wanted = |message: &Value| is_test_of(message, "hq");
        self.contact.wait_for("its test notice", wanted).await?;
        let all = self.contact.all().await?;
        assert_eq!(all.len(), 1, "{all:?}");
        Ok(())
    }
}

fn is_test_of(message: &Value, source: &str) -> bool {
    let attributes = &message["MessageAttributes"];
    attributes["kind"]["Value"] == "test" && attributes["source"]["Value"] == source
}
