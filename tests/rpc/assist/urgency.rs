//! How urgent a message is, why, and what follows: signals, their weights by policy, due times, earlier contacts.

use yingda::rpc::pb;

use crate::harness::{
    MOMENT, on_wire,
    sample::{Base, base_name},
    server::{Running, Setup, demo, shared},
    shanghai,
};

fn analyze(text: &str, history: &[(pb::Speaker, &str)]) -> pb::AnalyzeRequest {
    let turn =
        |(speaker, text): &(pb::Speaker, &str)| pb::Turn { speaker: (*speaker).into(), text: (*text).to_owned() };
    pb::AnalyzeRequest {
        knowledge_base: base_name("retail"),
        text: text.to_owned(),
        history: history.iter().map(turn).collect(),
        ..pb::AnalyzeRequest::default()
    }
}

async fn analysis_of(request: pb::AnalyzeRequest) -> pb::Analysis {
    let mut clients = demo().clients().await;
    clients.assist.analyze(request).await.expect("a reply").into_inner().analysis.expect("an analysis")
}

fn level(analysis: &pb::Analysis) -> pb::Urgency {
    analysis.urgency.as_ref().expect("an urgency").urgency()
}

#[tokio::test]
async fn signals_say_what_they_found_and_where() {
    let text = "插座冒烟了，打了三次电话没人管，我四点的火车";
    let analysis = analysis_of(analyze(text, &[])).await;
    let of = |kind: pb::SignalKind| {
        let found = analysis.urgency_signals.iter().find(|signal| signal.kind() == kind);
        let signal = found.unwrap_or_else(|| panic!("{kind:?} in {:?}", analysis.urgency_signals)).clone();
        let span = signal.span.expect("a span");
        (text[span.start as usize..span.end as usize].to_owned(), signal)
    };
    let (words, safety) = of(pb::SignalKind::Safety);
    assert_eq!((words.as_str(), safety.rule_id.as_str()), ("冒烟", "safety.fire"));
    let (words, contact) = of(pb::SignalKind::RepeatContact);
    assert_eq!((words.as_str(), contact.from_history), ("三次电话", false));
    let (words, deadline) = of(pb::SignalKind::Deadline);
    assert_eq!(words, "四点的火车");
    assert_eq!(deadline.deadline, Some(on_wire(shanghai("2026-11-22T16:00:00"))));
    assert!(analysis.urgency_signals.iter().all(|signal| signal.weight > 0.0 && signal.weight <= 1.0));
    assert!(analysis.urgency_signals.iter().all(|signal| signal.level() != pb::Urgency::Unspecified));
    assert_eq!(level(&analysis), pb::Urgency::Urgent);
    // The model's own word stands beside them, over the whole text.
    let (words, _) = of(pb::SignalKind::Head);
    assert_eq!(words, text);
}

#[tokio::test]
async fn the_policy_of_the_base_changes_level_and_due_times() {
    let weight = |kind: pb::SignalKind, weight: f32| pb::SignalWeight { kind: kind.into(), weight };
    let mut base = Base::create(shared().clients().await, "urgency-policy").await;
    let text = "发票今天之内必须开好";
    let before = base.answer(text).await.analysis.expect("an analysis");
    assert_eq!(level(&before), pb::Urgency::Urgent);
    let urgency = pb::UrgencyPolicy {
        weights: vec![weight(pb::SignalKind::Deadline, 0.0), weight(pb::SignalKind::Head, 0.0)],
        complaint_floor: pb::Urgency::Normal.into(),
        ..pb::UrgencyPolicy::default()
    };
    let policy = pb::Policy { urgency: Some(urgency), ..pb::Policy::default() };
    base.set_policy(policy, &["policy.urgency"]).await;
    let after = base.answer(text).await.analysis.expect("an analysis");
    assert_eq!(level(&after), pb::Urgency::Normal);
    assert!(after.urgency_signals.is_empty(), "{:?}", after.urgency_signals);
    assert_eq!(after.model_urgency, before.model_urgency, "the model's own word is not the policy's");
    let plan = |analysis: &pb::Analysis| analysis.follow_up.clone().expect("a plan");
    let seconds = |moment: Option<prost_types::Timestamp>| moment.expect("a moment").seconds;
    assert!(seconds(plan(&before).respond_by) < seconds(plan(&after).respond_by));
    assert_eq!(plan(&after).customer_deadline, None, "a kind that weighs nothing binds nobody");
}

