//! Reading the organisation as WeCom lets an app read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use org_model::{DepartmentId, RawDepartment, RawMember, RawOrg, UserId};
use secrecy::ExposeSecret;
use sync_run::ports::{
    AgentFailure, Answer, Progress, ReadError, Remedy, Wecom, WecomAccess, WecomScope, WecomSession,
};

use super::Corp;

/// The reader over a shared organisation.
pub struct Reader(pub Arc<Mutex<Corp>>);

struct Session {
    corp: Arc<Mutex<Corp>>,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl Session {
    /// The corp, which is called under this name.
    fn call(&self, name: &str) -> MutexGuard<'_, Corp> {
        *self
            .calls
            .lock()
            .unwrap()
            .entry(name.to_owned())
            .or_default() += 1;
        let mut corp = self.corp.lock().unwrap();
        *corp.calls.entry(name.to_owned()).or_default() += 1;
        corp
    }
}

#[async_trait]
impl Wecom for Reader {
    async fn connect(&self, access: WecomAccess) -> Result<Box<dyn WecomSession>, ReadError> {
        let session = Session {
            corp: Arc::clone(&self.0),
            calls: Mutex::default(),
        };
        let mut corp = session.call("gettoken");
        if corp.down {
            return Err(ReadError::new(
                "unreachable",
                "WeCom could not be reached",
                Remedy::RetryLater,
                "check the agent",
            ));
        }
        let is_right = |right: &String| right == access.secret.expose_secret();
        if !corp.secret.as_ref().is_none_or(is_right) {
            let tried = access.secret.expose_secret().to_owned();
            *corp.refused.entry(tried).or_default() += 1;
            return Err(ReadError::new(
                "wrong_secret",
                "WeCom does not take the secret",
                Remedy::FixSettings,
                "put the settings with the app's secret",
            ));
        }
        drop(corp);
        Ok(Box::new(session))
    }
}

#[async_trait]
impl WecomSession for Session {
    fn agent(&self) -> Option<String> {
        None
    }

    fn failed_agents(&self) -> Vec<AgentFailure> {
        self.corp.lock().unwrap().failing_agents.clone()
    }

    async fn read(&self, scope: &WecomScope, _: &dyn Progress) -> Result<RawOrg, ReadError> {
        Ok(self.call("user/list").raw(scope))
    }

    async fn ask_member(&self, userid: &UserId) -> Answer<RawMember> {
        let mut corp = self.call("user/get");
        if corp.silent {
            return Answer::Unknown;
        }
        let visible = corp.visible();
        let key = userid.as_str().to_lowercase();
        match corp.find(userid) {
            Some(person) if person.departments.iter().any(|id| visible.contains(id)) => {
                let answer = Answer::Found(person.raw());
                let epoch = corp.epoch;
                corp.told_there.insert(key, epoch);
                answer
            }
            found => {
                let is_there = found.is_some();
                corp.tell(key, is_there)
            }
        }
    }

    async fn ask_department(&self, id: DepartmentId) -> Answer<RawDepartment> {
        let mut corp = self.call("department/get");
        let parent = corp.departments.get(&id.0).copied();
        let answers = corp.unlisted_answer || corp.visible().contains(&id.0);
        let Some(parent) = parent.filter(|_| answers) else {
            return corp.tell(id.to_string(), parent.is_some());
        };
        let epoch = corp.epoch;
        corp.told_there.insert(id.to_string(), epoch);
        Answer::Found(RawDepartment {
            id,
            name: format!("D{id}"),
            parent: parent.map(DepartmentId),
            order: u64::from(id.0),
            leaders: Some(Vec::new()),
        })
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().unwrap().clone()
    }
}
