//! `Models`: bundles are listed, loaded under load, refused, gone back from, and wanted beyond a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use prost::Message;
use tempfile::TempDir;
use tonic::{Code, Status};
use yingda::{
    app::{self, App, StoreKind},
    assist::{Ask, Rules, Shared, analyze_alone, parse_rules},
    domain::{BundleId, DOMAINS, Inquiry, ManualClock, StoreEpoch},
    model::{
        Bundle, Domains,
        train::{self, Lessons, TuneSettings, Wordings},
    },
    rpc::pb::{
        self,
        google::longrunning::{Operation, WaitOperationRequest, operation},
    },
};

use crate::harness::{
    MOMENT,
    refusal::{self, Refusal},
    repository,
    sample::{Base, article, ask},
    server::{Clients, Running, Setup, config},
};

const SHIPPED: &str = "bundles/yingda-base/versions/1";
const OWN: &str = "bundles/acme/versions/1";
const OWN_DOMAINS: [&str; 5] = ["hours", "land", "other", "tax", "visa"];

/// Copies a bundle's folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
    }
}

/// A bundle of five domains, trained from a small spreadsheet over vectors of its own; made once.
fn own_bundle() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let make = || {
        let dir = TempDir::new().expect("a folder");
        let csv = dir.path().join("messages.csv");
        let asks =
            [("签证怎么办", "visa"), ("房产证在哪领", "land"), ("公司怎么报税", "tax"), ("你们几点下班", "hours")];
        let starts = ["", "请问", "你好", "那个", "急", "麻烦问下", "我想问", "帮我看看", "老师", "在吗"];
        let ends = ["", "啊", "呢", "哦", "谢谢"];
        let mut text = "text,domain,type,urgency,sentiment\n".to_owned();
        for (start, end) in starts.iter().flat_map(|start| ends.map(|end| (start, end))) {
            asks.iter().for_each(|(ask, domain)| {
                text += &format!("{start}{ask}{end},{domain},consultation,normal,neutral\n");
            });
        }
        fs::write(&csv, text).expect("a file");
        let rows = train::read_own_messages(&csv, None).expect("good rows");
        let base = repository("models/yingda-base/1");
        let shipped = Bundle::load(&base).expect("the shipped bundle");
        let wordings = Wordings {
            positives: vec![(0, "怎么退货".to_owned()), (1, "怎么开发票".to_owned()), (0, "想退掉".to_owned())],
            ..Wordings::default()
        };
        let tuning = TuneSettings { num_steps: 3, batch: 3, rate: 0.5, ..TuneSettings::default() };
        let encoder = train::tune_encoder(shipped.encoder(), &[wordings], &tuning, &mut |_| {}).expect("wordings");
        assert!(!encoder.is_same(shipped.encoder()));
        let settings = train::Settings {
            name: "acme".to_owned(),
            domains: train::domains_of(&rows).expect("a label set"),
            num_networks: 1,
            num_hidden: 4,
            num_epochs: 12,
            ..train::Settings::default()
        };
        let lessons = Lessons { rows: &rows, ..Lessons::default() };
        let trained = train::train(lessons, &encoder, &settings, &mut |_| {}).expect("enough rows");
        let head = trained.report.heads.iter().find(|head| head.name == "domain").expect("a head of domains");
        assert!(head.accuracy > 0.9, "{head}");
        trained.save(dir.path()).expect("a writable folder");
        fs::copy(base.join("ranker.json"), dir.path().join("ranker.json")).expect("a copy");
        Bundle::seal(dir.path(), "ranker.json").expect("both are there");
        fs::remove_file(csv).expect("it is there");
        dir
    };
    MADE.get_or_init(make).path()
}

/// A models folder with the shipped bundle and that of five domains.
fn shelf() -> TempDir {
    let dir = TempDir::new().expect("a folder");
    copy(&repository("models/yingda-base/1"), &dir.path().join("yingda-base/1"));
    copy(own_bundle(), &dir.path().join("acme/1"));
    dir
}

fn setup(models: &TempDir) -> Setup {
    Setup { models: Some(models.path().to_owned()), ..Setup::default() }
}

