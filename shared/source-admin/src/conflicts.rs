//! Two records that may be one person, and an administrator's word on them.

use org_model::{DirectoryUser, InternalId, ItemKind, ItemState, RunId, SourceId, UserId, UserKey};
use org_plan::{Action, HeldItem, Resolution, RuleLimit};
use sync_run::{
    OtherRecord, Row, RowResult, RunMode, RunRecord, RunStatus, StoredResolution, Trigger,
};

use crate::ports::{Author, RowFilter};
use crate::{Admin, AdminError, Warning};

/// What a run says of somebody who has the userid and not the name of a detached record.
const NAME_CONFLICT: &str = "name_conflict";

/// Another record that may be the person who has a userid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub other: OtherRecord,
    pub userid: UserId,
    pub internal_id: InternalId,
    pub name: String,
    /// What was said about exactly this and no run has carried out yet.
    pub said: Option<StoredResolution>,
}

/// One person as the directory shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonView {
    pub user: DirectoryUser,
    pub conflict: Option<Conflict>,
}

/// A word that stands, and what was done to have it carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedConflict {
    pub resolution: StoredResolution,
    /// The run that was queued for it.
    pub run: Option<RunRecord>,
    /// The run that was live already.
    pub live_run: Option<RunId>,
    pub warnings: Vec<Warning>,
}

impl Admin {
    /// A person by their id in WeCom, ignoring case.
    pub async fn user(&self, id: &str, userid: &str) -> Result<PersonView, AdminError> {
        let source = self.known_place(id).await?;
        let user = self.person(&source, userid).await?;
        let mut conflict = self.conflict_of(&source, &user).await?;
        // Most of the detached are nobody's business: only a run knows that WeCom shows another.
        if user.detached && !self.met_another_name(&source, &user).await? {
            conflict = None;
        }
        if let Some(found) = conflict.take() {
            conflict = self.unsettled(&source, &user.key(), found).await?;
        }
        Ok(PersonView { user, conflict })
    }

    /// The conflict with what was said of it. None is left of two people, once a run has heard that
    /// they are two: their records stay as they are, and nothing else would ever show it.
    async fn unsettled(
        &self,
        source: &SourceId,
        userid: &UserKey,
        mut conflict: Conflict,
    ) -> Result<Option<Conflict>, AdminError> {
        let kept = &self.ports.kept;
        let said = kept.resolution(source, userid).await?;
        conflict.said = said.filter(|said| conflict.is_of(said));
        if conflict.said.is_some() {
            return Ok(Some(conflict));
        }
        if conflict.other == OtherRecord::Detached {
            // Of these a run has to make two records, or could not yet.
            return Ok(Some(conflict));
        }
        let settled = kept.settled(source, userid).await?;
        let is_settled = settled.is_some_and(|settled| conflict.is_of(&settled));
        Ok((!is_settled).then_some(conflict))
    }

    /// Says whether a record and the other one are the same person. The word is durable before a
    /// run is started for it, and stands whether or not one could be. `with`: the internal id of
    /// the other record, so that nobody speaks of another conflict than was shown.
    pub async fn resolve(
        &self,
        id: &str,
        userid: &str,
        choice: Resolution,
        with: Option<&str>,
        by: &str,
    ) -> Result<ResolvedConflict, AdminError> {
        let source = self.known_source_id(id).await?;
        let user = self.person(&source, userid).await?;
        let conflict = self.conflict_of(&source, &user).await?;
        let conflict = conflict.ok_or_else(|| AdminError::NoConflict {
            userid: user.userid.clone(),
        })?;
        if with.is_some_and(|with| with != conflict.internal_id.as_str()) {
            return Err(AdminError::OtherConflict {
                userid: user.userid,
            });
        }
        let word = conflict.word(&user.userid, choice, self.author(by));
        let resolution = self.say(&source, word).await?;
        let key = format!(
            "resolve:{}:{}:{}",
            user.key(),
            resolution.other_internal_id,
            resolution.at
        );
        let record = self.queued_record(&source, Trigger::Approval, by);
        let asked = self.run_for(record, key).await;
        Ok(ResolvedConflict {
            resolution,
            run: asked.run,
            live_run: asked.live_run,
            warnings: asked.warnings,
        })
    }

