//! [`WecomDesk`]: for somebody who is asking, not syncing.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::SecretString;
use source_admin::ports::{AgentProbe, CheckFailure, LookupSession, SourceCheck, WecomDesk};
use sync_run::ports::{AgentAccess, ReadError, WecomAccess};
use tokio::time::Instant;

use crate::check;
use crate::client::{WecomClient, base_url};
use crate::failure::Failure;
use crate::ground::Ground;
use crate::question::{Question, Request};
use crate::remedies::check_failure;
use crate::transport::{Detour, Silence, Transport};
use crate::walk::{Patience, walk};
use crate::wire::{Judged, Malformed, Refusal, judge};

#[async_trait]
impl WecomDesk for WecomClient {
    async fn check(&self, access: WecomAccess) -> SourceCheck {
        let agent_id = access.agent_id;
        match self.converse(access) {
            Ok(talk) => check::check(&talk, agent_id).await,
            Err(error) => check::without_road(error),
        }
    }

    async fn probe(&self, base_url: &str, agent: &AgentAccess, deadline: Timestamp) -> AgentProbe {
        let ends = Instant::now() + self.time_until(deadline);
        match self::base_url(base_url) {
            Ok(base) => probe(&base, agent, &self.ground, ends).await,
            Err(error) => AgentProbe {
                latency: None,
                egress_ip: None,
                failure: Some(error.into()),
            },
        }
    }

    async fn open(&self, access: WecomAccess) -> Result<Box<dyn LookupSession>, ReadError> {
        Ok(Box::new(self.begin(access).await?))
    }
}

/// Asks `agent/get` without a token: WeCom's refusal proves the whole road, and names the address
/// it came from (WECOM.md §3).
async fn probe(base: &Url, agent: &AgentAccess, ground: &Ground, ends: Instant) -> AgentProbe {
    let left = || ends.saturating_duration_since(Instant::now());
    let begun = Instant::now();
    // The other half is there to look into a silence.
    let patience = ground.pace.request_timeout.min(left() / 2);
    match refusal_through(base, agent, ground, patience).await {
        Ok(refusal) => AgentProbe {
            latency: Some(begun.elapsed()),
            egress_ip: refusal.seen_ip,
            failure: None,
        },
        Err(failure) => AgentProbe {
            latency: None,
            egress_ip: None,
            failure: Some(located(failure, base, agent, ground, left()).await),
        },
    }
}

async fn refusal_through(
    base: &Url,
    agent: &AgentAccess,
    ground: &Ground,
    within: Duration,
) -> Result<Refusal, Failure> {
    let road = Transport::build(Some(agent), base, ground).map_err(Failure::Silent)?;
    let body = road.fetch(&without_token(base), within).await;
    let body = body.map_err(|detour| match detour {
        Detour::Silent(silence) => Failure::Silent(silence),
        Detour::Malformed(malformed) => Failure::Malformed(malformed),
    })?;
    match judge(&body) {
        Err(Judged::Refused(refusal)) => Ok(refusal),
        Err(Judged::Malformed(malformed)) => Err(Failure::Malformed(malformed)),
        // WeCom never says yes to a call without a token.
        Ok(()) => Err(Failure::Malformed(Malformed::Lacks("errcode"))),
    }
}

fn without_token(base: &Url) -> Request {
    let mut request = Question::agent(0).request(base, &SecretString::default());
    request.url.set_query(None);
    request
}

/// Where the road is blocked, if it is.
async fn located(
    failure: Failure,
    base: &Url,
    agent: &AgentAccess,
    ground: &Ground,
    left: Duration,
) -> CheckFailure {
    let Failure::Silent(silence) = failure else {
        return check_failure(&failure, false);
    };
    let found = match silence.step(agent.url.starts_with("https")) {
        Some(_) => silence,
        None => {
            let patience = Patience::new(ground, left);
            let blocked = walk(Some(agent), base, ground, patience).await.err();
            blocked.map_or(silence, |(_, found): (_, Silence)| found)
        }
    };
    check_failure(&Failure::Silent(found), false)
}
