//! Who takes over and by when: queues, priorities, working hours, holidays.

use std::sync::Arc;

use yingda::{domain::ManualClock, rpc::pb};

use crate::harness::{
    on_wire,
    sample::{Base, article, ask},
    server::{Running, Setup},
    shanghai,
};

/// Office hours with a lunch break, two days off, one Saturday worked; urgent matters run around the clock.
fn office() -> pb::Policy {
    use pb::DayOfWeek as Day;
    let days = [Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday];
    let hours = |from: &str, to: &str| pb::WorkingHours {
        days: days.iter().map(|day| (*day).into()).collect(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let day = |date: &str, kind: pb::calendar_day::Kind| pb::CalendarDay {
        date: date.to_owned(),
        kind: kind.into(),
        display_name: "节日".to_owned(),
    };
    let due = |channel: pb::Channel, urgency: pb::Urgency, (respond, resolve): (i32, i32), around: bool| pb::DueTimes {
        channel: channel.into(),
        urgency: urgency.into(),
        respond_minutes: respond,
        resolve_minutes: resolve,
        around_the_clock: around,
    };
    use pb::{Channel::Email, Channel::Im, Urgency::Important, Urgency::Normal, Urgency::Urgent};
    let queue = |id: &str, name: &str, domains: &[&str]| pb::Queue {
        id: id.to_owned(),
        display_name: name.to_owned(),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        skills: vec!["安抚".to_owned()],
    };
    let department =
        |domain: &str, name: &str| pb::Department { domain: domain.to_owned(), display_name: name.to_owned() };
    pb::Policy {
        working_hours: vec![hours("09:00", "12:00"), hours("13:00", "18:00")],
        calendar: vec![
            day("2026-10-01", pb::calendar_day::Kind::Holiday),
            day("2026-10-02", pb::calendar_day::Kind::Holiday),
            day("2026-10-10", pb::calendar_day::Kind::Workday),
        ],
        due_times: vec![
            due(Im, Urgent, (10, 60), true),
            due(Im, Important, (30, 480), false),
            due(Im, Normal, (30, 480), false),
            due(Email, Urgent, (480, 960), false),
            due(Email, Important, (480, 960), false),
            due(Email, Normal, (480, 960), false),
        ],
        queues: vec![queue("parcels", "物流组", &["logistics"]), queue("rest", "综合组", &["*"])],
        departments: vec![department("logistics", "物流部"), department("*", "客户服务部")],
        ..pb::Policy::default()
    }
}

struct Desk {
    server: Running,
    base: Base,
}

impl Desk {
    async fn open(id: &str) -> Self {
        let server = Running::start(&Setup::default());
        let mut base = Base::create_with(server.clients().await, id, office()).await;
        base.add("parcel", article("怎么查快递到哪了？", &["快递到哪了"], "在订单页查看物流。")).await;
        Self { server, base }
    }

    fn clock(&self) -> &Arc<ManualClock> {
        &self.server.clock
    }

    async fn answer_at(&mut self, moment: &str, request: pb::AnswerRequest) -> pb::AnswerResponse {
        self.clock().set(shanghai(moment));
        self.base.clients.assist.answer(request).await.expect("a reply").into_inner()
    }

    async fn check(&mut self, at: &str, text: &str, want: Due<'_>) {
        let request = self.base.request(text);
        let reply = self.answer_at(at, request).await;
        assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{text}: {}", reply.message);
        let handoff = reply.handoff.expect("a handoff");
        assert_eq!(handoff.reason(), want.reason, "{text}");
        assert_eq!(handoff.respond_by, Some(on_wire(shanghai(want.respond_by))), "{text} at {at}: {handoff:?}");
        assert_eq!(handoff.within_working_hours, want.within_working_hours, "{text} at {at}");
        assert!(handoff.resolve_by.map(|at| at.seconds) >= handoff.respond_by.map(|at| at.seconds), "{text}");
        let plan = reply.analysis.expect("an analysis").follow_up.expect("a plan");
        assert_eq!((plan.respond_by, plan.resolve_by), (handoff.respond_by, handoff.resolve_by));
    }
}

struct Due<'a> {
    reason: pb::HandoffReason,
    respond_by: &'a str,
    within_working_hours: bool,
}

const HUMAN: &str = "转人工";

#[tokio::test]
async fn due_times_skip_nights_lunch_weekends_and_holidays() {
    let mut desk = Desk::open("handoff-due").await;
    for (at, respond_by, within_working_hours) in [
        ("2026-11-23T10:00:00", "2026-11-23T10:30:00", true),
        ("2026-11-23T11:50:00", "2026-11-23T13:20:00", true),
        ("2026-11-23T12:30:00", "2026-11-23T13:30:00", false),
        ("2026-11-23T17:50:00", "2026-11-24T09:20:00", true),
        ("2026-11-20T20:00:00", "2026-11-23T09:30:00", false),
        // Wednesday evening; Thursday and Friday are holidays, and the weekend follows.
        ("2026-09-30T17:50:00", "2026-10-05T09:20:00", true),
        ("2026-10-01T10:00:00", "2026-10-05T09:30:00", false),
        // A Saturday worked in exchange.
        ("2026-10-09T17:50:00", "2026-10-10T09:20:00", true),
        ("2026-10-10T10:00:00", "2026-10-10T10:30:00", true),
    ] {
        let reason = pb::HandoffReason::CustomerRequest;
        desk.check(at, HUMAN, Due { reason, respond_by, within_working_hours }).await;
    }
}

#[tokio::test]
async fn urgent_matters_do_not_wait_for_the_morning() {
    let mut desk = Desk::open("handoff-urgent").await;
    for text in ["充电的时候冒烟了", "我的卡被盗刷了两千"] {
        desk.clock().set(shanghai("2026-10-01T23:30:00"));
        let reply = desk.base.answer(text).await;
        assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{text}: {}", reply.message);
        let handoff = reply.handoff.expect("a handoff");
        assert!(
            matches!(handoff.reason(), pb::HandoffReason::Urgent | pb::HandoffReason::Complaint),
            "{text}: {handoff:?}"
        );
        assert_eq!(handoff.respond_by, Some(on_wire(shanghai("2026-10-01T23:40:00"))), "{text}");
        assert_eq!(handoff.priority, 1, "{text}");
        let analysis = reply.analysis.expect("an analysis");
        assert_eq!(analysis.urgency.expect("an urgency").urgency(), pb::Urgency::Urgent, "{text}");
        assert!(!analysis.urgency_signals.is_empty(), "{text}: what raised it is named");
        assert_eq!(analysis.follow_up.expect("a plan").follow_up_times.len(), 2, "{text}");
    }
}

#[tokio::test]
async fn a_human_is_always_reached() {
    let mut desk = Desk::open("handoff-human").await;
    for text in ["转人工", "人工", "我要找真人客服！", "轉人工", "别跟我绕了，转人工！"] {
        let reply = desk.base.answer(text).await;
        assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{text}: {}", reply.message);
        assert_eq!(reply.handoff.expect("a handoff").reason(), pb::HandoffReason::CustomerRequest, "{text}");
        let analysis = reply.analysis.expect("an analysis");
        assert!(analysis.requests_human, "{text}");
        assert!(analysis.rule_hits.iter().any(|hit| hit.effect == "request_human"), "{text}: the rule is named");
        assert!(reply.answer.is_none(), "{text}");
    }
    let reply = desk.base.answer("人工智能有哪些功能").await;
    assert!(!reply.analysis.expect("an analysis").requests_human);
}

#[tokio::test]
async fn a_complaint_is_acknowledged_answered_and_handed_off() {
    let mut desk = Desk::open("handoff-complaint").await;
    let reply = desk.base.answer("我要投诉，快递到哪了").await;
    assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{}", reply.message);
    let handoff = reply.handoff.expect("a handoff");
    assert_eq!(handoff.reason(), pb::HandoffReason::Complaint);
    assert!((1..=2).contains(&handoff.priority), "{handoff:?}");
    assert!(reply.message.contains("抱歉"), "a complaint is acknowledged first: {}", reply.message);
    let analysis = reply.analysis.expect("an analysis");
    assert_eq!(analysis.types[0].r#type(), pb::InquiryType::Complaint);
    assert!(analysis.urgency.expect("an urgency").urgency() >= pb::Urgency::Important);
    assert!(analysis.rule_hits.iter().any(|hit| hit.effect == "set_type:complaint"), "{:?}", analysis.rule_hits);
}

#[tokio::test]
async fn a_policy_may_keep_complaints_from_people() {
    let mut desk = Desk::open("handoff-off").await;
    let triggers = pb::HandoffTriggers::default();
    desk.base.set_policy(pb::Policy { handoff: Some(triggers), ..office() }, &["policy.handoff"]).await;
    let reply = desk.base.answer("我要投诉，快递到哪了").await;
    assert_ne!(reply.outcome(), pb::Outcome::Handoff, "{}", reply.message);
    let human = desk.base.answer(HUMAN).await;
    assert_eq!(human.outcome(), pb::Outcome::Handoff, "no policy keeps a human away");
}

#[tokio::test]
async fn a_suggestion_is_thanked_and_goes_to_the_department_that_owns_it() {
    let mut desk = Desk::open("handoff-suggestion").await;
    let reply = desk.base.answer("建议你们增加夜间配送").await;
    assert_eq!(reply.outcome(), pb::Outcome::Handoff, "{}", reply.message);
    let handoff = reply.handoff.expect("a handoff");
    assert_eq!(handoff.reason(), pb::HandoffReason::Suggestion);
    assert!(["物流部", "客户服务部"].contains(&handoff.department.as_str()), "{handoff:?}");
    assert!(reply.message.contains("感谢") && reply.message.contains(&handoff.department), "{}", reply.message);
    assert!(!reply.message.contains("抱歉"), "a suggestion needs no apology: {}", reply.message);
}

#[tokio::test]
async fn queues_follow_the_domain() {
    let mut desk = Desk::open("handoff-queue").await;
    for text in ["我的快递三天没动了，转人工", "转人工"] {
        let reply = desk.base.answer(text).await;
        let analysis = reply.analysis.expect("an analysis");
        let domain = &analysis.domains[0].label;
        let routing = analysis.routing.expect("a routing");
        let want = if domain == "logistics" {
            ("parcels", "物流组", "domain:logistics")
        } else {
            ("rest", "综合组", "default")
        };
        let found = (routing.queue.as_str(), routing.queue_display_name.as_str(), routing.reason.as_str());
        assert_eq!(found, want, "{text} is about {domain}");
        let handoff = reply.handoff.expect("a handoff");
        assert_eq!((handoff.queue, handoff.queue_display_name), (routing.queue, routing.queue_display_name));
        assert_eq!(routing.skills, ["安抚"]);
    }
}

#[tokio::test]
async fn mail_has_a_day_and_is_addressed() {
    let mut desk = Desk::open("handoff-mail").await;
    let mut request = desk.base.request(HUMAN);
    request.set_channel(pb::Channel::Email);
    request.slots.insert("customer_name".to_owned(), "王女士".to_owned());
    let reply = desk.answer_at("2026-11-23T10:00:00", request).await;
    let handoff = reply.handoff.expect("a handoff");
    // Eight hours of work from 10:00: the lunch break and the night do not count.
    assert_eq!(handoff.respond_by, Some(on_wire(shanghai("2026-11-24T10:00:00"))));
    assert!(
        reply.message.starts_with("尊敬的王女士：") && reply.message.ends_with("测试 handoff-mail"),
        "{}",
        reply.message
    );
}

#[tokio::test]
async fn the_text_names_the_time_and_the_hours() {
    let mut desk = Desk::open("handoff-text").await;
    let request = desk.base.request(HUMAN);
    let at_work = desk.answer_at("2026-11-23T10:00:00", request.clone()).await;
    assert!(at_work.message.contains("今天10:30"), "{}", at_work.message);
    let at_night = desk.answer_at("2026-11-23T20:00:00", request).await;
    assert!(at_night.message.contains("明天09:30"), "{}", at_night.message);
    assert_ne!(at_work.message.chars().next(), None);
}

#[tokio::test]
async fn the_calendar_that_is_shipped_knows_the_holidays() {
    let server = Running::start(&Setup { demo: true, now: shanghai("2026-10-01T10:00:00"), ..Setup::default() });
    let mut clients = server.clients().await;
    let holiday = clients.assist.answer(ask(&["bank"], HUMAN)).await.expect("a reply").into_inner();
    let handoff = holiday.handoff.expect("a handoff");
    assert!(!handoff.within_working_hours);
    let due = handoff.respond_by.expect("a due time");
    assert!(due.seconds >= on_wire(shanghai("2026-10-08T08:00:00")).seconds, "{due:?}");
    server.clock.set(shanghai("2026-11-22T10:00:00"));
    let sunday = clients.assist.answer(ask(&["bank"], HUMAN)).await.expect("a reply").into_inner();
    assert!(sunday.handoff.expect("a handoff").within_working_hours, "the bank answers on Sundays");
}
