//! `Evaluation`: bases are calibrated by themselves and when asked, and what was calibrated stays.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use prost::Message;
use tonic::{Code, Status};
use yingda::{
    app::{App, StoreKind},
    domain::{KnowledgeBaseId, ManualClock, Timestamp},
    knowledge::{FileFormat, ImportMode, ImportOptions, Request},
    rpc::pb::{
        self,
        google::{
            longrunning::{CancelOperationRequest, Operation, WaitOperationRequest, operation},
            rpc,
        },
    },
};

use crate::harness::{
    MOMENT,
    refusal::{self, Refusal},
    repository,
    sample::{Base, article, ask, base_name, id_of},
    server::{Clients, Running, Setup, config, demo},
};

const OWN: i32 = pb::CalibrationSource::OwnQuestions as i32;
const SHIPPED: i32 = pb::CalibrationSource::Shipped as i32;

fn request(base: &str) -> pb::CalibrateThresholdsRequest {
    pb::CalibrateThresholdsRequest { knowledge_base: base_name(base), ..pb::CalibrateThresholdsRequest::default() }
}

async fn get(clients: &Clients, base: &str) -> Result<pb::Calibration, Status> {
    let request = pb::GetCalibrationRequest { knowledge_base: base_name(base) };
    Ok(clients.evaluation.clone().get_calibration(request).await?.into_inner())
}

/// Begins a calibration and waits for its end.
async fn calibrate(clients: &Clients, request: pb::CalibrateThresholdsRequest) -> Operation {
    let begun = clients.evaluation.clone().calibrate_thresholds(request).await.expect("it begins").into_inner();
    let any = begun.metadata.as_ref().expect("metadata");
    assert!(any.type_url.ends_with("/yingda.v1.CalibrateThresholdsMetadata"));
    let timeout = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let request = WaitOperationRequest { name: begun.name, timeout };
    let operation = clients.operations.clone().wait_operation(request).await.expect("an operation").into_inner();
    assert!(operation.done, "{operation:?}");
    operation
}

fn response(operation: &Operation) -> pb::Calibration {
    let Some(operation::Result::Response(any)) = &operation.result else { panic!("{operation:?}") };
    assert!(any.type_url.ends_with("/yingda.v1.Calibration"));
    pb::Calibration::decode(any.value.as_slice()).expect("packed")
}

fn answer_threshold(calibration: &pb::Calibration) -> f32 {
    calibration.thresholds.as_ref().and_then(|thresholds| thresholds.answer).expect("always there")
}

