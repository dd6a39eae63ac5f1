//! The demo does what it says, and an act that does not is told.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use local::cli::DemoArgs;
use local::demo::demo;

fn args(folder: &tempfile::TempDir) -> DemoArgs {
    DemoArgs {
        people: 600,
        departments: 20,
        seed: 5,
        data: folder.path().join("demo"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_acts_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    demo(&args(&folder)).await.unwrap();
    let notices = std::fs::read_to_string(folder.path().join("demo/notices.jsonl")).unwrap();
    assert_eq!(notices.lines().count(), 1, "one notice, for the held list");
    // A second time on what the first left: the folder is emptied, nothing else is touched.
    demo(&args(&folder)).await.unwrap();
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
