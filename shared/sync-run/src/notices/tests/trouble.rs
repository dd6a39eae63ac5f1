//! Trouble, word by word.

use serde_json::json;

use super::*;
use crate::ports::StoreError;

#[test]
fn a_failed_run_says_how_far_it_came_and_what_to_enter_where() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let text = failed(&about(&source, &run), &failed_record(), ALL, &untrusted()).text;
    insta::assert_snapshot!(folded(&text), @r#"
    The run of source hq (Head office) failed (untrusted_ip): 9996 changes had been
    > written. Nobody is deleted or disabled because of that.

    What happened: WeCom does not trust 203.0.113.7.
    What to do: add 203.0.113.7 to the app's trusted IPs.

    Look at it:
    - the run in the log:
      GET /sources/hq/runs/r-7

    The next run tries again; while this goes on, you are reminded once a day.

    —

    数据源 hq（Head office）的同步运行失败（untrusted_ip）：此前已写入 9996 项变更。不会因此删除或停用任何人。

    发生了什么：出口代理的 IP 不在应用的可信 IP 中。系统信息：WeCom does not trust 203.0.113.7。
    如何处理：在企业微信管理后台的“企业可信IP”中加入出口代理的公网 IP（add 203.0.113.7 to the app's trusted IPs）。

    查看：
    - 同步日志：
      GET /sources/hq/runs/r-7

    下一次运行会重试；在问题持续期间，每天提醒一次。
    "#);
}

#[test]
fn a_run_that_ended_early_is_not_said_to_have_failed() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let error = error(
        "out_of_time",
        "the time of this run is over",
        "start one now",
    );
    let notice = failed(&about(&source, &run), &record(), ALL, &error);
    let halves = notice.text.split(LANGUAGES_BREAK);
    let first_lines: Vec<_> = halves.filter_map(|half| half.lines().next()).collect();
    let first_lines = first_lines.join("\n");
    assert_eq!(notice.kind, NoticeKind::RunPartial);
    assert!(
        notice.subject.ends_with("run ended early: out_of_time"),
        "{}",
        notice.subject
    );
    assert!(
        !notice.text.contains("failed") && !notice.text.contains("失败"),
        "{}",
        notice.text
    );
    insta::assert_snapshot!(folded(&first_lines), @r"
    The run of source hq (Head office) ended early (out_of_time): 9996 changes had been
    > written. Nobody is deleted or disabled because of that.
    数据源 hq（Head office）的同步运行提前结束（out_of_time）：此前已写入 9996 项变更。不会因此删除或停用任何人。
    ");
}

