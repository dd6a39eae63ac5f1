//! The binary as it is called: sizes in, numbers out, each run in a process of its own.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_small_organisation_is_measured_with_three_runs() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--people", "100", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let sizes: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = sizes[0]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let calls = case["record"]["wecom_calls"].as_object().unwrap();
        let calls: u64 = calls.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(calls, case["minimum"]["wecom_calls"].as_u64().unwrap());
        for kind in ["read_units", "write_units"] {
            let consumed = case["units"][kind].as_f64().unwrap();
            let minimum = case["minimum"][kind].as_f64().unwrap();
            assert!(minimum > 0.0, "{kind} of {}", case["name"]);
            assert!(consumed >= minimum, "{kind} of {}", case["name"]);
        }
        assert!(case["peak_bytes"].as_u64() > case["idle_bytes"].as_u64());
        assert!(case["wall_seconds"].as_f64().unwrap() > 0.0);
    }
}
