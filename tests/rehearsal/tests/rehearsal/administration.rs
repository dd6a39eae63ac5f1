//! What is set up over the API: agents, login apps, sources.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wecom_sim::SimConfig;

use crate::{AGENT_PASSWORD, APP_SECRET, Stage, created};

impl Stage {
    pub async fn an_administrator_sets_up(&self) -> anyhow::Result<()> {
        let (api, admin) = (&self.api, &self.admin);
        let agent = self.agent_settings();
        created(api.put(admin, "/agents/dc-1", &agent, None).await?)?;
        let app = json!({
            "name": "Single sign-on", "base_url": self.wecom.base_url(),
            "credentials": credentials(),
        });
        created(api.put(admin, "/login-apps/sso", &app, None).await?)?;
        let source = self.settings(&json!({"enabled": false}));
        created(api.put(admin, "/sources/hq", &source, None).await?)?;
        // Whoever sets this one up need not know the secret.
        let mut labs = source;
        labs["name"] = json!("Labs");
        labs["credentials"] = json!({"login_app": "sso"});
        labs["contacts"] = json!([{"email": "it@example.com"}]);
        created(api.put(admin, "/sources/labs", &labs, None).await?)?;

        let schedules = self.cloud.services().schedules().await?;
        assert_eq!(schedules, names(&["hq", "labs"]));
        let topic = self.product.get("NoticeTopicArn")?;
        let subscribed = self.cloud.services().subscriptions(topic).await?;
        assert_eq!(subscribed["it@example.com"], "email");
        assert_eq!(subscribed[&self.contact_arn], "sqs");
        Ok(())
    }

    fn agent_settings(&self) -> Value {
        json!({
            "url": self.agent.url(), "username": "wecom-sync", "password": AGENT_PASSWORD,
        })
    }

    /// The settings of `hq` with this schedule.
    pub fn settings(&self, schedule: &Value) -> Value {
        let mut every = json!({
            "enabled": true, "start_at": "00:00", "every": "1h", "timezone": "UTC",
        });
        for (name, value) in schedule.as_object().unwrap() {
            every[name] = value.clone();
        }
        json!({
            "name": "Head office", "type": "wecom", "base_url": self.wecom.base_url(),
            "credentials": credentials(),
            "agents": ["dc-1"], "deletions": "protected",
            "mapping": {
                "email": "biz_mail", "title": "position", "upn": "userid + '@example.com'",
            },
            "schedule": every,
            "contacts": [{"email": "it@example.com"}, {"arn": self.contact_arn}],
        })
    }

    /// One call: corp, app and a copy of the secret; what they replace is swept.
    pub async fn credentials_come_from_a_login_app(&self) -> anyhow::Result<()> {
        let services = self.cloud.services();
        let before = services.secrets().await?;
        let etag = self.api.etag(&self.admin, "/sources/hq").await?;
        let path = "/sources/hq/credentials/import";
        let [unknown, sso] = ["no", "sso"].map(|app| json!({"login_app": app}));
        let refused = self.api.post_to(&self.admin, path, &unknown, &etag);
        assert!(refused.await?.status.is_client_error());
        let shown = self
            .api
            .post_to(&self.admin, path, &sso, &etag)
            .await?
            .expect(200)?;
        assert_eq!(shown["credentials"]["agent_id"], credentials()["agent_id"]);
        let after = services.secrets().await?;
        let gone: Vec<_> = before
            .keys()
            .filter(|it| !after.contains_key(*it))
            .collect();
        let new: Vec<_> = after
            .keys()
            .filter(|it| !before.contains_key(*it))
            .collect();
        assert_eq!((gone.len(), new.len()), (1, 1), "{gone:?} {new:?}");
        assert_eq!(after[new[0]], APP_SECRET);
        let again = self.api.post_to(&self.admin, path, &sso, &etag);
        again.await?.expect(412)?;
        Ok(())
    }

    pub async fn an_agent_is_checked_and_stays_while_it_is_used(&self) -> anyhow::Result<()> {
        let (api, admin) = (&self.api, &self.admin);
        let asked = json!({"source": "hq"});
        let path = "/agents/dc-1/check";
        let found = api.post(admin, path, &asked).await?.expect(200)?;
        assert_eq!(found["standing"], "running", "{found}");
        assert_eq!(found["egress_ip"], "127.0.0.1", "{found}");
        let etag = api.etag(admin, "/agents/dc-1").await?;
        let refused = api
            .delete(admin, "/agents/dc-1", &etag)
            .await?
            .expect(409)?;
        assert_eq!(refused["code"], "agent_in_use", "{refused}");

        let spare = self.agent_settings();
        created(api.put(admin, "/agents/spare", &spare, None).await?)?;
        let etag = api.etag(admin, "/agents/spare").await?;
        let gone = api.delete(admin, "/agents/spare", &etag).await?;
        assert!(gone.status.is_success(), "{gone:?}");
        api.get(admin, "/agents/spare").await?.expect(404)?;
        Ok(())
    }

    pub async fn a_reader_reads_and_changes_nothing(&self) -> anyhow::Result<()> {
        let (api, reader) = (&self.api, &self.reader);
        api.get(reader, "/sources/hq").await?.expect(200)?;
        api.get(reader, "/sources/hq/runs").await?.expect(200)?;
        let history = api.list(reader, "/sources/hq/history").await?;
        assert_eq!(history[0]["action"], "credentials_imported", "{history:?}");
        assert_eq!(history[1]["action"], "created", "{history:?}");
        let settings = self.settings(&json!({"enabled": false}));
        let etag = api.etag(reader, "/sources/hq").await?;
        let put = api.put(reader, "/sources/hq", &settings, Some(&etag));
        put.await?.expect(403)?;
        for path in ["/sources/hq", "/agents/dc-1", "/login-apps/sso"] {
            api.delete(reader, path, &etag).await?.expect(403)?;
        }
        let nothing = json!({});
        for path in [
            "/sources/hq/runs",
            "/sources/hq/held/abc/approve",
            "/sources/hq/range/accept",
            "/sources/hq/replace",
            "/sources/hq/credentials/import",
            "/sources/hq/contacts/test",
            "/sources/hq/check",
            "/sources/hq/preview",
            "/agents/dc-1/check",
        ] {
            api.post(reader, path, &nothing).await?.expect(403)?;
        }
        Ok(())
    }
}

fn credentials() -> Value {
    let app = SimConfig::default();
    json!({"corp_id": app.corp_id, "agent_id": app.agent_id, "secret": APP_SECRET})
}

pub fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
