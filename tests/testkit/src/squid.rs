//! Debian's Squid as an agent, where it is installed: what the small proxy of this crate stands
//! for. It demands basic authentication, reaches the hosts on its list and no others, and resolves
//! names by itself, so that a name of its own proves that a request went through it.

use std::fs::{File, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// Where Debian's packages `squid` and `squid-openssl` put them.
const PROGRAM: &str = "/usr/sbin/squid";
const PASSWORD_CHECK: &str = "/usr/lib/squid/basic_ncsa_auth";

/// Who may use it, and the line of its password file.
pub const SQUID_USER: &str = "wecom-sync";
pub const SQUID_PASSWORD: &str = "through-squid";
const PASSWORDS: &str = "wecom-sync:$apr1$loopback$mLgUstKMwRFiNK80FVfdN1\n";

/// It starts in well under a second on an idle machine.
const START_MAX: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a Squid knows of the world.
#[derive(Clone, Debug)]
pub struct SquidOptions {
    /// Outgoing connections come from this loopback address: what the other side sees.
    pub source: Ipv4Addr,
    /// Names that it reaches. They mean 127.0.0.1, to it alone.
    pub allowed: Vec<String>,
    /// Names that it could reach and does not.
    pub forbidden: Vec<String>,
}

/// A running Squid on a free port of 127.0.0.1; ended by its own process id on drop.
#[derive(Debug)]
pub struct Squid {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Squid {
    /// Whether there is one on this machine. A test that needs it says so where there is none.
    pub fn is_installed() -> bool {
        [PROGRAM, PASSWORD_CHECK]
            .iter()
            .all(|path| Path::new(path).exists())
    }

    /// Starts one with a folder of its own, which goes with it.
    ///
    /// # Errors
    /// If it does not take connections; what it wrote is in the error.
    pub async fn start(options: &SquidOptions) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("squid-").tempdir()?;
        // Started by root, it goes on as another user.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        write_files(folder.path(), address, options)?;
        let errors = File::create(folder.path().join("errors"))?;
        let process = Command::new(PROGRAM)
            // One process in the foreground, which shares no memory with another Squid.
            .arg("-N")
            .arg("-f")
            .arg(folder.path().join("squid.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .context("starting Squid")?;
        let mut squid = Self {
            process,
            address,
            folder,
        };
        squid.takes_connections().await?;
        Ok(squid)
    }

    async fn takes_connections(&mut self) -> anyhow::Result<()> {
        let patience_ends = Instant::now() + START_MAX;
        while Instant::now() < patience_ends {
            if let Some(status) = self.process.try_wait()? {
                bail!("Squid ended with {status}: {}", self.complaints());
            }
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        bail!("Squid takes no connections: {}", self.complaints())
    }

    fn complaints(&self) -> String {
        self.text_of("errors") + &self.text_of("cache.log")
    }

    fn text_of(&self, file: &str) -> String {
        // Not there: nothing was written.
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// `http://127.0.0.1:<port>`, without the credentials that it demands.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its own record: a line for every request that ended.
    pub fn log(&self) -> String {
        self.text_of("access.log")
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("Squid {} could not be ended: {error}", self.process.id());
        }
    }
}

fn write_files(folder: &Path, address: SocketAddr, options: &SquidOptions) -> std::io::Result<()> {
    let known = options.allowed.iter().chain(&options.forbidden);
    let hosts: String = known.map(|name| format!("127.0.0.1 {name}\n")).collect();
    std::fs::write(folder.join("hosts"), hosts)?;
    std::fs::write(folder.join("passwords"), PASSWORDS)?;
    let settings = settings(&folder.display().to_string(), address, options);
    std::fs::write(folder.join("squid.conf"), settings)
}

/// The order of `http_access` matters: who comes is asked before where to.
fn settings(folder: &str, address: SocketAddr, options: &SquidOptions) -> String {
    let allowed = options.allowed.join(" ");
    format!(
        "http_port {address}
visible_hostname localhost
tcp_outgoing_address {source}
hosts_file {folder}/hosts
dns_nameservers 127.0.0.1
auth_param basic program {PASSWORD_CHECK} {folder}/passwords
auth_param basic children 2 startup=1
auth_param basic realm agent
acl known proxy_auth REQUIRED
acl wecom dstdomain {allowed}
http_access deny !known
http_access deny !wecom
http_access allow all
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
coredump_dir {folder}
pinger_enable off
netdb_filename none
cache deny all
cache_mem 1 MB
max_filedescriptors 1024
",
        source = options.source,
    )
}
