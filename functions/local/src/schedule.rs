//! Schedules that tick in this process: stands in for EventBridge Scheduler.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::SourceId;
use source_admin::ports::Schedules;
use source_settings::Schedule;
use sync_org::SyncEvent;
use sync_run::ports::{SendError, Sources, StoreError};

use crate::House;

const TICK: Duration = Duration::from_secs(1);

/// Settings are read again this often: a changed schedule takes effect within it.
const LOOK_EVERY_TICKS: u32 = 10;

/// As often as the template's housekeeping schedule.
const HOUSEKEEPING_EVERY_TICKS: u32 = 300;

/// Nothing to tell anybody: the ticker reads the settings themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoScheduler;

#[async_trait]
impl Schedules for NoScheduler {
    async fn put(&self, _source: &SourceId, _schedule: &Schedule) -> Result<(), SendError> {
        Ok(())
    }

    async fn remove(&self, _source: &SourceId) -> Result<(), SendError> {
        Ok(())
    }
}

/// When each source is due next.
#[derive(Debug, Default)]
struct Due(BTreeMap<SourceId, (Schedule, Timestamp)>);

impl Due {
    /// Takes over the schedules as they are now; one that did not change keeps its next time.
    fn look(&mut self, schedules: Vec<(SourceId, Schedule)>, now: Timestamp) {
        let mut known = std::mem::take(&mut self.0);
        for (source, schedule) in schedules.into_iter().filter(|(_, s)| s.enabled) {
            let next = match known.remove(&source) {
                Some((same, next)) if same == schedule => next,
                _ => schedule.next_after(now),
            };
            self.0.insert(source, (schedule, next));
        }
    }

    /// Who is due, with the time they were due at.
    fn take(&mut self, now: Timestamp) -> Vec<(SourceId, Timestamp)> {
        let mut due = Vec::new();
        for (source, (schedule, next)) in &mut self.0 {
            if now >= *next {
                due.push((source.clone(), *next));
                *next = schedule.next_after(now);
            }
        }
        due
    }
}

/// Ticks until it is dropped.
pub async fn tick(house: Arc<House>) {
    let mut due = Due::default();
    let mut interval = tokio::time::interval(TICK);
    for ticks in 0_u32.. {
        interval.tick().await;
        let now = Timestamp::now();
        if ticks % LOOK_EVERY_TICKS == 0 {
            match schedules(house.run_ports().sources.as_ref()).await {
                Ok(schedules) => due.look(schedules, now),
                Err(error) => tracing::warn!(%error, "the schedules cannot be read"),
            }
        }
        for (source, scheduled_at) in due.take(now) {
            start(
                &house,
                SyncEvent::Scheduled {
                    source,
                    scheduled_at,
                    execution: None,
                },
            );
        }
        if ticks % HOUSEKEEPING_EVERY_TICKS == 0 {
            start(&house, SyncEvent::Housekeeping);
        }
    }
}

fn start(house: &House, event: SyncEvent) {
    if let Err(error) = house.starter().serve(event) {
        tracing::warn!(%error, "not started");
    }
}

/// A source whose settings cannot be read takes no other with it.
async fn schedules(sources: &dyn Sources) -> Result<Vec<(SourceId, Schedule)>, StoreError> {
    let mut schedules = Vec::new();
    for source in sources.sources().await? {
        match sources.source(&source).await {
            Ok(stored) => {
                schedules.extend(stored.map(|stored| (source, stored.settings.schedule)));
            }
            Err(error @ StoreError::Unreadable { .. }) => {
                tracing::warn!(%source, %error, "a source is not scheduled");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(schedules)
}

#[cfg(test)]
mod tests {
    use source_settings::{AgentId, SourceSettings};
    use sync_run::{SourceState, StoredAgent, StoredSource};

    use super::*;

    /// `bad` is not readable; what `down` names does not answer.
    struct Shelf {
        down: bool,
        good: StoredSource,
    }

    #[async_trait]
    impl Sources for Shelf {
        async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError> {
            let act = "read a source";
            let reason = "of a test".to_owned();
            match source.as_str() {
                "bad" => Err(StoreError::Unreadable { act, reason }),
                _ if self.down => Err(StoreError::Unavailable { act, reason }),
                "gone" => Ok(None),
                _ => Ok(Some(self.good.clone())),
            }
        }

        async fn sources(&self) -> Result<Vec<SourceId>, StoreError> {
            Ok(["bad", "gone", "hq"].map(SourceId::new).to_vec())
        }

        async fn agents(&self, _ids: &[AgentId]) -> Result<Vec<StoredAgent>, StoreError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_schedule_fires_once_for_each_due_time_and_not_while_it_is_off() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hourly = Schedule::default();
        let hq = SourceId::new("hq");
        let mut due = Due::default();
        due.look(
            vec![(hq.clone(), hourly.clone())],
            at("2026-03-02T00:10:00Z"),
        );
        assert!(due.take(at("2026-03-02T00:59:59Z")).is_empty());
        let fired = due.take(at("2026-03-02T01:00:03Z"));
        assert_eq!(fired, [(hq.clone(), at("2026-03-02T01:00:00Z"))]);
        assert!(due.take(at("2026-03-02T01:00:04Z")).is_empty());
        due.look(
            vec![(hq.clone(), hourly.clone())],
            at("2026-03-02T01:30:00Z"),
        );
        assert_eq!(due.take(at("2026-03-02T02:00:00Z")).len(), 1);
        due.look(
            vec![(
                hq,
                Schedule {
                    enabled: false,
                    ..hourly
                },
            )],
            at("2026-03-02T02:30:00Z"),
        );
        assert!(due.take(at("2026-03-02T04:00:00Z")).is_empty());
    }

    fn good() -> StoredSource {
        let json = serde_json::json!({
            "name": "Head office",
            "type": "wecom",
            "credentials": { "corp_id": "ww1", "agent_id": 7, "secret": "s3cret" },
        });
        let parsed = SourceSettings::parse(&json, None).unwrap();
        StoredSource {
            source: SourceId::new("hq"),
            settings: parsed.settings,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: None,
            state: SourceState::default(),
        }
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_read_takes_no_other_with_it() {
        let shelf = |down| Shelf { down, good: good() };
        let found = schedules(&shelf(false)).await.unwrap();
        let named: Vec<_> = found.iter().map(|(source, _)| source.as_str()).collect();
        assert_eq!(named, ["hq"]);
        // A store that is down says nothing of anybody: what is due stays due.
        assert!(schedules(&shelf(true)).await.is_err());
    }
}
