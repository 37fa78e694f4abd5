//! Random values for round trips, the same for the same seed.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::domain::{
    Article, ArticleId, ArticleNo, ArticleState, Audience, CalendarDay, CalibrationPolicy, Channel, ChannelAnswers,
    DayKind, Department, Domain, DueTimes, HandoffTriggers, KnowledgeBaseId, Policy, Queue, ReplyTexts, Revision,
    SignalKind, Thresholds, Timestamp, Urgency, UrgencyPolicy, Weekday, WorkingHours,
};

/// Makes a text of 1 to 12 characters.
pub(in crate::rpc) fn text(rng: &mut Rng) -> String {
    let letters: Vec<char> = "退货运费a1 😀。{}\"\\/".chars().collect();
    (0..rng.usize(1..12)).map(|_| letters[rng.usize(..letters.len())]).collect()
}

/// Makes the id of a knowledge base.
pub(in crate::rpc) fn knowledge_base_id(rng: &mut Rng) -> KnowledgeBaseId {
    KnowledgeBaseId::try_new(id(rng)).expect("letters and digits")
}

/// Makes an article as a caller may give it: nothing set that only the server sets.
pub(in crate::rpc) fn article(rng: &mut Rng) -> Article {
    Article {
        id: article_id(rng),
        no: ArticleNo(0),
        standard_question: text(rng),
        similar_questions: texts(rng),
        negative_questions: texts(rng),
        answers: ChannelAnswers { im: text(rng), email: option(rng, text), phone: option(rng, text) },
        domain: Domain(text(rng)),
        tags: texts(rng),
        metadata: (0..rng.usize(..4)).map(|_| (text(rng), text(rng))).collect(),
        audiences: some_of(rng, &Audience::ALL),
        channels: some_of(rng, &Channel::ALL),
        state: one_of(rng, &ArticleState::ALL),
        effective_time: option(rng, time),
        expire_time: option(rng, time),
        pinned: rng.bool(),
        follow_up_questions: (0..rng.usize(..3)).map(|_| article_id(rng)).collect(),
        revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    }
}

/// Makes a policy.
pub(in crate::rpc) fn policy(rng: &mut Rng) -> Policy {
    Policy {
        thresholds: Thresholds {
            answer: option(rng, Rng::f32),
            clarify: option(rng, Rng::f32),
            abstain: option(rng, Rng::f32),
        },
        time_zone: text(rng),
        working_hours: many(rng, |rng| WorkingHours {
            days: some_of(rng, &Weekday::ALL),
            from_minute: rng.u16(..=1_440),
            to_minute: rng.u16(..=1_440),
        }),
        calendar: many(rng, |rng| CalendarDay {
            date: text(rng),
            kind: if rng.bool() { DayKind::Holiday } else { DayKind::Workday },
            name: text(rng),
        }),
        due_times: due_times(rng),
        queues: many(rng, |rng| Queue { id: text(rng), name: text(rng), domains: texts(rng), skills: texts(rng) }),
        departments: many(rng, |rng| Department { domain: text(rng), name: text(rng) }),
        handoff: HandoffTriggers { complaints: rng.bool(), urgent: rng.bool(), no_answer: rng.bool() },
        texts: ReplyTexts {
            greeting: text(rng),
            complaint_acknowledgement: text(rng),
            suggestion_thanks: text(rng),
            no_answer: text(rng),
            handoff: text(rng),
            handoff_off_hours: text(rng),
            clarify: text(rng),
            blocked: text(rng),
        },
        sensitive_words: texts(rng),
        keep_order_numbers: rng.bool(),
        opening_questions: many(rng, id),
        max_clarify_options: rng.u8(..5),
        urgency: UrgencyPolicy {
            weights: SignalKind::ALL.into_iter().map(|kind| (kind, rng.f32())).collect(),
            urgent_threshold: rng.f32(),
            important_threshold: rng.f32(),
            complaint_floor: one_of(rng, Urgency::ALL),
        },
        calibration: CalibrationPolicy { wanted_precision: rng.f32(), unanswerable_share: rng.f32() },
    }
}

fn due_times(rng: &mut Rng) -> BTreeMap<(String, Urgency), DueTimes> {
    let one = |rng: &mut Rng| {
        let key = (one_of(rng, &Channel::ALL).as_str().to_owned(), one_of(rng, Urgency::ALL));
        let due = DueTimes {
            respond_minutes: rng.u32(1..=100_000),
            resolve_minutes: rng.u32(1..=100_000),
            around_the_clock: rng.bool(),
        };
        (key, due)
    };
    many(rng, one).into_iter().collect()
}

fn id(rng: &mut Rng) -> String {
    (0..rng.usize(1..20)).map(|_| char::from(b"abcxyz0189"[rng.usize(..10)])).collect()
}

fn article_id(rng: &mut Rng) -> ArticleId {
    ArticleId::try_new(id(rng)).expect("letters and digits")
}

fn time(rng: &mut Rng) -> Timestamp {
    Timestamp(rng.i64(-62_135_596_800_000..=253_402_300_799_999))
}

fn texts(rng: &mut Rng) -> Vec<String> {
    many(rng, text)
}

fn many<T>(rng: &mut Rng, one: impl Fn(&mut Rng) -> T) -> Vec<T> {
    (0..rng.usize(..4)).map(|_| one(rng)).collect()
}

fn option<T>(rng: &mut Rng, one: impl Fn(&mut Rng) -> T) -> Option<T> {
    rng.bool().then(|| one(rng))
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

fn some_of<T: Copy>(rng: &mut Rng, all: &[T]) -> Vec<T> {
    all.iter().copied().filter(|_| rng.bool()).collect()
}
