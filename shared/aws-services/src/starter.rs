//! Starting `sync-org`: for a queued run, for a run's next segment, for a clearing.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use org_model::{RunId, SourceId};
use serde_json::{Value, json};
use sync_run::Trigger;
use sync_run::ports::{RunStarter, SendError};

use crate::send_error::{refusal, send_error};

const SERVICE: &str = "Lambda";

/// Lambda has put the event in its queue and says no more.
const ACCEPTED: i32 = 202;

/// Invokes `sync-org` asynchronously. An event that arrives twice starts one run: its run id, and
/// each of its segments, can be claimed once.
#[derive(Clone, Debug)]
pub struct LambdaStarter {
    client: Client,
    function_arn: String,
}

impl LambdaStarter {
    pub fn new(config: &SdkConfig, function_arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            function_arn: function_arn.into(),
        }
    }
}

#[async_trait]
impl RunStarter for LambdaStarter {
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: Trigger,
    ) -> Result<(), SendError> {
        let event = json!({ "source": source, "run": run, "trigger": trigger });
        self.invoke(&event).await
    }

    async fn start_segment(
        &self,
        source: &SourceId,
        run: &RunId,
        segment: u32,
    ) -> Result<(), SendError> {
        let event = json!({ "source": source, "run": run, "segment": segment });
        self.invoke(&event).await
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        self.invoke(&json!({ "source": source, "clear": true }))
            .await
    }
}

impl LambdaStarter {
    async fn invoke(&self, event: &Value) -> Result<(), SendError> {
        let answer = self
            .client
            .invoke()
            .function_name(&self.function_arn)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event.to_string()))
            .send()
            .await
            .map_err(|error| send_error(SERVICE, &error))?;
        match answer.status_code() {
            ACCEPTED => Ok(()),
            status => Err(refusal(
                SERVICE,
                format!("status {status} instead of {ACCEPTED}"),
            )),
        }
    }
}
