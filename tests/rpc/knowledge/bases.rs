//! Knowledge bases and their policies.

use tonic::{Code, Response, Status};
use yingda::rpc::pb;

use crate::harness::{
    MOMENT, on_wire,
    refusal::{self, Refusal},
    sample::{Base, article, base_name, mask},
    server::{Clients, Running, Setup, shared},
};

fn creation(id: &str, display_name: &str) -> pb::CreateKnowledgeBaseRequest {
    pb::CreateKnowledgeBaseRequest {
        knowledge_base_id: id.to_owned(),
        knowledge_base: Some(pb::KnowledgeBase { display_name: display_name.to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

async fn get(clients: &mut Clients, id: &str) -> Result<Response<pb::KnowledgeBase>, Status> {
    clients.knowledge.get_knowledge_base(pb::GetKnowledgeBaseRequest { name: base_name(id) }).await
}

fn not_found() -> Refusal<'static> {
    Refusal::of(Code::NotFound, "KNOWLEDGE_BASE_NOT_FOUND")
}

#[tokio::test]
async fn a_base_is_created_with_the_default_policy() {
    let mut clients = shared().clients().await;
    let created = clients.knowledge.create_knowledge_base(creation("base-new", "新的知识库")).await;
    let created = created.expect("a new base").into_inner();
    assert_eq!((created.name.as_str(), created.display_name.as_str()), ("knowledgeBases/base-new", "新的知识库"));
    assert!(!created.etag.is_empty() && !created.consistency_token.is_empty() && created.revision > 0);
    assert_eq!(created.create_time, Some(on_wire(MOMENT)));
    let policy = created.policy.clone().expect("a policy");
    assert_eq!(policy.time_zone, "Asia/Shanghai");
    assert_eq!(policy.due_times.len(), 9, "three channels, three urgencies");
    assert!(!policy.calendar.is_empty() && !policy.working_hours.is_empty() && !policy.queues.is_empty());
    assert!(!policy.texts.expect("texts").no_answer.is_empty());
    assert_eq!(policy.max_clarify_options, 3);
    let got = get(&mut clients, "base-new").await.expect("it is there").into_inner();
    assert_eq!(got, pb::KnowledgeBase { consistency_token: String::new(), ..created });
    let twice = clients.knowledge.create_knowledge_base(creation("base-new", "又一个")).await;
    refusal::check(twice, Refusal::of(Code::AlreadyExists, "KNOWLEDGE_BASE_EXISTS"));
}

#[tokio::test]
async fn what_a_base_may_be_is_checked_field_by_field() {
    let mut clients = shared().clients().await;
    for id in ["", "Retail", "零售", "-a", "a_b", &"a".repeat(64)] {
        let refused = clients.knowledge.create_knowledge_base(creation(id, "名字")).await;
        refusal::check(refused, Refusal::fields(&["knowledge_base_id"]));
    }
    let nothing = pb::CreateKnowledgeBaseRequest { knowledge_base: None, ..creation("base-bad", "") };
    refusal::check(clients.knowledge.create_knowledge_base(nothing).await, Refusal::fields(&["knowledge_base"]));
    for name in ["", &"名".repeat(201)] {
        let refused = clients.knowledge.create_knowledge_base(creation("base-bad", name)).await;
        refusal::check(refused, Refusal::fields(&["knowledge_base.display_name"]));
    }
    let mut long = creation("base-bad", &"名".repeat(200));
    long.knowledge_base.as_mut().expect("given").description = "述".repeat(2_001);
    refusal::check(
        clients.knowledge.create_knowledge_base(long).await,
        Refusal::fields(&["knowledge_base.description"]),
    );
    refusal::check(get(&mut clients, "base-bad").await, not_found());
    let malformed = pb::GetKnowledgeBaseRequest { name: "base-bad".to_owned() };
    refusal::check(clients.knowledge.get_knowledge_base(malformed).await, Refusal::fields(&["name"]));
}

#[tokio::test]
async fn what_a_policy_may_be_is_checked_field_by_field() {
    let mut clients = shared().clients().await;
    let due = |respond_minutes, resolve_minutes| pb::DueTimes {
        channel: pb::Channel::Im.into(),
        urgency: pb::Urgency::Normal.into(),
        respond_minutes,
        resolve_minutes,
        around_the_clock: false,
    };
    let hours = |days: &[i32], from: &str, to: &str| pb::WorkingHours {
        days: days.to_vec(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let day = |date: &str, kind: i32| pb::CalendarDay { date: date.to_owned(), kind, display_name: String::new() };
    let queue = |id: &str| pb::Queue { id: id.to_owned(), display_name: "组".to_owned(), ..Default::default() };
    let texts = |text: &str| pb::ReplyTexts { handoff: text.to_owned(), ..Default::default() };
    let urgency = |weights: &[(i32, f32)], urgent_threshold| pb::UrgencyPolicy {
        weights: weights.iter().map(|(kind, weight)| pb::SignalWeight { kind: *kind, weight: *weight }).collect(),
        urgent_threshold,
        ..Default::default()
    };
    let of = pb::Policy::default;
    for (policy, fields) in [
        (pb::Policy { time_zone: "Mars/Base".to_owned(), ..of() }, &["time_zone"][..]),
        (pb::Policy { working_hours: vec![hours(&[1], "9:00", "18:00")], ..of() }, &["working_hours[0].from"]),
        (pb::Policy { working_hours: vec![hours(&[1], "09:00", "24:01")], ..of() }, &["working_hours[0].to"]),
        (pb::Policy { working_hours: vec![hours(&[8], "09:00", "18:00")], ..of() }, &["working_hours[0].days[0]"]),
        (pb::Policy { calendar: vec![day("2026-13-01", 1)], ..of() }, &["calendar[0].date"]),
        (pb::Policy { calendar: vec![day("2026-10-01", 9)], ..of() }, &["calendar[0].kind"]),
        (pb::Policy { queues: vec![queue("a"), queue("a")], ..of() }, &["queues[1].id"]),
        (pb::Policy { texts: Some(texts("{name}您好")), ..of() }, &["texts.handoff"]),
        (pb::Policy { texts: Some(texts(&"好".repeat(1_001))), ..of() }, &["texts.handoff"]),
        (pb::Policy { sensitive_words: vec!["词".repeat(65)], ..of() }, &["sensitive_words[0]"]),
        (pb::Policy { max_clarify_options: 5, ..of() }, &["max_clarify_options"]),
        (pb::Policy { max_clarify_options: -1, ..of() }, &["max_clarify_options"]),
        (pb::Policy { opening_questions: vec!["track".to_owned()], ..of() }, &["opening_questions[0]"]),
        (pb::Policy { urgency: Some(urgency(&[], Some(0.0))), ..of() }, &["urgency.urgent_threshold"]),
        (pb::Policy { urgency: Some(urgency(&[(99, 0.5)], None)), ..of() }, &["urgency.weights[0].kind"]),
        (
            pb::Policy { urgency: Some(urgency(&[(1, 0.5), (1, 2.0)], None)), ..of() },
            &["urgency.weights[1]", "urgency.weights[1].weight"],
        ),
        (
            pb::Policy {
                thresholds: Some(pb::Thresholds { answer: Some(0.4), clarify: Some(0.6), abstain: Some(1.5) }),
                ..of()
            },
            &["thresholds.abstain", "thresholds.clarify"],
        ),
    ] {
        let mut request = creation("base-policy", "名字");
        request.knowledge_base.as_mut().expect("given").policy = Some(policy);
        let fields: Vec<String> = fields.iter().map(|field| format!("knowledge_base.policy.{field}")).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        refusal::check(clients.knowledge.create_knowledge_base(request).await, Refusal::fields(&fields));
    }
    for minutes in [0, 100_001, -1] {
        let mut request = creation("base-policy", "名字");
        let policy = pb::Policy { due_times: vec![due(minutes, 60)], ..of() };
        request.knowledge_base.as_mut().expect("given").policy = Some(policy);
        let refused = clients.knowledge.create_knowledge_base(request).await.expect_err("out of range");
        assert_eq!(refused.code(), Code::InvalidArgument, "{minutes}: {refused:?}");
        assert!(refused.message().contains("due_times"), "{minutes}: {refused:?}");
    }
    refusal::check(get(&mut clients, "base-policy").await, not_found());
}

#[tokio::test]
async fn only_validated_is_not_created() {
    let mut clients = shared().clients().await;
    let request = pb::CreateKnowledgeBaseRequest { validate_only: true, ..creation("base-dry", "名字") };
    let checked = clients.knowledge.create_knowledge_base(request.clone()).await.expect("it is good").into_inner();
    assert_eq!(checked.consistency_token, "");
    refusal::check(get(&mut clients, "base-dry").await, not_found());
    let bad = pb::CreateKnowledgeBaseRequest { validate_only: true, ..creation("base-dry", "") };
    refusal::check(
        clients.knowledge.create_knowledge_base(bad).await,
        Refusal::fields(&["knowledge_base.display_name"]),
    );
    let base = Base::create(clients, "base-dry").await;
    let mut clients = base.clients;
    let refused = clients.knowledge.create_knowledge_base(request).await;
    refusal::check(refused, Refusal::of(Code::AlreadyExists, "KNOWLEDGE_BASE_EXISTS"));
}

fn update(base: pb::KnowledgeBase, paths: Option<&[&str]>) -> pb::UpdateKnowledgeBaseRequest {
    pb::UpdateKnowledgeBaseRequest { knowledge_base: Some(base), update_mask: paths.map(mask), ..Default::default() }
}

#[tokio::test]
async fn updates_touch_what_their_mask_names() {
    let base = Base::create(shared().clients().await, "base-update").await;
    let mut clients = base.clients;
    let named = || pb::KnowledgeBase { name: base_name("base-update"), ..Default::default() };
    let before = get(&mut clients, "base-update").await.expect("it is there").into_inner();
    // No mask means what is set.
    let set = pb::KnowledgeBase { description: "说明".to_owned(), ..named() };
    let after = clients.knowledge.update_knowledge_base(update(set, None)).await.expect("an update").into_inner();
    assert_eq!((after.description.as_str(), &after.display_name), ("说明", &before.display_name));
    assert_eq!(after.policy, before.policy);
    assert_ne!(after.etag, before.etag);
    // A mask empties what it names and is not set.
    let emptied = clients.knowledge.update_knowledge_base(update(named(), Some(&["description"]))).await;
    assert_eq!(emptied.expect("an update").into_inner().description, "");
    // Within the policy, field by field.
    let policy =
        pb::Policy { sensitive_words: vec!["违禁".to_owned()], time_zone: "UTC".to_owned(), ..Default::default() };
    let one = pb::KnowledgeBase { policy: Some(policy), ..named() };
    let one = clients.knowledge.update_knowledge_base(update(one, Some(&["policy.sensitive_words"]))).await;
    let policy = one.expect("an update").into_inner().policy.expect("a policy");
    assert_eq!(policy.sensitive_words, ["违禁"]);
    assert_eq!(policy.time_zone, "Asia/Shanghai", "it was not named");
    // What only the server sets is taken and ignored, what is no field is refused.
    let ignored = pb::KnowledgeBase { revision: 99, display_name: "新名".to_owned(), ..named() };
    let ignored = clients.knowledge.update_knowledge_base(update(ignored, Some(&["display_name", "revision"]))).await;
    assert_eq!(ignored.expect("an update").into_inner().display_name, "新名");
    for wrong in ["colour", "policy.colour", "policy.texts.colour"] {
        let refused = clients.knowledge.update_knowledge_base(update(named(), Some(&[wrong]))).await;
        refusal::check(refused, Refusal::fields(&["update_mask"]));
    }
    let refused = clients.knowledge.update_knowledge_base(update(pb::KnowledgeBase::default(), None)).await;
    refusal::check(refused, Refusal::fields(&["knowledge_base.name"]));
    let nowhere =
        pb::KnowledgeBase { name: base_name("nowhere"), display_name: "名".to_owned(), ..Default::default() };
    refusal::check(clients.knowledge.update_knowledge_base(update(nowhere, None)).await, not_found());
}

#[tokio::test]
async fn an_etag_that_is_not_current_is_aborted() {
    let base = Base::create(shared().clients().await, "base-etag").await;
    let mut clients = base.clients;
    let read = get(&mut clients, "base-etag").await.expect("it is there").into_inner();
    let change = |name: &str, etag: &str| {
        let base = pb::KnowledgeBase {
            name: base_name("base-etag"),
            display_name: name.to_owned(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        update(base, Some(&["display_name"]))
    };
    let first = clients.knowledge.update_knowledge_base(change("甲", &read.etag)).await.expect("current").into_inner();
    let mismatch = Refusal::of(Code::Aborted, "ETAG_MISMATCH");
    refusal::check(clients.knowledge.update_knowledge_base(change("乙", &read.etag)).await, mismatch);
    let dry = pb::UpdateKnowledgeBaseRequest { validate_only: true, ..change("乙", &read.etag) };
    refusal::check(clients.knowledge.update_knowledge_base(dry).await, mismatch);
    assert_eq!(get(&mut clients, "base-etag").await.expect("it is there").into_inner().display_name, "甲");
    let dry = pb::UpdateKnowledgeBaseRequest { validate_only: true, ..change("丙", &first.etag) };
    let checked = clients.knowledge.update_knowledge_base(dry).await.expect("it is good").into_inner();
    assert_eq!((checked.display_name.as_str(), checked.consistency_token.as_str()), ("丙", ""));
    assert_eq!(get(&mut clients, "base-etag").await.expect("it is there").into_inner().etag, first.etag);
    clients.knowledge.update_knowledge_base(change("丁", "")).await.expect("no etag overwrites");
    let stale = pb::DeleteKnowledgeBaseRequest { name: base_name("base-etag"), etag: first.etag, ..Default::default() };
    refusal::check(clients.knowledge.delete_knowledge_base(stale).await, mismatch);
    let current = get(&mut clients, "base-etag").await.expect("it is there").into_inner().etag;
    let fresh = pb::DeleteKnowledgeBaseRequest { name: base_name("base-etag"), etag: current, ..Default::default() };
    clients.knowledge.delete_knowledge_base(fresh).await.expect("current");
}

#[tokio::test]
async fn an_edit_of_articles_leaves_the_etag_of_the_base() {
    let mut base = Base::create(shared().clients().await, "base-apart").await;
    let before = get(&mut base.clients, "base-apart").await.expect("it is there").into_inner();
    base.add("a", article("怎么退货", &[], "点退货。")).await;
    let after = get(&mut base.clients, "base-apart").await.expect("it is there").into_inner();
    assert_eq!(after.etag, before.etag, "two editors of different things do not meet");
    assert!(after.revision > before.revision);
}

#[tokio::test]
async fn a_base_that_holds_articles_goes_by_force_only() {
    let mut base = Base::create(shared().clients().await, "base-full").await;
    base.add("a", article("怎么退货", &[], "点退货。")).await;
    let request = |force| pb::DeleteKnowledgeBaseRequest { name: base_name("base-full"), force, ..Default::default() };
    let refused = base.clients.knowledge.delete_knowledge_base(request(false)).await;
    refusal::check(refused, Refusal::of(Code::FailedPrecondition, "KNOWLEDGE_BASE_NOT_EMPTY"));
    base.clients.knowledge.delete_knowledge_base(request(true)).await.expect("by force");
    refusal::check(get(&mut base.clients, "base-full").await, not_found());
    refusal::check(base.clients.knowledge.delete_knowledge_base(request(true)).await, not_found());
}

#[tokio::test]
async fn bases_are_listed_to_the_end() {
    let server = Running::start(&Setup::default());
    let mut clients = server.clients().await;
    let ids = ["a", "b2", "c-3", "d", "e5"];
    for id in ids {
        clients.knowledge.create_knowledge_base(creation(id, "名字")).await.expect("a new base");
    }
    for (size, pages) in [(1, 5), (2, 3), (5, 1), (0, 1), (1_000, 1)] {
        let (mut found, mut token, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let request = pb::ListKnowledgeBasesRequest { page_size: size, page_token: token };
            let page = clients.knowledge.list_knowledge_bases(request).await.expect("a page").into_inner();
            found.extend(page.knowledge_bases.into_iter().map(|base| base.name));
            count += 1;
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(found, ids.map(base_name), "{size}");
        assert_eq!(count, pages, "{size}");
    }
    for (size, token, field) in [(-1, "", "page_size"), (1_001, "", "page_size"), (0, "nonsense", "page_token")] {
        let request = pb::ListKnowledgeBasesRequest { page_size: size, page_token: token.to_owned() };
        refusal::check(clients.knowledge.list_knowledge_bases(request).await, Refusal::fields(&[field]));
    }
}
