//! DynamoDB in this process, spoken to over loopback by the real SDK client.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use tokio::sync::oneshot;

use crate::crash::Faults;
use crate::template::{TEMPLATE, create_missing_tables, tables_from_template};

/// The tables' names: the logical ids of template.yaml.
pub const DIRECTORY_TABLE: &str = "DirectoryTable";
pub const SYNC_TABLE: &str = "SyncTable";

/// A served database with the template's tables. Stops on drop.
#[derive(Debug)]
pub struct EmbeddedDynamo {
    address: SocketAddr,
    database: Served,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// `Database` has no `Debug`.
struct Served(Database);

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Served")
    }
}

impl EmbeddedDynamo {
    /// In memory, on a free port.
    ///
    /// # Errors
    /// If the database cannot start or refuses the tables.
    pub async fn start() -> anyhow::Result<Self> {
        Self::serve(Database::memory()?, TEMPLATE).await
    }

    /// In the file `path`, which is made when missing, with the tables of `template`.
    ///
    /// # Errors
    /// As [`EmbeddedDynamo::start`], and if the file is not a database.
    pub async fn open(path: &Path, template: &str) -> anyhow::Result<Self> {
        let path = path
            .to_str()
            .context("the database's path is no valid text")?;
        Self::serve(Database::new(path)?, template).await
    }

    async fn serve(database: Database, template: &str) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let served = database.clone();
        // A thread with a runtime of its own: the database computes without yielding, and whoever
        // owns the caller's runtime must not wait for it; ending the runtime ends every connection.
        let thread = std::thread::Builder::new()
            .name("embedded-dynamodb".to_owned())
            .spawn(move || run_server(listener, served, stopped))?;
        let dynamo = Self {
            address,
            database: Served(database),
            stop: Some(stop),
            thread: Some(thread),
        };
        create_missing_tables(&dynamo.client(), &tables_from_template(template)?).await?;
        Ok(dynamo)
    }

    /// `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client over the wire.
    pub fn client(&self) -> Client {
        client_at(&self.endpoint(), &Faults::default())
    }

    /// A client whose requests suffer `faults`.
    pub fn client_with(&self, faults: &Faults) -> Client {
        client_at(&self.endpoint(), faults)
    }

    /// Deletes what has expired, as DynamoDB does in its own time. How many items that were.
    ///
    /// # Errors
    /// If the database fails.
    pub fn sweep_expired(&self) -> anyhow::Result<usize> {
        Ok(self.database.0.sweep_ttl()?)
    }
}

impl Drop for EmbeddedDynamo {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server that panicked has told so on stderr; nothing is left to stop.
            let _ended = thread.join();
        }
    }
}

fn run_server(listener: std::net::TcpListener, database: Database, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the embedded database has no runtime: {error}");
            return;
        }
    };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        tokio::select! {
            () = dynoxide::server::serve_on(listener, database) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}

/// A client for any DynamoDB on loopback: plain HTTP, made-up credentials, and retries like the
/// SDK's own but without its waits, so that a test of ten throttled requests takes no second.
pub fn client_at(endpoint: &str, faults: &Faults) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "testkit"))
        .retry_config(retries)
        .http_client(faults.http_client())
        .build();
    Client::from_conf(config)
}