async fn list(clients: &Clients) -> pb::ListBundlesResponse {
    let request = pb::ListBundlesRequest::default();
    clients.models.clone().list_bundles(request).await.expect("a list").into_inner()
}

async fn info(clients: &Clients) -> pb::GetServerInfoResponse {
    let request = pb::GetServerInfoRequest {};
    clients.server_info.clone().get_server_info(request).await.expect("a reply").into_inner()
}

fn load_request(name: &str) -> pb::LoadBundleRequest {
    pb::LoadBundleRequest { name: name.to_owned(), ..pb::LoadBundleRequest::default() }
}

/// Waits for an operation and returns the bundle that it gives.
async fn bundle_of(clients: &Clients, begun: Operation) -> pb::Bundle {
    let timeout = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let request = WaitOperationRequest { name: begun.name, timeout };
    let operation = clients.operations.clone().wait_operation(request).await.expect("an operation").into_inner();
    decoded(&operation)
}

fn decoded(operation: &Operation) -> pb::Bundle {
    assert!(operation.done, "{operation:?}");
    let Some(operation::Result::Response(any)) = &operation.result else { panic!("{operation:?}") };
    assert!(any.type_url.ends_with("/yingda.v1.Bundle"));
    pb::Bundle::decode(any.value.as_slice()).expect("packed")
}

async fn load(clients: &Clients, name: &str) -> pb::Bundle {
    let begun = clients.models.clone().load_bundle(load_request(name)).await.expect("an operation").into_inner();
    bundle_of(clients, begun).await
}

async fn roll_back(clients: &Clients, from: &str) -> Result<pb::Bundle, Status> {
    let request = pb::RollbackBundleRequest { from: from.to_owned(), ..pb::RollbackBundleRequest::default() };
    let begun = clients.models.clone().rollback_bundle(request).await?.into_inner();
    Ok(bundle_of(clients, begun).await)
}

