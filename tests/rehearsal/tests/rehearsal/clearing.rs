//! A source is replaced, set up again, and deleted.

use std::collections::BTreeMap;

use rehearsal::wait_for;
use serde_json::{Value, json};

use crate::administration::names;
use crate::{APP_SECRET, Stage};

impl Stage {
    pub async fn a_replaced_source_keeps_its_people_and_adopts_them_again(
        &mut self,
    ) -> anyhow::Result<()> {
        let before = self.living().await?;
        self.replace().await?;
        self.nothing_outside_is_left_of_hq().await?;
        self.everybody_is_detached(&before).await?;

        self.set_up_again().await?;
        let runs = self.api.list(&self.admin, "/sources/hq/runs").await?;
        assert!(runs.is_empty(), "{runs:?}");
        let run = self.run_by_hand().await?;
        let adopted = &run["counts"]["users"]["adopt"]["done"];
        assert_eq!(*adopted, before.len(), "{run}");
        let after = self.living().await?;
        assert_eq!(ids(&after), ids(&before));
        assert!(after.values().all(|person| person["detached"] == false));
        self.announced(&run).await
    }

    async fn replace(&self) -> anyhow::Result<()> {
        let (api, admin) = (&self.api, &self.admin);
        let etag = api.etag(admin, "/sources/hq").await?;
        let path = "/sources/hq/replace";
        for (repeated, status) in [("labs", 422), ("hq", 202)] {
            let body = json!({"source": repeated});
            let answer = api.post_to(admin, path, &body, &etag).await?;
            answer.expect(status)?;
        }
        let shown = api.get(admin, "/sources/hq").await?.expect(404)?;
        assert_eq!(shown["code"], "source_cleared", "{shown}");
        Ok(())
    }

    /// Schedule, subscription and secret are gone; those of the other source are not.
    async fn nothing_outside_is_left_of_hq(&self) -> anyhow::Result<()> {
        let services = self.cloud.services();
        assert_eq!(services.schedules().await?, names(&["labs"]));
        let topic = self.product.get("NoticeTopicArn")?;
        let subscribed = services.subscriptions(topic).await?;
        assert!(
            !subscribed.contains_key(&self.contact_arn),
            "{subscribed:?}"
        );
        assert!(subscribed.contains_key("it@example.com"), "{subscribed:?}");
        let secrets = services.secrets().await?;
        let of_apps = secrets.values().filter(|it| *it == APP_SECRET).count();
        assert_eq!(of_apps, 2, "the login app's and the other source's");
        Ok(())
    }

    async fn everybody_is_detached(&self, before: &BTreeMap<String, Value>) -> anyhow::Result<()> {
        let now = wait_for("everybody detached", async || {
            let people = self.living().await?;
            let all = people.values().all(|person| person["detached"] == true);
            Ok(all.then_some(people))
        })
        .await?;
        assert_eq!(ids(&now), ids(before));
        Ok(())
    }

    /// As soon as the old one is cleared away.
    async fn set_up_again(&self) -> anyhow::Result<()> {
        let settings = self.settings(&json!({"enabled": false}));
        wait_for("room for the source", async || {
            let put = self.api.put(&self.admin, "/sources/hq", &settings, None);
            let answer = put.await?;
            if answer.status == 409 {
                return Ok(None);
            }
            answer.expect(201).map(Some)
        })
        .await?;
        Ok(())
    }

    pub async fn a_deleted_source_leaves_its_people_and_nothing_else(&self) -> anyhow::Result<()> {
        let before = self.living().await?;
        let etag = self.api.etag(&self.admin, "/sources/hq").await?;
        let gone = self.api.delete(&self.admin, "/sources/hq", &etag).await?;
        gone.expect(202)?;
        self.nothing_outside_is_left_of_hq().await?;
        wait_for("the end of the source", async || {
            let shown = self
                .api
                .get(&self.admin, "/sources/hq")
                .await?
                .expect(404)?;
            Ok((shown["code"] == "not_found").then_some(()))
        })
        .await?;
        let sources = self.api.list(&self.admin, "/sources").await?;
        assert_eq!(sources.len(), 1, "{sources:?}");
        let directory = self.product.get("DirectoryTableName")?;
        let texts = self.cloud.texts_in(directory).await?;
        let missing: Vec<_> = before.keys().filter(|id| !texts.contains(*id)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        Ok(())
    }

    /// All people but those who were deleted.
    async fn living(&self) -> anyhow::Result<BTreeMap<String, Value>> {
        let mut people = self.people("").await?;
        people.retain(|_, person| person["status"] != "deleted");
        assert!(!people.is_empty());
        Ok(people)
    }
}

/// Internal ids by userid.
fn ids(people: &BTreeMap<String, Value>) -> BTreeMap<&str, &str> {
    let pairs = people.iter();
    pairs
        .map(|(userid, person)| pair_of(userid, person))
        .collect()
}

fn pair_of<'a>(userid: &'a str, person: &'a Value) -> (&'a str, &'a str) {
    (userid, person["id"].as_str().unwrap())
}
