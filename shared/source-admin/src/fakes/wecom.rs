//! A WeCom that answers what it was told to, and remembers how it was asked; and the secrets' other
//! door, to read.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{DepartmentId, RawMember, UserId, UserKey};
use secrecy::{ExposeSecret, SecretString};
use source_settings::SecretRef;
use sync_run::ports::{AgentAccess, Answer, ReadError, Secrets, SendError, WecomAccess};

use super::{Part, World};
use crate::ports::{
    AgentProbe, CheckFailure, CheckStep, LookupSession, RangeCounts, SourceCheck, StepName,
    StepOutcome, WecomDesk,
};

/// What WeCom answers.
#[derive(Clone, Debug, Default)]
pub struct FakeWecom {
    /// The step that fails; those behind it are not reached.
    pub step_failure: Option<(StepName, CheckFailure)>,
    pub agents_failed: Vec<(String, CheckFailure)>,
    pub probe_failure: Option<CheckFailure>,
    pub egress_ip: Option<IpAddr>,
    /// No read is allowed.
    pub refusal: Option<ReadError>,
    pub mobile_refusal: Option<ReadError>,
    /// A list cannot be had.
    pub list_refusal: Option<ReadError>,
    pub members: Vec<RawMember>,
    pub mobiles: BTreeMap<String, UserId>,
    pub out_of_range: BTreeSet<UserKey>,
    /// How it was asked, in order.
    pub asked: Vec<Asking>,
}

/// What WeCom was asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub act: &'static str,
    pub base_url: String,
    pub corp_id: String,
    pub agent_id: u64,
    pub secret: String,
    /// Id, address and user name.
    pub agents: Vec<(String, String, Option<String>)>,
    pub deadline: Timestamp,
}

impl Asking {
    fn of(act: &'static str, access: &WecomAccess) -> Self {
        Self {
            act,
            base_url: access.base_url.clone(),
            corp_id: access.corp_id.clone(),
            agent_id: access.agent_id,
            secret: access.secret.expose_secret().to_owned(),
            agents: access.agents.iter().map(agent).collect(),
            deadline: access.deadline,
        }
    }
}

fn agent(access: &AgentAccess) -> (String, String, Option<String>) {
    let user = access.credentials.as_ref().map(|(user, _)| user.clone());
    (access.id.clone(), access.url.clone(), user)
}

#[async_trait]
impl WecomDesk for World {
    async fn check(&self, access: WecomAccess) -> SourceCheck {
        let mut state = self.state();
        state.acts.push("ask WeCom for a check");
        state.wecom.asked.push(Asking::of("check", &access));
        let wecom = &state.wecom;
        let failed = wecom.step_failure.as_ref();
        let outcome = |name: StepName| match failed {
            Some((step, failure)) if *step == name => StepOutcome::Failed(failure.clone()),
            Some((step, _)) if *step < name => StepOutcome::NotReached,
            _ => StepOutcome::Passed,
        };
        let steps = StepName::ALL.map(|name| CheckStep {
            name,
            outcome: outcome(name),
        });
        let used = access.agents.get(wecom.agents_failed.len());
        SourceCheck {
            steps: steps.into(),
            agents_failed: wecom.agents_failed.clone(),
            agent: used.map(|agent| agent.id.clone()),
            range: failed.is_none().then_some(RangeCounts {
                whole_company: true,
                departments: Some(12),
                declared_departments: 1,
                members: 0,
                tags: 0,
            }),
            calls: BTreeMap::from([("agent/get".to_owned(), 1)]),
        }
    }

    async fn probe(&self, base_url: &str, access: &AgentAccess, deadline: Timestamp) -> AgentProbe {
        let mut state = self.state();
        state.acts.push("ask WeCom through an agent");
        state.wecom.asked.push(Asking {
            act: "probe",
            base_url: base_url.to_owned(),
            corp_id: String::new(),
            agent_id: 0,
            secret: String::new(),
            agents: vec![agent(access)],
            deadline,
        });
        let failure = state.wecom.probe_failure.clone();
        AgentProbe {
            latency: failure.is_none().then_some(Duration::from_millis(42)),
            egress_ip: state.wecom.egress_ip.filter(|_| failure.is_none()),
            failure,
        }
    }

    async fn open(&self, access: WecomAccess) -> Result<Box<dyn LookupSession>, ReadError> {
        let mut state = self.state();
        state.acts.push("ask WeCom for a read");
        state.wecom.asked.push(Asking::of("open", &access));
        match &state.wecom.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Box::new(Session {
                wecom: state.wecom.clone(),
                agent: access.agents.first().map(|agent| agent.id.clone()),
                calls: Arc::default(),
            })),
        }
    }
}

struct Session {
    wecom: FakeWecom,
    agent: Option<String>,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Session {
    fn called(&self, name: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(name.to_owned()).or_default() += 1;
    }

    fn list(&self, department: DepartmentId) -> Vec<RawMember> {
        let stands_in = |member: &&RawMember| {
            let mut memberships = member.memberships.iter().flatten();
            memberships.any(|one| one.department == department)
        };
        self.wecom
            .members
            .iter()
            .filter(stands_in)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl LookupSession for Session {
    fn agent(&self) -> Option<String> {
        self.agent.clone()
    }

    async fn member(&self, userid: &UserId) -> Result<Answer<RawMember>, ReadError> {
        self.called("user/get");
        if self.wecom.out_of_range.contains(&userid.key()) {
            return Ok(Answer::OutOfRange);
        }
        let mut members = self.wecom.members.iter();
        let found = members.find(|member| member.userid.key() == userid.key());
        Ok(found.map_or(Answer::Absent, |member| Answer::Found(member.clone())))
    }

    async fn userid_of(&self, mobile: &SecretString) -> Result<Answer<UserId>, ReadError> {
        self.called("user/getuserid");
        if let Some(refusal) = &self.wecom.mobile_refusal {
            return Err(refusal.clone());
        }
        let found = self.wecom.mobiles.get(mobile.expose_secret());
        Ok(found.map_or(Answer::Absent, |userid| Answer::Found(userid.clone())))
    }

    async fn members_of(&self, department: DepartmentId) -> Result<Vec<RawMember>, ReadError> {
        self.called("user/list");
        match &self.wecom.list_refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(self.list(department)),
        }
    }

    async fn sample(&self) -> Result<Vec<RawMember>, ReadError> {
        self.called("user/list");
        let memberships = self
            .wecom
            .members
            .iter()
            .filter_map(|one| one.memberships.as_ref());
        let first = memberships.flatten().map(|one| one.department).min();
        Ok(first
            .map(|department| self.list(department))
            .unwrap_or_default())
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

#[async_trait]
impl Secrets for World {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        let mut state = self.state();
        state.reachable(Part::SecretsRead, "Secrets Manager", "read a secret")?;
        let found = state.secrets.get(&reference.arn).cloned();
        found.ok_or_else(|| SendError {
            service: "Secrets Manager",
            reason: "ResourceNotFoundException".to_owned(),
        })
    }
}
