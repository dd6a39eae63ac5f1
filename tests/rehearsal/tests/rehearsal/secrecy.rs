//! Secrets are where they belong, and nowhere else.

use crate::{AGENT_PASSWORD, APP_SECRET, Stage};

impl Stage {
    /// At the end, when every call was answered and every run has said what it had to say.
    pub async fn secrets_are_in_the_vault_and_nowhere_else(&self) -> anyhow::Result<()> {
        let services = self.cloud.services();
        let secrets = services.secrets().await?;
        let is_agents = |secret: &&String| secret.contains(AGENT_PASSWORD);
        assert_eq!(secrets.values().filter(is_agents).count(), 1);
        assert!(secrets.values().any(|secret| secret == APP_SECRET));
        assert!(
            secrets.keys().all(|name| name.starts_with("rehearsal/")),
            "{:?}",
            secrets.keys()
        );

        let mut places = vec![
            ("an answer of the API", self.api.heard()),
            ("what the deployment printed", self.cloud.log()),
        ];
        for table in ["DirectoryTableName", "SyncTableName"] {
            let texts = self.cloud.texts_in(self.product.get(table)?).await?;
            assert!(!texts.is_empty(), "{table} is empty");
            let texts: Vec<_> = texts.into_iter().collect();
            places.push((table, texts.join("\n")));
        }
        for function in ["SyncOrgFunctionName", "AdminApiFunctionName"] {
            let said = services.said(self.product.get(function)?).await?;
            assert!(!said.is_empty(), "{function} said nothing");
            places.push((function, said));
        }
        for (place, text) in &places {
            for secret in [APP_SECRET, AGENT_PASSWORD] {
                assert!(!text.contains(secret), "a secret stands in {place}");
            }
        }
        Ok(())
    }
}
