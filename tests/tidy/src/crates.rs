//! What cargo says of the crates.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The dependencies of one crate that ship with it (not those of its tests).
#[derive(Debug, Default)]
pub struct CrateEdges {
    /// `shared/org-model`
    pub folder: String,
    pub all: BTreeSet<String>,
}

/// Every crate of the workspace, by name.
pub fn crates() -> BTreeMap<String, CrateEdges> {
    let told = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| (text(&package["name"]), edges(package)))
        .collect()
}

fn edges(package: &Value) -> CrateEdges {
    let manifest = text(&package["manifest_path"]);
    let top = root();
    let folder = manifest
        .strip_prefix(&*top.to_string_lossy())
        .unwrap_or(&manifest);
    let folder = folder
        .trim_start_matches('/')
        .trim_end_matches("/Cargo.toml")
        .to_owned();
    let dependencies = package["dependencies"].as_array().unwrap();
    let shipped = dependencies.iter().filter(|d| d["kind"].is_null());
    CrateEdges {
        folder,
        all: shipped.map(|d| text(&d["name"])).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
