//! The project's own tools: pinned, installed by the project, first in the path.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::process::Command;

/// The checkout with its tools installed.
#[derive(Clone, Debug)]
pub struct Workshop {
    root: PathBuf,
}

/// So much of a failed command's output is worth showing.
const SHOWN_LINES_MAX: usize = 60;

impl Workshop {
    /// Installs the tools if they are not yet there.
    pub async fn ready() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().context("the top of the project")?;
        run(&mut Command::new(root.join("tests/tools/install"))).await?;
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where builds may leave things; outside version control.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("target/rehearsal")
    }

    /// Builds both functions for this machine, which is to run them; answers the built template.
    pub async fn build(&self) -> anyhow::Result<PathBuf> {
        let folder = self.scratch().join("build");
        let mut sam = self.command("sam");
        sam.arg("build").arg("--build-dir").arg(&folder);
        sam.args(["--parameter-overrides", &architecture()?]);
        run(&mut sam).await?;
        Ok(folder.join("template.yaml"))
    }

    /// One of the tools, to be run at the top of the project.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.root.join(".venv/bin").join(program));
        command.current_dir(&self.root);
        command.env("PATH", self.path());
        command.env("SAM_CLI_TELEMETRY", "0");
        command.env("SAM_CLI_CHECK_VERSION", "0");
        command
    }

    fn path(&self) -> OsString {
        let mut path = OsString::from(self.root.join(".venv/bin"));
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }
}

/// The template's parameter for this machine's processor.
pub(crate) fn architecture() -> anyhow::Result<String> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("Architecture=x86_64".to_owned()),
        "aarch64" => Ok("Architecture=arm64".to_owned()),
        other => bail!("Lambda has no functions for {other}"),
    }
}

/// Runs a command to its end; answers what it printed.
pub(crate) async fn run(command: &mut Command) -> anyhow::Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let output = command
        .output()
        .await
        .with_context(|| format!("could not start {shown}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let all = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = all.lines().collect();
    let tail = lines[lines.len().saturating_sub(SHOWN_LINES_MAX)..].join("\n");
    bail!("{shown} ended with {}:\n{tail}", output.status)
}
