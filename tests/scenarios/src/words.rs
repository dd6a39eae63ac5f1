//! What administrators say, and the runs that follow.

use std::collections::BTreeSet;

use org_model::{Fingerprint, ItemKind, RunId};
use org_plan::Resolution;
use source_admin::ports::PageRequest;
use source_admin::{AdminError, Approval, Exception, HeldView, RunRequest, Stopping};
use sync_run::{RunMode, RunRecord};

use crate::World;

const BY: &str = "admin";

/// These people, as the exceptions of an approval.
pub fn people(userids: &[String]) -> Vec<Exception> {
    let exception = |id: &String| Exception {
        kind: ItemKind::User,
        id: id.clone(),
    };
    userids.iter().map(exception).collect()
}

impl World {
    /// A run that was asked for by hand.
    pub async fn ask(&self, mode: RunMode, plan: Option<Fingerprint>) -> RunRecord {
        let request = RunRequest {
            mode,
            plan,
            idempotency_key: None,
        };
        let asked = self.admin().request_run("hq", &request, BY).await;
        asked.unwrap();
        self.deliver_started().await
    }

    /// An administrator approves a list but for these people.
    pub async fn decide_but(
        &self,
        list: &HeldView,
        except: &[String],
    ) -> Result<Approval, AdminError> {
        let fingerprint = list.stored.list.fingerprint.to_string();
        let admin = self.admin();
        admin.approve("hq", &fingerprint, &people(except), BY).await
    }

    /// The same, and the run that follows is delivered.
    pub async fn approve_but(&self, list: &HeldView, except: &[String]) -> RunRecord {
        let approval = self.decide_but(list, except).await.unwrap();
        assert_eq!(approval.live_run, None, "nothing was live");
        self.deliver_started().await
    }

    /// An administrator rejects a list: there is nothing for a run to do.
    pub async fn reject(&self, list: &HeldView) -> HeldView {
        let fingerprint = list.stored.list.fingerprint.to_string();
        let rejected = self.admin().reject("hq", &fingerprint, BY).await;
        rejected.unwrap()
    }

    /// Ids of everybody and everything that is kept.
    pub async fn kept(&self) -> BTreeSet<String> {
        let mut page = PageRequest {
            cursor: None,
            limit: 5,
        };
        let mut kept = BTreeSet::new();
        loop {
            let found = self.admin().kept("hq", &page).await.unwrap();
            kept.extend(found.items.into_iter().map(|kept| kept.item.id));
            page.cursor = found.next;
            if page.cursor.is_none() {
                return kept;
            }
        }
    }

    pub async fn clear_kept(&self, userid: &str) {
        let admin = self.admin();
        let cleared = admin.clear_kept("hq", ItemKind::User, userid, BY);
        cleared.await.unwrap();
    }

    /// Gives back what a run took away.
    pub async fn undo(&self, run: &RunId) -> RunRecord {
        let asked = self.admin().undo_run("hq", run.as_str(), None, BY).await;
        let asked = asked.unwrap().record;
        assert_eq!(
            (asked.mode, asked.undoes.as_ref()),
            (RunMode::Undo, Some(run))
        );
        self.deliver_started().await
    }

    /// Gives one deleted person back.
    pub async fn restore(&self, userid: &str) -> RunRecord {
        let asked = self.admin().restore_user("hq", userid, None, BY).await;
        assert_eq!(asked.unwrap().record.mode, RunMode::Restore);
        self.deliver_started().await
    }

    /// A word on a conflict, and the run that carries it out.
    pub async fn resolve(&self, userid: &str, choice: Resolution) -> RunRecord {
        let said = self.admin().resolve("hq", userid, choice, None, BY).await;
        assert_eq!(said.unwrap().live_run, None, "nothing was live");
        self.deliver_started().await
    }

    pub async fn cancel(&self, run: &RunId) -> Result<Stopping, AdminError> {
        self.admin().cancel_run("hq", run.as_str(), BY).await
    }
}
