//! `yingda ask`.

use tempfile::TempDir;

use super::{argument, check_failed};
use crate::harness::child::{Ran, run, run_with_input};

/// Asks the demo bases: there is no data folder.
fn ask(arguments: &[&str]) -> Ran {
    let folder = TempDir::new().expect("a folder");
    let missing = folder.path().join("none");
    let all: Vec<&str> = ["--data", argument(&missing), "ask"].iter().chain(arguments).copied().collect();
    let ran = run(&all);
    assert!(!missing.exists(), "asking makes no data folder");
    ran
}

#[test]
fn a_question_is_answered_on_the_demo_bases() {
    let ran = ask(&["怎么查我的快递到哪了？"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("outcome=answered") && ran.out.contains("article=retail/track-parcel"), "{}", ran.out);
}

#[test]
fn the_reply_is_one_json_object() {
    let ran = ask(&["--kb", "retail", "--json", "怎么查我的快递到哪了？"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let reply = ran.json();
    assert_eq!(reply["outcome"], "OUTCOME_ANSWERED");
    assert_eq!(reply["answer"]["article"], "knowledgeBases/retail/articles/track-parcel");
    assert!(reply["answer"]["confidence"].as_f64().expect("a number") > 0.5);
    assert!(reply["analysis"]["types"][0]["type"].as_str().expect("a name").starts_with("INQUIRY_TYPE_"));
    assert!(reply.get("explanation").is_none());
    assert_eq!(ran.out.lines().count(), 1);
}

#[test]
fn the_whole_why_is_shown_on_request() {
    let ran = ask(&["--kb", "knowledgeBases/retail", "--explain", "怎麼取消會員自動續費"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for word in ["normalized", "words", "thresholds", "retail/auto-renew-cancel"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    let json = ask(&["--kb", "retail", "--explain", "--json", "怎麼取消會員自動續費"]).json();
    assert!(json["explanation"]["normalizedText"].as_str().expect("a text").contains("怎么取消会员自动续费"));
    assert!(json["candidates"][0]["features"].as_array().is_some_and(|features| !features.is_empty()));
}

#[test]
fn every_outcome_is_a_success() {
    for (text, want) in [("你好", "OUTCOME_SMALL_TALK"), ("转人工", "OUTCOME_HANDOFF"), ("！！！", "OUTCOME_NO_ANSWER")]
    {
        let ran = ask(&["--kb", "retail", "--json", text]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.json()["outcome"], want, "{text}");
    }
}

#[test]
fn a_message_may_come_from_standard_input() {
    let folder = TempDir::new().expect("a folder");
    let data = argument(folder.path());
    let arguments = ["--data", data, "ask", "--kb", "retail", "--channel", "email", "--json", "-"];
    let ran = run_with_input(&arguments, "怎么查我的快递到哪了？\n".as_bytes());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.json()["message"].as_str().expect("a text").starts_with("尊敬的客户："), "{}", ran.out);
    check_failed(&run_with_input(&arguments, b"\xff\xfe"), 1, &["UTF-8"]);
}

#[test]
fn what_cannot_be_asked_says_why() {
    check_failed(&ask(&[""]), 1, &["text: must not be empty"]);
    check_failed(&ask(&[" "]), 1, &["text: must not be empty"]);
    check_failed(&ask(&[&"退".repeat(2_001)]), 1, &["2000 characters"]);
    check_failed(&ask(&["--kb", "nowhere", "你好"]), 1, &["nowhere"]);
    check_failed(&ask(&["--kb", "No Where", "你好"]), 1, &["No Where", "identifier"]);
    assert_eq!(ask(&["--kb", "retail", &"退".repeat(2_000)]).code, Some(0));
}