    /// The same word again changes nothing, whoever says it.
    async fn say(
        &self,
        source: &SourceId,
        word: StoredResolution,
    ) -> Result<StoredResolution, AdminError> {
        let kept = &self.ports.kept;
        let (userid, is_detached) = (word.userid.key(), word.other == OtherRecord::Detached);
        let mut earlier = kept.resolution(source, &userid).await?;
        if earlier.is_none() && !is_detached {
            // Heard by a run already; nothing is left to do for it.
            earlier = kept.settled(source, &userid).await?;
        }
        let same = |earlier: &StoredResolution| {
            earlier.choice == word.choice && earlier.other_internal_id == word.other_internal_id
        };
        if let Some(earlier) = earlier.filter(same) {
            return Ok(earlier);
        }
        kept.put_resolution(source, &word).await?;
        Ok(word)
    }

    /// What stands in the way comes first: a detached record lets nothing be written, a suspected
    /// rename holds a deletion, a record moved aside waits for nobody.
    async fn conflict_of(
        &self,
        source: &SourceId,
        user: &DirectoryUser,
    ) -> Result<Option<Conflict>, AdminError> {
        if user.detached {
            return Ok(Some(Conflict::with(OtherRecord::Detached, user)));
        }
        if user.state() != ItemState::Live {
            return Ok(None);
        }
        if let Some(held) = self.suspected_rename(source, &user.key()).await? {
            return Ok(Some(Conflict::with_held(held)));
        }
        let aside = self.ports.directory.aside(source, &user.key()).await?;
        let latest = aside.first();
        Ok(latest.map(|other| Conflict::with(OtherRecord::Aside, other)))
    }

    /// Whose deletion waits because this person may be them.
    async fn suspected_rename(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<HeldItem>, AdminError> {
        let headers = self.ports.held.lists(source).await?;
        for header in headers.iter().filter(|header| self.waits(&header.list)) {
            let list = &header.list.list;
            let suspects = |limit| limit == RuleLimit::SuspectedRename;
            if !list.rules.iter().any(|rule| suspects(rule.limit)) {
                continue;
            }
            let whole = self.ports.held.list(source, list.fingerprint).await?;
            let Some(whole) = whole.filter(|whole| self.waits(whole)) else {
                continue;
            };
            let names = |item: &&HeldItem| {
                let new = item.suspected_rename.as_ref();
                new.is_some_and(|new| new.key() == *userid)
            };
            if let Some(item) = whole.remaining().find(names) {
                return Ok(Some(item.clone()));
            }
        }
        Ok(None)
    }

    /// Did the latest run that applied find this userid with another name?
    async fn met_another_name(
        &self,
        source: &SourceId,
        user: &DirectoryUser,
    ) -> Result<bool, AdminError> {
        let runs = self.recent_runs(source).await?;
        let applied = |run: &&RunRecord| {
            let ended = [RunStatus::Succeeded, RunStatus::Partial, RunStatus::Held];
            run.mode == RunMode::Apply && ended.contains(&run.status)
        };
        let Some(run) = runs.iter().find(applied) else {
            return Ok(false);
        };
        let filter = RowFilter {
            kind: Some(ItemKind::User),
            action: Some(Action::Adopt),
            result: Some(RowResult::Failed),
        };
        let met = |row: &Row| {
            row.code.as_deref() == Some(NAME_CONFLICT) && row.internal_id == user.internal_id
        };
        self.any_row(run, &filter, met).await
    }
}

impl Conflict {
    fn with(other: OtherRecord, record: &DirectoryUser) -> Self {
        Self {
            other,
            userid: record.userid.clone(),
            internal_id: record.internal_id.clone(),
            name: record.name.clone(),
            said: None,
        }
    }

    fn with_held(item: HeldItem) -> Self {
        Self {
            other: OtherRecord::Renamed,
            userid: UserId::new(item.id),
            internal_id: item.internal_id,
            name: item.name,
            said: None,
        }
    }

    fn is_of(&self, said: &StoredResolution) -> bool {
        said.other_internal_id == self.internal_id
    }

    fn word(self, userid: &UserId, choice: Resolution, author: Author) -> StoredResolution {
        StoredResolution {
            userid: userid.clone(),
            choice,
            other: self.other,
            other_userid: self.userid,
            other_internal_id: self.internal_id,
            by: author.by,
            at: author.at,
        }
    }
}
