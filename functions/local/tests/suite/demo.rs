//! The demo does what it says, and an act that does not is told.

use std::path::Path;

use local::cli::DemoArgs;
use local::demo::demo;
use serde_json::Value;

fn args(folder: &tempfile::TempDir) -> DemoArgs {
    DemoArgs {
        people: 600,
        departments: 20,
        seed: 5,
        data: folder.path().join("demo"),
    }
}

fn notices(data: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join("notices.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_acts_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(&folder);
    demo(&args).await.unwrap();
    let notices = notices(&args.data);
    let told: Vec<(&str, u64)> = notices
        .iter()
        .map(|notice| {
            let kind = notice["kind"].as_str().unwrap();
            (kind, notice["detail"]["count"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(told, [("held", 400), ("held", 60), ("held", 1)]);
    for notice in &notices {
        let text = notice["text"].as_str().unwrap();
        let (english, chinese) = text.split_once(sync_run::LANGUAGES_BREAK).unwrap();
        assert!(english.starts_with("Nothing of this was deleted or disabled"));
        assert!(chinese.contains("待审批删除"));
    }
    // A second time on what the first left: the folder is emptied, nothing else is touched.
    demo(&args).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_anything_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(&folder);
    std::fs::create_dir_all(&args.data).unwrap();
    std::fs::write(args.data.join("thesis.txt"), "mine").unwrap();
    assert!(demo(&args).await.is_err());
    assert_eq!(
        std::fs::read_to_string(args.data.join("thesis.txt")).unwrap(),
        "mine"
    );
}