#[tokio::test]
async fn nobody_is_due_later_than_the_customer_needs_it() {
    let server = Running::start(&Setup::default());
    let mut base = Base::create(server.clients().await, "urgency-due").await;
    for (text, deadline, respond_by) in [
        // By the default policy urgent matters are resolved in four hours, that is at 14.
        ("插座冒烟了，中午十二点前必须修好", "12:00:00", "10:05:00"),
        ("插座冒烟了，三分钟后发车，我得走了", "10:03:00", "10:03:00"),
    ] {
        let plan = base.answer(text).await.analysis.expect("an analysis").follow_up.expect("a plan");
        let at = |time: &str| on_wire(shanghai(&format!("2026-11-22T{time}")));
        assert_eq!(plan.customer_deadline, Some(at(deadline)), "{text}");
        assert_eq!(plan.resolve_by, Some(at(deadline)), "{text}");
        assert_eq!(plan.respond_by, Some(at(respond_by)), "{text}");
        let moments = plan.follow_up_times.iter().map(|moment| (moment.seconds, moment.nanos));
        let (first, last) = (at(respond_by), at(deadline));
        let bounds = (first.seconds, first.nanos)..=(last.seconds, last.nanos);
        let moments: Vec<_> = moments.collect();
        assert!(moments.len() == 2 && moments.iter().all(|moment| bounds.contains(moment)), "{text}: {moments:?}");
    }
    let plan = base.answer("插座冒烟了，后天必须修好").await.analysis.expect("an analysis").follow_up.expect("a plan");
    assert_eq!(plan.customer_deadline, Some(on_wire(shanghai("2026-11-25T00:00:00"))));
    assert_eq!(plan.resolve_by, Some(on_wire(MOMENT.plus_minutes(240))), "what is sooner stays");
}

#[tokio::test]
async fn earlier_turns_make_a_repeated_contact() {
    use pb::Speaker::{Bot, Customer};
    let text = "我的快递到底什么时候能到";
    let asked =
        [(Customer, "我的快递什么时候能到"), (Bot, "请耐心等待"), (Customer, "快递什么时候到"), (Bot, "请耐心等待")];
    let of = |analysis: &pb::Analysis| {
        analysis.urgency_signals.iter().find(|signal| signal.from_history).map(|signal| (signal.kind(), signal.level()))
    };
    let first = analysis_of(analyze(text, &[])).await;
    assert_eq!(of(&first), None);
    let second = analysis_of(analyze(text, &asked[..2])).await;
    assert_eq!(of(&second), Some((pb::SignalKind::RepeatContact, pb::Urgency::Important)));
    let third = analysis_of(analyze(text, &asked)).await;
    assert_eq!(of(&third), Some((pb::SignalKind::RepeatContact, pb::Urgency::Urgent)));
    assert_eq!(level(&third), pb::Urgency::Urgent);
    // Answers and suggestions see the same.
    let mut clients = demo().clients().await;
    let request = analyze(text, &asked);
    let suggest = pb::SuggestRequest {
        knowledge_bases: vec![request.knowledge_base.clone()],
        text: request.text.clone(),
        history: request.history.clone(),
        ..pb::SuggestRequest::default()
    };
    let suggested = clients.assist.suggest(suggest).await.expect("a reply").into_inner();
    assert_eq!(suggested.analysis.as_ref(), Some(&third));
}
