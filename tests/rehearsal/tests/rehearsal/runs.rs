//! Runs of the deployed product: by hand, by schedule, by approval.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rehearsal::wait_for;
use serde_json::{Value, json};
use wecom_sim::{Command, Member, View};

use crate::{LEAVERS, NEWCOMERS, PEOPLE, Stage};

impl Stage {
    pub async fn a_manual_run_fills_the_directory(&mut self) -> anyhow::Result<()> {
        let run = self.run_by_hand().await?;
        assert_eq!(run["sealed"], true, "{run}");
        assert_eq!(run["counts"]["users"]["create"]["done"], PEOPLE, "{run}");
        self.directory_equals_wecom().await?;
        assert!(self.agent.tunnels() > 0, "nothing went through the agent");
        self.announced(&run).await
    }

    /// A run that must end well.
    pub async fn run_by_hand(&self) -> anyhow::Result<Value> {
        let asked = self
            .api
            .post(&self.admin, "/sources/hq/runs", &json!({"mode": "apply"}))
            .await?
            .expect(202)?;
        assert_eq!(asked["status"], "queued", "{asked}");
        let run = self.finished(asked["run"].as_str().unwrap()).await?;
        assert_eq!(run["status"], "succeeded", "{run}");
        Ok(run)
    }

    pub async fn a_mass_departure_is_held_by_the_scheduled_run(&mut self) -> anyhow::Result<()> {
        let before: Vec<Member> = self.wecom.control().members(View::Everything).collect();
        let dismiss = Command::DismissRandom {
            count: LEAVERS,
            seed: 7,
        };
        self.wecom.control().run(dismiss)?;
        let hire = Command::Hire {
            userid: None,
            name: None,
            departments: Vec::new(),
            count: NEWCOMERS,
        };
        self.wecom.control().run(hire)?;
        self.switch_the_schedule_on().await?;
        let run = self.scheduled_run().await?;
        assert_eq!(run["status"], "held", "{run}");
        assert_eq!(run["counts"]["users"]["delete"]["held"], LEAVERS, "{run}");
        assert_eq!(run["counts"]["users"]["create"]["done"], NEWCOMERS, "{run}");
        let people = self.people("").await?;
        assert_eq!(people.len(), (PEOPLE + NEWCOMERS) as usize);
        for member in &before {
            assert_eq!(
                people[&member.userid]["status"],
                crate::directory::status(member),
                "{}",
                member.userid
            );
        }
        self.notified(&run).await?;
        self.announced(&run).await
    }

    async fn switch_the_schedule_on(&self) -> anyhow::Result<()> {
        let etag = self.api.etag(&self.admin, "/sources/hq").await?;
        // The first full minute that is far enough away for the call to be through.
        let soon = Timestamp::now() + SignedDuration::from_secs(70);
        let start_at = soon.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
        let settings = self.settings(&json!({"start_at": start_at}));
        let put = self
            .api
            .put(&self.admin, "/sources/hq", &settings, Some(&etag))
            .await?;
        put.expect(200)?;
        Ok(())
    }

    async fn scheduled_run(&self) -> anyhow::Result<Value> {
        let run = wait_for("a run by schedule", async || {
            let runs = self.api.list(&self.admin, "/sources/hq/runs").await?;
            Ok(runs.into_iter().find(|run| run["trigger"] == "schedule"))
        })
        .await?;
        self.finished(run["run"].as_str().unwrap()).await
    }

    pub async fn an_approved_list_is_carried_out(&mut self) -> anyhow::Result<()> {
        let held = self.api.list(&self.admin, "/sources/hq/held").await?;
        let waiting: Vec<&Value> = held.iter().filter(|it| it["state"] == "waiting").collect();
        assert_eq!(waiting.len(), 1, "{held:?}");
        assert_eq!(waiting[0]["count"], LEAVERS);
        let fingerprint = waiting[0]["fingerprint"].as_str().unwrap();
        let path = format!("/sources/hq/held/{fingerprint}/approve");
        let answer = self.api.post(&self.admin, &path, &json!({})).await?;
        assert!(answer.status.is_success(), "{answer:?}");
        let run = wait_for("the run of the approval", async || {
            let runs = self.api.list(&self.admin, "/sources/hq/runs").await?;
            Ok(runs.into_iter().find(|run| run["trigger"] == "approval"))
        })
        .await?;
        let run = self.finished(run["run"].as_str().unwrap()).await?;
        assert_eq!(run["status"], "succeeded", "{run}");
        assert_eq!(run["counts"]["users"]["delete"]["done"], LEAVERS, "{run}");
        let deleted = self.people("?status=deleted").await?;
        assert_eq!(deleted.len(), LEAVERS as usize);
        let control = self.wecom.control();
        assert!(
            deleted
                .keys()
                .all(|id| control.member(id, View::Everything).is_none())
        );
        self.announced(&run).await
    }

    /// The notice of what is held has come through SNS, and says how many and how to decide.
    async fn notified(&mut self, run: &Value) -> anyhow::Result<()> {
        let run = run["run"].as_str().unwrap();
        let wanted = |message: &Value| {
            let text = message["Message"].as_str().unwrap_or_default();
            text.contains(run) && text.contains("/approve")
        };
        let message = self
            .notices
            .wait_for("the notice of the held list", wanted)
            .await?;
        // A queue is told what a mail says, and the same for machines.
        let notice: Value = serde_json::from_str(message["Message"].as_str().unwrap())?;
        let detail = &notice["detail"];
        assert_eq!(detail["users"]["delete"], LEAVERS, "{notice}");
        let approve = detail["calls"]["approve"].as_str().unwrap();
        let text = notice["text"].as_str().unwrap();
        assert_eq!(
            text.matches(approve).count(),
            4,
            "all, or all but some; in two languages"
        );
        let subject = message["Subject"].as_str().unwrap();
        assert!(subject.contains(&LEAVERS.to_string()), "{subject}");
        assert!(subject.is_ascii() && subject.len() < 100, "{subject}");
        Ok(())
    }
}