#[tokio::test]
async fn bundles_are_listed_with_what_they_are() {
    let models = shelf();
    copy(own_bundle(), &models.path().join("Not A Name/1"));
    copy(own_bundle(), &models.path().join("broken/7"));
    let server = Running::start(&setup(&models));
    let clients = server.clients().await;
    let found = list(&clients).await;
    assert_eq!((found.serving.as_str(), found.wanted.as_str()), (SHIPPED, SHIPPED));
    let by_name: BTreeMap<&str, &pb::Bundle> =
        found.bundles.iter().map(|bundle| (bundle.name.as_str(), bundle)).collect();
    let names: Vec<&str> = found.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
    assert_eq!(names, [OWN, "bundles/broken/versions/7", SHIPPED]);
    let own = by_name[OWN];
    assert_eq!(own.state(), pb::BundleState::Available);
    assert_eq!(own.label_set.as_ref().expect("labels").domains, ["hours", "land", "tax", "visa", "other"]);
    assert!(own.hash.len() == 64 && own.data_fingerprint.len() == 64 && own.size_bytes > 1_000_000, "{own:?}");
    let shipped = by_name[SHIPPED];
    assert_eq!(shipped.state(), pb::BundleState::Serving);
    assert_eq!(shipped.label_set.as_ref().expect("labels").domains, DOMAINS);
    assert_ne!(shipped.hash, own.hash);
    let broken = by_name["bundles/broken/versions/7"];
    assert_eq!((broken.state(), broken.invalid_reason.as_str()), (pb::BundleState::Invalid, "BUNDLE_NAME_MISMATCH"));
    assert!(broken.invalid_message.contains("acme/1") && broken.label_set.is_none(), "{broken:?}");
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListBundlesRequest { page_size: 1, page_token };
        let page = clients.models.clone().list_bundles(request).await.expect("a page").into_inner();
        paged.extend(page.bundles.into_iter().map(|bundle| bundle.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, names);
    let wrong = pb::ListBundlesRequest { page_size: -1, page_token: "x".to_owned() };
    refusal::check(clients.models.clone().list_bundles(wrong).await, Refusal::fields(&["page_size", "page_token"]));
}

/// Asks without a pause until told to stop; returns how often each bundle replied, and the calls that failed.
async fn keep_asking(
    mut clients: Clients,
    base: &'static str,
    stop: tokio::sync::watch::Receiver<bool>,
) -> (BTreeMap<String, usize>, Vec<Status>) {
    let (mut seen, mut failed, mut num_calls) = (BTreeMap::new(), Vec::new(), 0);
    let shipped: BTreeSet<&str> = DOMAINS.into_iter().collect();
    let own: BTreeSet<&str> = OWN_DOMAINS.into_iter().collect();
    while !*stop.borrow() {
        num_calls += 1;
        let reply = match clients.assist.answer(ask(&[base], &format!("第{}种商品怎么退货", num_calls % 200))).await
        {
            Ok(reply) => reply.into_inner(),
            Err(status) => {
                failed.push(status);
                continue;
            }
        };
        assert!(!reply.degraded && !reply.candidates.is_empty(), "{reply:?}");
        let bundle = reply.provenance.expect("a provenance").bundle;
        let domains = &reply.analysis.as_ref().expect("an analysis").domains;
        let said: BTreeSet<&str> = domains.iter().map(|one| one.label.as_str()).collect();
        let known = if bundle == "acme/1" { &own } else { &shipped };
        assert!(!said.is_empty() && said.is_subset(known), "{bundle}: {said:?}");
        *seen.entry(bundle).or_default() += 1;
    }
    (seen, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_or_mixes_bundles_while_they_are_switched() {
    let models = shelf();
    let server = Running::start(&Setup { in_folder: true, ..setup(&models) });
    let mut base = Base::create(server.clients().await, "models-busy").await;
    let rows: Vec<String> = (0..200)
        .map(|n| {
            let (question, similar) = (format!("第{n}种商品怎么退货"), format!("第{n}种商品想退掉"));
            serde_json::json!({"id": format!("a{n}"), "standard_question": question,
                "similar_questions": [similar], "answer": "点退货。"})
            .to_string()
        })
        .collect();
    let settings = pb::ImportSettings {
        parent: base.name.clone(),
        format: pb::FileFormat::Jsonl.into(),
        mode: pb::ImportMode::Merge.into(),
        ..Default::default()
    };
    use pb::import_articles_request::Content;
    let contents = [Content::Settings(settings), Content::Data(rows.join("\n").into_bytes())];
    let messages = contents.map(|content| pb::ImportArticlesRequest { content: Some(content) });
    let imported =
        base.clients.knowledge.import_articles(tokio_stream::iter(messages)).await.expect("an import").into_inner();
    base.token = imported.consistency_token;
    assert_eq!(base.search("第7种商品怎么退货").await[0], "a7");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut asking = Vec::new();
    for _ in 0..4 {
        asking.push(tokio::spawn(keep_asking(server.clients().await, "models-busy", stopped.clone())));
    }
    let clients = server.clients().await;
    for n in 0..3 {
        let loaded = load(&clients, OWN).await;
        assert_eq!((loaded.name.as_str(), loaded.state()), (OWN, pb::BundleState::Serving));
        // An edit in the middle is found by the vectors of the bundle that serves then.
        base.add(&format!("edit{n}"), article(&format!("第{n}次编辑的问题"), &[], "答案。")).await;
        assert_eq!(base.search(&format!("第{n}次编辑的问题")).await[0], format!("edit{n}"));
        assert_eq!(base.answer("第7种商品怎么退货").await.provenance.expect("a provenance").bundle, "acme/1");
        assert_eq!(roll_back(&clients, OWN).await.expect("one before").name, SHIPPED);
    }
    stop.send_replace(true);
    let mut bundles = BTreeSet::new();
    for task in asking {
        let (seen, failed) = task.await.expect("no panic");
        assert!(failed.is_empty(), "{failed:?}");
        bundles.extend(seen.into_keys());
    }
    assert_eq!(bundles.into_iter().collect::<Vec<_>>(), ["acme/1", "yingda-base/1"]);
}

fn edit(dir: &Path, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = dir.join(file);
    let bytes = change(fs::read(&path).expect("a file"));
    fs::write(path, bytes).expect("a file");
}

fn replace(dir: &Path, from: &str, to: &str) {
    edit(dir, "bundle.json", |bytes| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    });
}

fn flip_last_byte(mut bytes: Vec<u8>) -> Vec<u8> {
    *bytes.last_mut().expect("not empty") ^= 1;
    bytes
}

#[tokio::test]
async fn what_is_bad_is_refused_by_its_reason_and_the_old_stays() {
    const WEIGHTS: &str = "weights.safetensors";
    let models = shelf();
    let server = Running::start(&setup(&models));
    let mut clients = server.clients().await;
    type Break<'b> = &'b dyn Fn(&Path);
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let breaks: [(&str, Break<'_>); 10] = [
        ("BUNDLE_HASH_MISMATCH", &|dir| edit(dir, WEIGHTS, flip_last_byte)),
        ("BUNDLE_HASH_MISMATCH", &|dir| edit(dir, WEIGHTS, cut)),
        ("BUNDLE_HASH_MISMATCH", &|dir| edit(dir, "ranker.json", |bytes| [bytes, b" ".to_vec()].concat())),
        ("BUNDLE_MALFORMED", &|dir| {
            edit(dir, WEIGHTS, cut);
            Bundle::seal(dir, WEIGHTS).expect("it is there");
        }),
        ("BUNDLE_MALFORMED", &|dir| edit(dir, "bundle.json", cut)),
        ("BUNDLE_FORMAT_UNSUPPORTED", &|dir| replace(dir, "\"format\": 2", "\"format\": 3")),
        ("BUNDLE_LABELS_UNSUPPORTED", &|dir| replace(dir, "\"complaint\"", "\"grumble\"")),
        ("BUNDLE_LABELS_UNSUPPORTED", &|dir| replace(dir, "\"visa\",\n      \"other\"", "\"visa\"")),
        ("BUNDLE_UNREADABLE", &|dir| fs::remove_file(dir.join(WEIGHTS)).expect("it is there")),
        ("BUNDLE_RANKER_UNUSABLE", &|dir| {
            edit(dir, "ranker.json", |_| b"{}".to_vec());
            Bundle::seal(dir, "ranker.json").expect("it is there");
        }),
    ];
    for (n, (reason, damage)) in breaks.into_iter().enumerate() {
        let dir = models.path().join(format!("acme/bad-{n}"));
        copy(own_bundle(), &dir);
        replace(&dir, "\"version\": \"1\"", &format!("\"version\": \"bad-{n}\""));
        let name = format!("bundles/acme/versions/bad-{n}");
        let checked = pb::LoadBundleRequest { validate_only: true, ..load_request(&name) };
        let checked = clients.models.load_bundle(checked).await.expect("it is good yet").into_inner();
        assert_eq!(decoded(&checked).state(), pb::BundleState::Available, "{name}");
        damage(&dir);
        let refused = clients.models.load_bundle(load_request(&name)).await;
        refusal::check(refused, Refusal::of(Code::FailedPrecondition, reason));
        let found = list(&clients).await;
        let listed = found.bundles.iter().find(|bundle| bundle.name == name).expect("it lies there");
        assert_eq!((listed.state(), listed.invalid_reason.as_str()), (pb::BundleState::Invalid, reason));
        assert_eq!((found.serving.as_str(), found.wanted.as_str()), (SHIPPED, SHIPPED));
        fs::remove_dir_all(dir).expect("it is there");
    }
    copy(own_bundle(), &models.path().join("acme/2"));
    let refused = clients.models.load_bundle(load_request("bundles/acme/versions/2")).await;
    refusal::check(refused, Refusal::of(Code::FailedPrecondition, "BUNDLE_NAME_MISMATCH"));
    let refused = clients.models.load_bundle(load_request("bundles/acme/versions/9")).await;
    refusal::check(refused, Refusal::of(Code::NotFound, "BUNDLE_NOT_FOUND"));
    for name in ["", "acme/1", "bundles/acme/versions/..", "bundles/../versions/1", "bundles/acme/versions/../1"] {
        refusal::check(clients.models.load_bundle(load_request(name)).await, Refusal::fields(&["name"]));
    }
    let long = pb::LoadBundleRequest { request_id: "x".repeat(65), ..load_request("x") };
    refusal::check(clients.models.load_bundle(long).await, Refusal::fields(&["name", "request_id"]));
    let after = info(&clients).await;
    assert_eq!((after.bundle.as_str(), after.degraded), ("yingda-base/1", false));
    let request = pb::AnalyzeRequest { text: "怎么开发票".to_owned(), ..pb::AnalyzeRequest::default() };
    assert_eq!(clients.assist.analyze(request).await.expect("a reply").into_inner().bundle, "yingda-base/1");
}

#[tokio::test]
async fn going_back_takes_one_call_and_a_retry_goes_back_once() {
    let models = shelf();
    let server = Running::start(&setup(&models));
    let clients = server.clients().await;
    let nothing = clients.models.clone().rollback_bundle(pb::RollbackBundleRequest::default()).await;
    refusal::check(nothing, Refusal::of(Code::FailedPrecondition, "NO_EARLIER_BUNDLE"));
    copy(own_bundle(), &models.path().join("acme/2"));
    replace(&models.path().join("acme/2"), "\"version\": \"1\"", "\"version\": \"2\"");
    load(&clients, OWN).await;
    let labels = info(&clients).await.label_set.expect("a label set");
    assert_eq!(labels.domains, ["hours", "land", "tax", "visa", "other"], "those of the serving bundle");
    load(&clients, "bundles/acme/versions/2").await;
    let stale = pb::RollbackBundleRequest { from: OWN.to_owned(), ..pb::RollbackBundleRequest::default() };
    refusal::check(clients.models.clone().rollback_bundle(stale).await, Refusal::of(Code::Aborted, "BUNDLE_CHANGED"));
    let retried = || pb::RollbackBundleRequest { request_id: "back-1".to_owned(), ..Default::default() };
    let first = clients.models.clone().rollback_bundle(retried()).await.expect("an operation").into_inner();
    assert_eq!(bundle_of(&clients, first.clone()).await.name, OWN);
    let again = clients.models.clone().rollback_bundle(retried()).await.expect("a retry").into_inner();
    assert_eq!((&again.name, decoded(&again).name.as_str()), (&first.name, OWN));
    assert_eq!(info(&clients).await.bundle, "acme/1");
    let reused = pb::LoadBundleRequest { request_id: "back-1".to_owned(), ..load_request(OWN) };
    refusal::check(clients.models.clone().load_bundle(reused).await, Refusal::fields(&["request_id"]));
    assert_eq!(roll_back(&clients, OWN).await.expect("one before").name, SHIPPED);
    assert_eq!(roll_back(&clients, "").await.expect_err("nothing before").code(), Code::FailedPrecondition);
}

/// Waits until the server says what it should.
async fn until(clients: &Clients, is_so: impl Fn(&pb::GetServerInfoResponse) -> bool) -> pb::GetServerInfoResponse {
    let since = Instant::now();
    loop {
        let info = info(clients).await;
        if is_so(&info) {
            return info;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{info:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_choice_outlives_the_process_and_a_bad_one_is_told() {
    let (models, folder) = (shelf(), TempDir::new().expect("a folder"));
    let start = || Running::start(&Setup { folder: Some(folder.path().to_owned()), ..setup(&models) });
    let server = start();
    load(&server.clients().await, OWN).await;
    server.stop().await.expect("it ends in order");

    let server = start();
    let clients = server.clients().await;
    assert_eq!(info(&clients).await.bundle, "acme/1");
    server.stop().await.expect("it ends in order");

    let weights = models.path().join("acme/1/weights.safetensors");
    edit(&models.path().join("acme/1"), "weights.safetensors", flip_last_byte);
    let server = start();
    let mut clients = server.clients().await;
    let told = info(&clients).await;
    assert_eq!((told.bundle.as_str(), told.degraded), ("yingda-base/1", true));
    assert_eq!(told.degraded_reasons, ["bundle:BUNDLE_HASH_MISMATCH"]);
    let found = list(&clients).await;
    assert_eq!((found.serving.as_str(), found.wanted.as_str()), (SHIPPED, OWN));
    let request = pb::AnalyzeRequest { text: "怎么开发票".to_owned(), ..pb::AnalyzeRequest::default() };
    let reply = clients.assist.analyze(request).await.expect("answers flow").into_inner();
    assert_eq!(reply.bundle, "yingda-base/1");
    // Once it is mended it serves, without a restart.
    fs::copy(own_bundle().join("weights.safetensors"), weights).expect("a copy");
    let mended = until(&clients, |info| info.bundle == "acme/1").await;
    assert!(!mended.degraded, "{mended:?}");
}

#[tokio::test]
async fn replicas_follow_the_choice() {
    let (models, folder) = (shelf(), TempDir::new().expect("a folder"));
    let server = Running::start(&Setup { folder: Some(folder.path().to_owned()), ..setup(&models) });
    let mut settings = config(Some(folder.path().to_owned()));
    settings.models_dir = Some(models.path().to_owned());
    let clock = Arc::new(ManualClock::new(MOMENT));
    let replica = App::start_with(&settings, &StoreKind::FolderWithIndexInMemory, clock, None).expect("it starts");
    let clients = server.clients().await;
    for (name, version) in [(OWN, "acme/1"), (SHIPPED, "yingda-base/1")] {
        load(&clients, name).await;
        let since = Instant::now();
        loop {
            let snap = replica.live.load();
            if format!("{}/{}", snap.shared.bundle.name(), snap.shared.bundle.version()) == version {
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(30), "the replica stays behind");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    // The ranker of this one is not sealed, and is exchanged under the same hash.
    let dir = models.path().join("acme/3");
    copy(own_bundle(), &dir);
    replace(&dir, "\"version\": \"1\"", "\"version\": \"3\"");
    let path = dir.join("bundle.json");
    let mut description: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("a file")).expect("it is JSON");
    description["files"].as_object_mut().expect("an object").remove("ranker.json").expect("it was sealed");
    fs::write(&path, description.to_string()).expect("a file");
    for provenance in ["one", "another"] {
        let mut ranker: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.join("ranker.json")).expect("a file")).expect("it is JSON");
        ranker["provenance"] = provenance.into();
        fs::write(dir.join("ranker.json"), ranker.to_string()).expect("a file");
        load(&clients, "bundles/acme/versions/3").await;
        let since = Instant::now();
        while replica.live.load().shared.ranker.provenance != provenance {
            assert!(since.elapsed() < Duration::from_secs(30), "the replica keeps the old ranker");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    replica.stop();
}

#[test]
fn a_rule_names_no_domain_that_the_bundle_lacks() {
    const RULES: &str = r#"{"format": 1, "version": "t", "rules": [
        {"id": "to-visa", "when": {"phrases": ["护照"]}, "effect": {"set_domain": "visa"}, "example": "护照"},
        {"id": "to-order", "when": {"phrases": ["下单"]}, "effect": {"set_domain": "order"}, "example": "下单"}]}"#;
    let models = shelf();
    let model = app::models_folder(Some(models.path())).load(&BundleId::parse("acme/1").expect("an id"));
    let shared = app::shared_with(model.expect("a good bundle"), StoreEpoch("t".to_owned())).expect("good assets");
    let rules = Rules::compile(parse_rules(RULES).expect("they read")).expect("they compile");
    let shared = Shared { rules: Arc::new(rules), ..shared };
    let clock = Arc::new(ManualClock::new(MOMENT));
    let app = App::start_with(&config(None), &StoreKind::Memory, clock, Some(shared)).expect("it starts");
    let inquiry = Inquiry::im("");
    let ask =
        Ask { inquiry: &inquiry, knowledge_bases: &[], now: MOMENT, deadline: None, max_candidates: 0, explain: false };
    let known = Domains::try_new(OWN_DOMAINS.map(str::to_owned).to_vec()).expect("a good list");
    for (text, primary) in [("护照丢了", Some("visa")), ("怎么下单", None)] {
        let (analysis, _) = analyze_alone(&app.live.load(), None, text, &ask);
        assert!(!analysis.rule_hits.is_empty(), "{text}");
        assert!(analysis.domains.iter().all(|one| known.lookup(one.label.as_str()).is_some()), "{text}");
        assert!(primary.is_none_or(|primary| primary == analysis.primary_domain()), "{text}");
    }
}
