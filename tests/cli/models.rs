//! `yingda train --messages` and `yingda models`: from a spreadsheet to a bundle that serves.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;
use yingda::rpc::pb;

use super::{argument, check_failed};
use crate::harness::{
    child::{ServeChild, run},
    repository,
    server::Clients,
};

const ASKS: [(&str, &str, &str); 4] = [
    ("签证怎么办", "visa", "consultation"),
    ("房产证什么时候能领", "land", "consultation"),
    ("公司怎么报税", "tax", ""),
    ("你们几点下班", "other", ""),
];

/// Writes 120 messages of four domains; some have a type.
fn spreadsheet(dir: &Path) -> std::path::PathBuf {
    let starts = ["", "请问", "你好", "那个", "急", "麻烦问下", "我想问", "帮我看看", "老师", "在吗"];
    let mut text = "\u{feff}text,domain,type,urgency,sentiment\r\n".to_owned();
    for (start, end) in starts.iter().flat_map(|start| ["", "啊", "谢谢"].map(|end| (start, end))) {
        ASKS.iter().for_each(|(ask, domain, kind)| {
            text += &format!("\"{start}{ask}{end}\",{domain},{kind},normal,neutral\r\n")
        });
    }
    let path = dir.join("messages.csv");
    fs::write(&path, text).expect("a file");
    path
}

/// Trains `acme/1` of it in a models folder, beside the shipped bundle.
fn trained(dir: &Path) -> serde_json::Value {
    let (csv, out) = (spreadsheet(dir), dir.join("models/acme/1"));
    let ran = run(&[
        "--json",
        "train",
        "--messages",
        argument(&csv),
        "--with-shipped=false",
        "--name",
        "acme",
        "--out",
        argument(&out),
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let shipped = dir.join("models/yingda-base/1");
    fs::create_dir_all(&shipped).expect("a folder");
    for file in ["bundle.json", "ranker.json", "weights.safetensors"] {
        fs::copy(repository("models/yingda-base/1").join(file), shipped.join(file)).expect("a copy");
    }
    ran.json()
}

#[test]
fn a_spreadsheet_becomes_a_bundle_that_serves() {
    let dir = TempDir::new().expect("a folder");
    let result = trained(dir.path());
    assert_eq!(result["domains"], serde_json::json!(["land", "tax", "visa", "other"]));
    assert_eq!((&result["bundle"], &result["rows"]), (&"acme/1".into(), &120.into()));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("models/acme/1/report.json")).expect("a report"))
            .expect("JSON");
    let domain = report["heads"].as_array().expect("heads").iter().find(|head| head["name"] == "domain");
    assert!(domain.expect("a domain head")["macro_f1"].as_f64().expect("a figure") > 0.8, "{report}");
    assert_eq!(report, result["report"]);
    let text = fs::read_to_string(dir.path().join("models/acme/1/report.txt")).expect("a report");
    assert!(text.contains("domain: macro-F1") && text.contains("reliability"), "{text}");

    let (data, models) = (dir.path().join("data"), dir.path().join("models"));
    let with = |arguments: &[&str]| {
        let config = dir.path().join("yingda.toml");
        fs::write(&config, format!("models_dir = {:?}\n", argument(&models))).expect("a file");
        run(&[&["--config", argument(&config), "--data", argument(&data)], arguments].concat())
    };
    let child = ServeChild::start(&data, &["--models", argument(&models)]);
    let listed = with(&["models", "list"]);
    assert!(listed.out.contains("* yingda-base/1") && listed.out.contains("  acme/1"), "{listed:?}");
    check_failed(&with(&["models", "load", "../1"]), 1, &["not an identifier"]);
    check_failed(&with(&["models", "load", "acme/9"]), 1, &["acme/9", argument(&models)]);
    check_failed(&with(&["models", "rollback"]), 1, &["no bundle to go back to"]);
    let loaded = with(&["models", "load", "acme/1"]);
    assert_eq!((loaded.code, loaded.out.trim()), (Some(0), "acme/1 is wanted"), "{loaded:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut clients = Clients::connect(child.address).await;
        until(&mut clients, "acme/1").await;
        let request = pb::AnalyzeRequest { text: "请问签证怎么办".to_owned(), ..pb::AnalyzeRequest::default() };
        let reply = clients.assist.analyze(request).await.expect("a reply").into_inner();
        let analysis = reply.analysis.expect("an analysis");
        assert_eq!((reply.bundle.as_str(), analysis.domains[0].label.as_str()), ("acme/1", "visa"));
    });
    assert_eq!(with(&["--json", "models", "list"]).json()["wanted"], "acme/1");
    assert_eq!(with(&["models", "rollback"]).out.trim(), "yingda-base/1 is wanted");
    runtime.block_on(async { until(&mut Clients::connect(child.address).await, "yingda-base/1").await });
}

/// Waits until the server serves a bundle.
async fn until(clients: &mut Clients, bundle: &str) {
    let since = std::time::Instant::now();
    loop {
        let info = clients.server_info.get_server_info(pb::GetServerInfoRequest {}).await.expect("a reply");
        if info.get_ref().bundle == bundle {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "the server never follows: {info:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn wrong_messages_are_named_by_file_line_and_field() {
    let dir = TempDir::new().expect("a folder");
    let out = dir.path().join("models/acme/1");
    let check = |text: &str, more: &[&str], words: &[&str]| {
        let path = dir.path().join("m.csv");
        fs::write(&path, text).expect("a file");
        let arguments = ["train", "--messages", argument(&path), "--out", argument(&out)];
        check_failed(&run(&[&arguments[..], more].concat()), 1, words);
    };
    check("text,type\n好,praise\n", &[], &["m.csv line 2", "type: \"praise\" is no label", "consultation"]);
    check("text,domain\n好,visa\n", &["--domains", "tax,other"], &["line 2", "domain: \"visa\"", "tax, other"]);
    check("text,domain\n好,visa\n", &["--domains", "visa,tax"], &["--domains", "\"other\" is missing"]);
    check("text,domain\n好,visa\n", &["--with-shipped=false"], &["1 rows, at least 20"]);
    let domains_only =
        (0..120).fold("text,domain\n".to_owned(), |text, n| format!("{text}第{n}件,{}\n", ["visa", "tax"][n % 2]));
    check(&domains_only, &["--with-shipped=false"], &["no row has a label for type", "--with-shipped"]);
    check("text,domain\n好,visa\n", &["--name", "other"], &["must end in other/VERSION"]);
    check("text,type\n好,other\n", &[], &["1 domains are given, 2 to 64 are allowed"]);
    check("text,domain\n好,visa\n", &["--base", "no/such"], &["no/such"]);
    check_failed(&run(&["train", "--messages", "no/such.csv", "--name", "acme"]), 1, &["no/such.csv"]);
    check_failed(&run(&["train", "--messages", argument(dir.path()), "--out", "Bad Name"]), 1, &["NAME/VERSION"]);
    assert!(!out.exists(), "nothing is written where something is wrong");
}
