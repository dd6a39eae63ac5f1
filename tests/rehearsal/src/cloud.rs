//! A stand-in for AWS on a free port of this machine, and what is deployed to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde::Deserialize;
use tempfile::TempDir;

use crate::process::Running;
use crate::services::STACK;
use crate::workshop::{architecture, run};
use crate::{AdminApi, Caller, Queue, REGION, Services, Workshop, wait_for};

/// Runs until it is dropped; then everything in it is gone.
#[derive(Debug)]
pub struct Cloud {
    // Fields are dropped in order: the process before the folder it writes to.
    _process: Running,
    folder: TempDir,
    workshop: Workshop,
    http: reqwest::Client,
    port: u16,
}

/// What a deployed stack says about itself, by name.
#[derive(Clone, Debug)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    pub fn get(&self, name: &str) -> anyhow::Result<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.with_context(|| format!("the stack has no output {name}"))
    }
}

impl Cloud {
    /// `authority` is the certificate that the functions are to trust.
    pub async fn start(workshop: &Workshop, authority: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(workshop.scratch())?;
        let folder = TempDir::new_in(workshop.scratch())?;
        let authority_file = folder.path().join("authority.pem");
        std::fs::write(&authority_file, authority)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut process = Running::start(&mut command(
            workshop,
            folder.path(),
            &authority_file,
            port,
        )?)
        .context("starting MiniStack")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let health = format!("http://127.0.0.1:{port}/_ministack/health");
        let log = log_file(folder.path());
        wait_for("MiniStack", async || {
            ensure!(
                !process.has_ended(),
                "MiniStack ended at once: {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            let answer = http.get(&health).send().await;
            Ok(answer
                .is_ok_and(|it| it.status().is_success())
                .then_some(()))
        })
        .await?;
        Ok(Self {
            _process: process,
            folder,
            workshop: workshop.clone(),
            http,
            port,
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A real `sam deploy`. `parameters` are `Name=value`.
    pub async fn deploy(
        &self,
        template: &Path,
        stack: &str,
        parameters: &[String],
    ) -> anyhow::Result<Outputs> {
        let mut sam = self.sam();
        sam.arg("deploy").arg("--template-file").arg(template);
        sam.args(["--stack-name", stack, "--region", REGION]);
        sam.args(["--resolve-s3", "--no-confirm-changeset"]);
        sam.args(["--capabilities", "CAPABILITY_IAM"]);
        if !parameters.is_empty() {
            sam.arg("--parameter-overrides").args(parameters);
        }
        run(&mut sam).await?;
        self.outputs(stack).await
    }

    /// Deploys the built product.
    pub async fn deploy_product(&self, built: &Path) -> anyhow::Result<Outputs> {
        self.deploy(built, STACK, &[architecture()?]).await
    }

    /// Deploys those who listen to the product.
    pub async fn deploy_audience(&self, product: &Outputs) -> anyhow::Result<Outputs> {
        let template = self.workshop.root().join("tests/rehearsal/audience.yaml");
        let names = ["NoticeTopicArn", "EventBusName", "ApiId"];
        let parameters = names.map(|name| Ok(format!("{name}={}", product.get(name)?)));
        let parameters = parameters.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        self.deploy(&template, "audience", &parameters).await
    }

    async fn outputs(&self, stack: &str) -> anyhow::Result<Outputs> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            output_key: String,
            output_value: String,
        }
        let mut sam = self.sam();
        sam.args(["list", "stack-outputs", "--stack-name", stack]);
        sam.args(["--output", "json", "--region", REGION]);
        let printed = run(&mut sam).await?;
        let outputs: Vec<Output> =
            serde_json::from_str(&printed).context("the outputs of the stack")?;
        let pairs = outputs.into_iter();
        Ok(Outputs(
            pairs.map(|it| (it.output_key, it.output_value)).collect(),
        ))
    }

    fn sam(&self) -> tokio::process::Command {
        let mut sam = self.workshop.command("sam");
        for (name, value) in account(&self.endpoint()) {
            sam.env(name, value);
        }
        sam
    }

    pub fn api(&self, product: &Outputs) -> anyhow::Result<AdminApi> {
        let id = product.get("ApiId")?;
        Ok(AdminApi::new(self.http.clone(), self.port, id))
    }

    pub fn queue(&self, url: &str) -> Queue {
        Queue::new(self.http.clone(), &self.endpoint(), url)
    }

    /// What stands in the services beside the product.
    pub fn services(&self) -> Services {
        Services::new(self.http.clone(), &self.endpoint())
    }

    /// A key of its own for a user of the account. (The stand-in cannot make one in a template.)
    pub async fn caller(&self, user: &str) -> anyhow::Result<Caller> {
        let body = format!("Action=CreateAccessKey&Version=2010-05-08&UserName={user}");
        let url = format!("{}/", self.endpoint());
        let form = "application/x-www-form-urlencoded";
        let request = self.http.post(&url).header("content-type", form);
        let request = Caller::root().sign(request, "iam", &Method::POST, &url, &body)?;
        let answer = request.body(body).send().await?.text().await?;
        let part = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(value, _)| value.to_owned())
        };
        let key = part("AccessKeyId").zip(part("SecretAccessKey"));
        let (id, secret) = key.context("a key for the user")?;
        Ok(Caller::new(&id, &secret))
    }