#[test]
fn what_may_have_been_written_without_an_answer_is_not_said_to_be_unwritten() {
    let said = |done, is_all| {
        let (english, chinese) = Written { done, is_all }.words();
        format!("{english}\n{chinese}")
    };
    let all = [
        said(0, true),
        said(0, false),
        said(7, true),
        said(1, false),
        said(7, false),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    nothing was written
    未写入任何内容
    nothing is known to have been written
    未确认写入任何内容
    7 changes had been written
    此前已写入 7 项变更
    1 change is known to have been written
    此前确认已写入 1 项变更
    7 changes are known to have been written
    此前确认已写入 7 项变更
    ");
}

#[test]
fn a_continuation_whose_source_cannot_be_read_does_not_undo_what_was_written() {
    let broken = error(
        "store_unreadable",
        "a stored item is unreadable",
        "look at it",
    );
    let first_lines = |record: &RunRecord| {
        let notice = unread(record, &broken, now());
        let halves = notice.text.split(LANGUAGES_BREAK);
        let lines: Vec<_> = halves.filter_map(|half| half.lines().next()).collect();
        (lines.join("\n"), notice.detail["rows_done"].clone())
    };
    let (text, done) = first_lines(&in_segment_2());
    assert_eq!(done, 10_702);
    insta::assert_snapshot!(folded(&text), @r"
    A run ended before it was done, 10702 changes are known to have been written: the
    > settings or the state of source hq cannot be read. Nobody is deleted, created or
    > updated while this lasts.
    运行未完成即结束，此前确认已写入 10702 项变更：无法读取数据源 hq 的设置或状态。在此期间不会删除、新增或修改任何人。
    ");
    let fresh = RunRecord::new(
        hq(),
        RunId::new("r-8"),
        Trigger::Schedule,
        RunMode::Apply,
        now(),
    );
    let (text, done) = first_lines(&fresh);
    assert_eq!(done, 0);
    insta::assert_snapshot!(folded(&text), @r"
    Nothing was done: the settings or the state of source hq cannot be read. Nobody is
    > deleted, created or updated while this lasts.
    未执行任何操作：无法读取数据源 hq 的设置或状态。在此期间不会删除、新增或修改任何人。
    ");
}

#[test]
fn rows_that_were_never_answered_may_have_been_written() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let first_lines = |codes: &[(&str, u64)]| {
        let codes = codes.iter().map(|(code, rows)| ((*code).to_owned(), *rows));
        let text = partial(&about(&source, &run), &record(), &codes.collect()).text;
        let halves = text.split(LANGUAGES_BREAK);
        let lines = halves.map(|half| half.lines().take(5).collect::<Vec<_>>().join("\n"));
        lines.collect::<Vec<_>>().join("\n\n")
    };
    let unanswered = first_lines(&[("changed_meanwhile", 3), ("store_unavailable", 1)]);
    insta::assert_snapshot!(folded(&unanswered), @r"
    Failed: 4 rows of the run of source hq (Head office); written: 9996. Whoever failed
    > stays as they were, but where the store did not answer they may have been written.

    Why:
    - changed_meanwhile: 3 rows
    - store_unavailable: 1 row

    失败：数据源 hq（Head office）本次运行中有 4 行失败；已写入 9996 行。失败的条目保持原样，但存储没有应答的可能已经写入。

    原因：
    - changed_meanwhile（期间被其他操作修改）：3 行
    - store_unavailable（DynamoDB 没有应答）：1 行
    ");
    let of_two_segments = first_lines(&[("changed_meanwhile", 1)]);
    insta::assert_snapshot!(folded(&of_two_segments), @r"
    Failed: 4 rows of the run of source hq (Head office); written: 9996. Whoever failed
    > stays as they were, but where the store did not answer they may have been written.

    Why:
    - changed_meanwhile: 1 row
    - in an earlier segment of the run: 3 rows; each says why

    失败：数据源 hq（Head office）本次运行中有 4 行失败；已写入 9996 行。失败的条目保持原样，但存储没有应答的可能已经写入。

    原因：
    - changed_meanwhile（期间被其他操作修改）：1 行
    - 本次运行前面的分段中：3 行，每行都写有原因
    ");
}

#[test]
fn an_undo_whose_process_died_is_asked_for_again() {
    let dead = RunRecord {
        mode: RunMode::Undo,
        ..failed_record()
    };
    let text = buried(&dead, &crate::burial::cause_of(&dead), now()).text;
    assert!(
        !text.contains("goes on") && !text.contains("会继续"),
        "{text}"
    );
    let todo = text
        .lines()
        .filter(|line| line.starts_with("What to do") || line.starts_with("如何处理"));
    insta::assert_snapshot!(folded(&todo.collect::<Vec<_>>().join("\n")), @r"
    What to do: ask for it again: whoever is back stays back; if it repeats, look at the
    > function's memory, duration and rights.
    如何处理：重新发起，已恢复的人保持不变；若反复出现，请检查函数的内存、时长和权限。
    ");
}

#[test]
fn a_shrunken_range_says_whom_it_affects_and_how_to_accept_it() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let range = standing_range();
    let record = RunRecord {
        unsealed_reasons: vec![reason("range_narrower", "2 departments are missing")],
        ..record()
    };
    let notice = range_shrank(&about(&source, &run), &record, &range);
    let text = notice.text.replace(&range.fingerprint.to_string(), "FP");
    insta::assert_snapshot!(folded(&text), @r#"
    Nobody was deleted, disabled or taken out of a department: WeCom shows less of source
    > hq (Head office) than before (visible range); 120 people and 2 departments here are no
    > longer shown. New and changed people were written.

    Why:
    - 2 departments are missing (range_narrower)

    What to do:
    - if it should be as wide as before, widen it in WeCom (or the scope in the settings);
    > the next run goes on from there
    - see what is missing:
      GET /sources/hq/range
    - see who is affected:
      GET /sources/hq/range/affected
    - it is meant to be narrower, and they stay (detached):
      POST /sources/hq/range/accept {"fingerprint":"FP","people":"keep"}
    - it is meant to be narrower, and they become candidates, and deletion protection still
    > judges them:
      POST /sources/hq/range/accept {"fingerprint":"FP","people":"delete"}

    —

    没有删除、停用任何人，也没有把任何人移出部门：数据源 hq（Head office）的可见范围变小了，目录中有 120 人、2 个部门不再可见。新增和修改已写入。

    原因：
    - 可见范围比以前小：2 departments are missing（range_narrower）

    如何处理：
    - 如果不应变小：在企业微信中恢复应用的可见范围（或修改设置中的 scope），下一次运行会继续
    - 查看可见范围的差异：
      GET /sources/hq/range
    - 查看受影响的人员：
      GET /sources/hq/range/affected
    - 确实要变小，人员保留（脱离同步）：
      POST /sources/hq/range/accept {"fingerprint":"FP","people":"keep"}
    - 确实要变小，人员成为删除候选（仍受删除保护）：
      POST /sources/hq/range/accept {"fingerprint":"FP","people":"delete"}
    "#);
    assert_eq!(notice.detail["affected"]["users"], 120);
    let calls = &notice.detail["calls"];
    assert_eq!(calls["range"], "GET /sources/hq/range");
    assert_eq!(calls["affected"], "GET /sources/hq/range/affected");
    assert_eq!(notice.detail["missing"]["whole_company"], true);
}

#[test]
fn a_run_of_several_readings_says_what_they_took_away_together() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let first_lines = |notice: &Notice| {
        let halves = notice.text.split(LANGUAGES_BREAK);
        let lines = halves.flat_map(|half| half.lines().take_while(|line| !line.is_empty()));
        folded(&lines.collect::<Vec<_>>().join("\n"))
    };
    let about = about(&source, &run);
    let notice = unsealed(&about, &with_gap(in_segment_2()));
    let taken = json!({ "segments": 2, "users": 5, "departments": 1, "moved": 700 });
    assert_eq!(notice.detail["taken_by_the_run"], taken);
    insta::assert_snapshot!(first_lines(&notice), @r"
    By this reading nobody was deleted, disabled or taken out of a department: the reading
    > of source hq (Head office) was incomplete. New and changed people were written.
    The run took 2 segments, and each reads anew. Together they deleted, disabled or
    > detached 5 people and 1 department, and moved 700 people, as far as is known.
    没有根据这次读取删除、停用任何人，也没有把任何人移出部门：数据源 hq（Head office）的读取不完整。新增和修改已写入。
    本次运行分 2 段，每段重新读取。已知各段合计删除、停用或脱离 5 人、1 个部门，调动 700 人。
    ");
    let notice = range_shrank(&about, &with_gap(in_segment_2()), &standing_range());
    insta::assert_snapshot!(first_lines(&notice), @r"
    By this reading nobody was deleted, disabled or taken out of a department: WeCom shows
    > less of source hq (Head office) than before (visible range); 120 people and 2
    > departments here are no longer shown. New and changed people were written.
    The run took 2 segments, and each reads anew. Together they deleted, disabled or
    > detached 5 people and 1 department, and moved 700 people, as far as is known.
    没有根据这次读取删除、停用任何人，也没有把任何人移出部门：数据源 hq（Head office）的可见范围变小了，目录中有 120 人、2 个部门不再可见。新增和修改已写入。
    本次运行分 2 段，每段重新读取。已知各段合计删除、停用或脱离 5 人、1 个部门，调动 700 人。
    ");
    let planned = RunRecord {
        mode: RunMode::Plan,
        ..with_gap(record())
    };
    insta::assert_snapshot!(first_lines(&unsealed(&about, &planned)), @r"
    Nobody was deleted, disabled or taken out of a department: the reading of source hq
    > (Head office) was incomplete. Nothing was written: the run only planned.
    没有删除、停用任何人，也没有把任何人移出部门：数据源 hq（Head office）的读取不完整。本次只生成计划，未写入任何内容。
    ");
    let one_reading = unsealed(&about, &with_gap(record()));
    insta::assert_snapshot!(first_lines(&one_reading), @r"
    Nobody was deleted, disabled or taken out of a department: the reading of source hq
    > (Head office) was incomplete. New and changed people were written.
    没有删除、停用任何人，也没有把任何人移出部门：数据源 hq（Head office）的读取不完整。新增和修改已写入。
    ");
}

#[test]
fn rows_that_failed_are_counted_by_code_and_the_rest_was_written() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let codes = [
        ("changed_meanwhile".to_owned(), 3),
        ("TooLarge".to_owned(), 1),
    ];
    let notice = partial(&about(&source, &run), &record(), &codes.into());
    assert_eq!(notice.subject, "[wecom-sync] hq: 4 rows failed");
    insta::assert_snapshot!(folded(&notice.text), @r#"
    Not written: 4 rows of the run of source hq (Head office); written: 9996. Whoever
    > failed stays as they were.

    Why:
    - TooLarge: 1 row
    - changed_meanwhile: 3 rows

    Look at it:
    - the rows with the result `failed`; each has its remedy:
      GET /sources/hq/runs/r-7/rows

    The next run tries them again; while this goes on, you are reminded once a day.

    —

    未写入：数据源 hq（Head office）本次运行中有 4 行失败；已写入 9996 行。失败的条目保持原样。

    原因：
    - TooLarge：1 行
    - changed_meanwhile（期间被其他操作修改）：3 行

    查看：
    - 结果为 failed 的明细行，每行附有处理办法：
      GET /sources/hq/runs/r-7/rows

    下一次运行会重试这些行；在问题持续期间，每天提醒一次。
    "#);
}

#[test]
fn a_refused_secret_is_not_said_to_be_tried_again() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let refused = error(
        "wrong_secret",
        "WeCom refuses the secret of the app",
        "copy the app's secret into credentials.secret",
    );
    let text = failed(&about(&source, &run), &failed_record(), ALL, &refused).text;
    assert!(
        !text.contains("tries again") && !text.contains("重试"),
        "{text}"
    );
    insta::assert_snapshot!(folded(&last_lines(&text)), @r"
    The refused secret is not sent again: until it is put anew, every run fails like this
    > one, and you are reminded once a day.
    被拒绝的 Secret 不会再次发送：重新提交之前，每次运行都会同样失败，每天提醒一次。
    ");
    assert!(
        text.contains("被拒绝的 Secret 不会再次发送，因为"),
        "{text}"
    );
}

#[test]
fn what_a_failed_undo_or_restore_left_is_not_said_to_be_done_by_the_next_run() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let error = error("store_refused", "DynamoDB refused", "check the rights");
    for mode in [RunMode::Undo, RunMode::Restore] {
        let record = RunRecord { mode, ..record() };
        let own = failed(&about(&source, &run), &record, ALL, &error).text;
        let rows = partial(&about(&source, &run), &record, &BTreeMap::new()).text;
        for text in [own, rows, buried(&record, &error, now()).text] {
            for again in ["tries again", "tries them again", "重试"] {
                assert!(!text.contains(again), "{text}");
            }
            insta::allow_duplicates! {
                insta::assert_snapshot!(last_lines(&text), @r"
                No later run does this by itself: ask for it again.
                以后的运行不会自动完成，需要重新发起。
                ");
            }
        }
    }
}

#[test]
fn an_undo_that_the_store_stopped_is_not_said_to_be_done_by_the_next_run() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let stopped = [
        StoreError::Unavailable {
            act: "write rows",
            reason: "throttled".to_owned(),
        },
        StoreError::Conflict { act: "decide" },
    ];
    for error in stopped.map(Trouble::Store) {
        let record = failed_record();
        let undo = RunRecord {
            mode: RunMode::Undo,
            ..record.clone()
        };
        let said = |record: &RunRecord| {
            let error = error.error_of(record);
            failed(&about(&source, &run), record, ALL, &error).text
        };
        let (again, again_chinese) = ("the next run", "下一次运行会重试");
        let text = said(&undo);
        assert!(!text.contains(again), "{text}");
        assert!(!text.contains(again_chinese), "{text}");
        assert!(text.contains("ask for it again: whoever is back"), "{text}");
        assert!(text.contains("如何处理：重新发起"), "{text}");
        let text = said(&record);
        assert!(text.contains(again), "{text}");
        assert!(text.contains(again_chinese), "{text}");
    }
}

/// What each language ends with.
fn last_lines(text: &str) -> String {
    let (english, chinese) = text.split_once(LANGUAGES_BREAK).unwrap();
    let last = |half: &str| half.lines().last().unwrap_or_default().to_owned();
    format!("{}\n{}", last(english), last(chinese))
}

#[test]
fn an_agent_that_is_down_is_blamed_in_chinese_for_its_own_failure() {
    let (source, run) = (hq(), RunId::new("r-7"));
    let chinese = |code, through| {
        let (id, message) = ("dc-1".to_owned(), "its message".to_owned());
        let failure = AgentFailure { id, code, message };
        let text = agent_down(&about(&source, &run), &failure, through).text;
        let (_, chinese) = text.split_once(LANGUAGES_BREAK).unwrap();
        let lines: Vec<&str> = chinese.lines().take(3).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(chinese("no_agent", Some("dc-2")), @r"
    数据源 hq（Head office）的运行已通过出口代理 dc-2 完成：出口代理 dc-1 无法使用。

    发生了什么：无法连接该出口代理，或它拒绝转发。系统信息：its message（no_agent）。
    ");
    insta::assert_snapshot!(chinese("untrusted_ip", None), @r"
    数据源 hq（Head office）的运行已绕过它完成：出口代理 dc-1 无法使用。

    发生了什么：该出口代理的 IP 不在应用的可信 IP 中。系统信息：its message（untrusted_ip）。
    ");
    // Whatever is held against an agent has words for this one agent.
    for code in [
        "no_agent",
        "forbidden_address",
        "tls",
        "no_answer",
        "untrusted_ip",
        "tokens_blocked",
        "not_wecom",
    ] {
        assert!(chinese(code, Some("dc-2")).contains("该出口代理"), "{code}");
    }
}