/// Waits for a calibration that nobody asked for.
async fn settled(clients: &Clients, base: &str, is_settled: impl Fn(&pb::Calibration) -> bool) -> pb::Calibration {
    let since = Instant::now();
    loop {
        // At first the base is not loaded.
        let calibration = get(clients, base).await;
        if let Ok(calibration) = &calibration
            && is_settled(calibration)
        {
            return calibration.clone();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{calibration:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks and returns the calibration the reply was made with, and the threshold it explains.
async fn made_with(base: &mut Base) -> (i64, f32) {
    let request = pb::AnswerRequest { explain: true, ..base.request("信用卡怎么挂失") };
    let reply = base.clients.assist.answer(request).await.expect("a reply").into_inner();
    let source = reply.provenance.expect("always there").sources.remove(0);
    (source.calibration_revision, reply.explanation.expect("asked for").answer_threshold)
}

fn start(folder: &Path, now: Timestamp) -> Running {
    Running::start(&Setup { folder: Some(folder.to_owned()), now, ..Setup::default() })
}

/// A base of its own that holds the articles of a demo base.
async fn bank(server: &Running) -> Base {
    let base = Base::create(server.clients().await, "bank").await;
    let articles = std::fs::read(repository("data/kb/bank/articles.jsonl")).expect("a file");
    let options = ImportOptions { format: FileFormat::Jsonl, mode: ImportMode::Append, dry_run: false };
    let id = KnowledgeBaseId::try_new("bank").expect("an id");
    server.app.knowledge.import_articles(&Request::default(), &id, options, &articles).expect("good articles");
    base
}

#[tokio::test]
async fn a_server_calibrates_its_bases_by_itself() {
    let clients = demo().clients().await;
    for base in ["bank", "electronics", "retail", "telecom"] {
        let calibration = get(&clients, base).await.expect("a calibration");
        assert_eq!((calibration.knowledge_base.as_str(), calibration.source), (base_name(base).as_str(), OWN));
        assert!(calibration.revision > 0 && calibration.create_time.is_some() && calibration.scale > 0.0);
        let asked = calibration.questions_left_out + calibration.questions_perturbed;
        assert!(asked > 500 && asked + calibration.questions_without_answer <= 2_000, "{calibration:?}");
        assert!(calibration.ece_after < calibration.ece_before, "{calibration:?}");
        let thresholds = calibration.thresholds.expect("always there");
        assert!(thresholds.clarify < thresholds.answer, "{thresholds:?}");
        let curve = &calibration.curve;
        assert!(curve.len() > 30 && curve.windows(2).all(|pair| pair[0].coverage <= pair[1].coverage));
        let reply = clients.assist.clone().answer(ask(&[base], "你们几点上班")).await.expect("a reply").into_inner();
        let source = &reply.provenance.expect("always there").sources[0];
        assert_eq!(source.calibration_revision, calibration.revision);
    }
}

#[tokio::test]
async fn to_try_a_calibration_changes_nothing_and_gives_the_same_twice() {
    let clients = demo().clients().await;
    let before = get(&clients, "telecom").await.expect("a calibration");
    let stricter = pb::CalibrateThresholdsRequest {
        wanted_precision: Some(0.99),
        unanswerable_share: Some(0.5),
        validate_only: true,
        ..request("telecom")
    };
    let first = response(&calibrate(&clients, stricter.clone()).await);
    let second = response(&calibrate(&clients, stricter).await);
    assert_eq!(first, second);
    let wanted = first.wanted.expect("always there");
    assert_eq!((wanted.wanted_precision, wanted.unanswerable_share), (Some(0.99), Some(0.5)));
    assert!(answer_threshold(&first) > answer_threshold(&before), "{first:?}");
    assert_eq!(get(&clients, "telecom").await.expect("a calibration"), before);
}

#[tokio::test]
async fn slips_name_the_field() {
    let clients = demo().clients().await;
    let refused = async |request: pb::CalibrateThresholdsRequest, want: Refusal<'_>| {
        refusal::check(clients.evaluation.clone().calibrate_thresholds(request).await, want);
    };
    refused(pb::CalibrateThresholdsRequest::default(), Refusal::fields(&["knowledge_base"])).await;
    let wrong = pb::CalibrateThresholdsRequest {
        wanted_precision: Some(1.5),
        unanswerable_share: Some(f32::NAN),
        ..request("bank")
    };
    refused(wrong, Refusal::fields(&["wanted_precision", "unanswerable_share"])).await;
    refused(request("nowhere"), Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND")).await;
    let nothing = pb::GetCalibrationRequest::default();
    refusal::check(clients.evaluation.clone().get_calibration(nothing).await, Refusal::fields(&["knowledge_base"]));
    let unknown = get(&clients, "nowhere").await.expect_err("it does not exist");
    refusal::check_status(&unknown, Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND"));
}

#[tokio::test]
async fn a_base_of_few_articles_keeps_what_is_shipped() {
    let server = Running::start(&Setup::default());
    let mut base = Base::create(server.clients().await, "shop").await;
    base.add("a", article("怎么退货", &["如何退货"], "点退货。")).await;
    base.search("怎么退货").await;
    let operation = calibrate(&base.clients, request("shop")).await;
    let Some(operation::Result::Error(rpc::Status { code, message, .. })) = operation.result else { panic!("too few") };
    assert_eq!(code, Code::FailedPrecondition as i32);
    assert!(message.contains("30 articles"), "{message}");
    let shipped = get(&base.clients, "shop").await.expect("a calibration");
    assert_eq!((shipped.source, shipped.scale, shipped.revision), (SHIPPED, 1.0, 0));
    assert_eq!(made_with(&mut base).await, (0, answer_threshold(&shipped)));
    let cancel = CancelOperationRequest { name: operation.name };
    refusal::check(
        base.clients.operations.cancel_operation(cancel).await,
        Refusal::of(Code::FailedPrecondition, "CALIBRATION_NOT_CANCELLABLE"),
    );
}

#[tokio::test]
async fn what_was_asked_for_holds_until_the_policy_changes_and_beyond_a_restart() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let server = start(folder.path(), MOMENT);
    let mut base = bank(&server).await;
    let own = settled(&base.clients, "bank", |calibration| calibration.source == OWN).await;

    let stricter = pb::CalibrateThresholdsRequest { wanted_precision: Some(0.99), ..request("bank") };
    let stricter = response(&calibrate(&base.clients, stricter).await);
    assert!(answer_threshold(&stricter) > answer_threshold(&own));
    assert_eq!(made_with(&mut base).await, (stricter.revision, answer_threshold(&stricter)));

    // What the policy says itself goes before.
    let thresholds = pb::Thresholds { answer: Some(0.5), ..pb::Thresholds::default() };
    let policy = pb::Policy { thresholds: Some(thresholds), ..pb::Policy::default() };
    base.set_policy(policy, &["policy.thresholds"]).await;
    assert_eq!(made_with(&mut base).await, (stricter.revision, 0.5));
    base.set_policy(pb::Policy::default(), &["policy.thresholds"]).await;

    // A few edits go on under the same calibration.
    let edited = pb::Article { tags: vec!["卡".to_owned()], ..first_article(&base).await };
    base.update(edited, &["tags"]).await;
    assert_eq!(made_with(&mut base).await, (stricter.revision, answer_threshold(&stricter)));

    server.stop().await.expect("it ends in order");
    let server = start(folder.path(), Timestamp(MOMENT.0 + 60_000));
    base.clients = server.clients().await;
    assert_eq!(get(&base.clients, "bank").await.expect("a calibration"), stricter);
    assert_eq!(made_with(&mut base).await, (stricter.revision, answer_threshold(&stricter)));

    let calibration = pb::CalibrationPolicy { wanted_precision: Some(0.8), unanswerable_share: None };
    let policy = pb::Policy { calibration: Some(calibration), ..pb::Policy::default() };
    base.set_policy(policy, &["policy.calibration"]).await;
    let is_looser = |calibration: &pb::Calibration| {
        calibration.wanted.as_ref().is_some_and(|wanted| wanted.wanted_precision == Some(0.8))
    };
    let looser = settled(&base.clients, "bank", is_looser).await;
    assert!(answer_threshold(&looser) < answer_threshold(&own));
    server.stop().await.expect("it ends in order");
}

#[tokio::test]
async fn another_process_takes_what_is_kept_instead_of_computing_it() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let server = start(folder.path(), MOMENT);
    let base = bank(&server).await;
    settled(&base.clients, "bank", |calibration| calibration.source == OWN).await;
    let id = KnowledgeBaseId::try_new("bank").expect("an id");
    let later = Arc::new(ManualClock::new(Timestamp(MOMENT.0 + 60_000)));
    let config = config(Some(folder.path().to_owned()));
    let other = App::start_with(&config, &StoreKind::FolderWithIndexInMemory, later, None).expect("it starts");
    assert!(other.wait_ready().expect("it loads"));
    let taken = || other.live.load().bases[&id].calibration.clone().expect("it was kept");
    assert_eq!((taken().create_time, taken().wanted.wanted_precision), (MOMENT, 0.955));

    let stricter = pb::CalibrateThresholdsRequest { wanted_precision: Some(0.99), ..request("bank") };
    let stricter = response(&calibrate(&base.clients, stricter).await);
    other.begin_calibrating(Duration::from_millis(20)).expect("a thread");
    let since = Instant::now();
    while taken().wanted.wanted_precision != 0.99 {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", taken());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((taken().create_time, taken().answer_threshold), (MOMENT, answer_threshold(&stricter)));
    other.stop();
    other.begin_calibrating(Duration::from_millis(20)).expect("nothing is begun after the end");
    server.stop().await.expect("it ends in order");
}

#[tokio::test]
async fn many_edits_ask_for_another_calibration_and_no_answer_waits() {
    let server = Running::start(&Setup::default());
    let mut base = bank(&server).await;
    let before = settled(&base.clients, "bank", |calibration| calibration.source == OWN).await;
    let list = pb::ListArticlesRequest { parent: base.name.clone(), page_size: 12, ..Default::default() };
    let listed = base.clients.knowledge.list_articles(list).await.expect("a list").into_inner().articles;
    for article in &listed {
        base.delete(id_of(&article.name)).await;
        let (revision, _) = made_with(&mut base).await;
        assert!(revision >= before.revision, "it serves calibrated all the while");
    }
    let after = settled(&base.clients, "bank", |calibration| calibration.revision > before.revision).await;
    assert_eq!(after.generation, before.generation);
    assert!(after.questions_left_out <= before.questions_left_out);

    let list = pb::ListArticlesRequest { parent: base.name.clone(), page_size: 60, ..Default::default() };
    let listed = base.clients.knowledge.list_articles(list).await.expect("a list").into_inner().articles;
    for article in &listed {
        base.delete(id_of(&article.name)).await;
    }
    settled(&base.clients, "bank", |calibration| calibration.source == SHIPPED).await;
}

async fn first_article(base: &Base) -> pb::Article {
    let list = pb::ListArticlesRequest { parent: base.name.clone(), page_size: 1, ..Default::default() };
    let listed = base.clients.knowledge.clone().list_articles(list).await.expect("a list").into_inner();
    listed.articles.into_iter().next().expect("an article")
}