    /// Every text that stands in the items of a table, at any depth.
    pub async fn texts_in(&self, table: &str) -> anyhow::Result<BTreeSet<String>> {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(self.endpoint())
            .credentials_provider(Caller::root().credentials())
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let mut pages = client.scan().table_name(table).into_paginator().send();
        let mut texts = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for item in page?.items() {
                item.values().for_each(|value| collect(value, &mut texts));
            }
        }
        Ok(texts)
    }

    /// What the stand-in and the functions have printed so far, for a failure's sake.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_file(self.folder.path())).unwrap_or_default()
    }
}

fn collect(value: &AttributeValue, texts: &mut BTreeSet<String>) {
    match value {
        AttributeValue::S(text) => {
            texts.insert(text.clone());
        }
        // Packed texts are not read; one that was only put into bytes is.
        AttributeValue::B(bytes) => {
            texts.insert(String::from_utf8_lossy(bytes.as_ref()).into_owned());
        }
        AttributeValue::Ss(set) => texts.extend(set.iter().cloned()),
        AttributeValue::M(map) => map.values().for_each(|value| collect(value, texts)),
        AttributeValue::L(list) => list.iter().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("ministack.log")
}

/// The account that the stand-in invents, and nothing of this machine's own.
fn account(endpoint: &str) -> [(&'static str, String); 8] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

fn command(
    workshop: &Workshop,
    folder: &Path,
    authority_file: &Path,
    port: u16,
) -> anyhow::Result<Command> {
    let log = File::create(log_file(folder))?;
    let python = workshop.root().join(".venv/stand-ins/bin/python");
    let mut command = Command::new(python);
    command.arg(workshop.root().join("tests/rehearsal/cloud.py"));
    command.env_clear();
    for kept in ["PATH", "HOME", "LANG"] {
        command.envs(std::env::var_os(kept).map(|value| (kept, value)));
    }
    // The functions inherit all of it: where AWS is, and whom to trust.
    command.envs(account(&format!("http://127.0.0.1:{port}")));
    command.env("SSL_CERT_FILE", authority_file);
    command.env("TMPDIR", folder);
    command.env("BIND_HOST", "127.0.0.1");
    command.env("GATEWAY_PORT", port.to_string());
    command.env("MINISTACK_REGION", REGION);
    // The functions' roles are judged by their policies, as on AWS.
    command.env("AUTH", "true");
    // Two services that would listen on every address of this machine.
    command
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0");
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(log.try_clone()?).stderr(log);
    Ok(command)
}
