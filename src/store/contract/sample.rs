//! Values with every field filled, so that one that is lost on the way is seen.

use std::collections::BTreeMap;

use crate::domain::{
    AnswerRecord, Article, ArticleId, ArticleNo, ArticleState, Audience, CalendarDay, Calibration, CalibrationPolicy,
    Channel, ChannelAnswers, Condition, CurvePoint, DayKind, Department, Domain, DueTimes, Effect, Feedback,
    FeedbackVerdict, HandoffTriggers, InquiryType, KnowledgeBase, KnowledgeBaseId, Lexicon, Policy, QuestionCounts,
    Queue, ReplyTexts, Revision, Rule, Rulebook, Satisfaction, Sentiment, SignalKind, SynonymSet, Thresholds,
    Timestamp, Urgency, UrgencyPolicy, Weekday, WorkingHours,
};

pub(in crate::store) fn base_id(id: &str) -> KnowledgeBaseId {
    KnowledgeBaseId::try_new(id).unwrap()
}

pub(in crate::store) fn article_id(id: &str) -> ArticleId {
    ArticleId::try_new(id).unwrap()
}

/// An article as a caller gives it; what the store sets is wrong on purpose.
pub(in crate::store) fn article(id: &str) -> Article {
    Article {
        id: article_id(id),
        no: ArticleNo(999),
        standard_question: format!("{id}的退款多久到账？"),
        similar_questions: vec!["钱什么时候退回来".into(), "退款几天到".into()],
        negative_questions: vec!["怎么申请退款".into()],
        answers: ChannelAnswers {
            im: "1-3 个工作日".into(), email: Some("您好：\n1-3 个工作日".into()), phone: None
        },
        domain: Domain("return_refund".into()),
        tags: vec!["退款".into(), "到账".into()],
        metadata: BTreeMap::from([("owner".into(), "财务".into())]),
        audiences: vec![Audience::Bot, Audience::Agent],
        channels: vec![Channel::Im, Channel::Phone],
        state: ArticleState::InReview,
        effective_time: Some(Timestamp(1)),
        expire_time: Some(Timestamp(9_000_000_000_000)),
        pinned: true,
        follow_up_questions: vec![article_id("refund-apply")],
        revision: Revision(999),
        create_time: Timestamp(-1),
        update_time: Timestamp(-1),
    }
}

/// A knowledge base as a caller gives it; what the store sets is wrong on purpose.
pub(in crate::store) fn base(id: &str) -> KnowledgeBase {
    KnowledgeBase {
        id: base_id(id),
        display_name: "商城".into(),
        description: "自营商城的问答".into(),
        policy: policy(),
        revision: Revision(999),
        record_revision: Revision(999),
        create_time: Timestamp(-1),
        update_time: Timestamp(-1),
    }
}

fn policy() -> Policy {
    let due = DueTimes { respond_minutes: 5, resolve_minutes: 120, around_the_clock: true };
    Policy {
        thresholds: Thresholds { answer: Some(0.1), clarify: Some(0.333_333_34), abstain: None },
        time_zone: "Asia/Shanghai".into(),
        working_hours: vec![WorkingHours { days: vec![Weekday::Mon, Weekday::Sun], from_minute: 540, to_minute: 1080 }],
        calendar: vec![
            CalendarDay { date: "2026-10-01".into(), kind: DayKind::Holiday, name: "国庆节".into() },
            CalendarDay { date: "2026-10-10".into(), kind: DayKind::Workday, name: "调休".into() },
        ],
        due_times: BTreeMap::from([(("im".into(), Urgency::Urgent), due), (("im".into(), Urgency::Normal), due)]),
        queues: vec![Queue {
            id: "after-sales".into(),
            name: "售后".into(),
            domains: vec!["*".into()],
            skills: vec!["退款".into()],
        }],
        departments: vec![Department { domain: "product".into(), name: "产品部".into() }],
        handoff: HandoffTriggers { complaints: true, urgent: true, no_answer: false },
        texts: texts(),
        sensitive_words: vec!["敏感词".into()],
        keep_order_numbers: true,
        opening_questions: vec!["refund-time".into()],
        max_clarify_options: 3,
        urgency: UrgencyPolicy {
            weights: BTreeMap::from([(SignalKind::Safety, 0.1), (SignalKind::Deadline, 0.0)]),
            urgent_threshold: 0.6,
            important_threshold: 0.4,
            complaint_floor: Urgency::Urgent,
        },
        calibration: CalibrationPolicy { wanted_precision: 0.9, unanswerable_share: 0.2 },
    }
}

pub(in crate::store) fn calibration(generation: &str) -> Calibration {
    Calibration {
        generation: generation.into(),
        revision: Revision(7),
        create_time: Timestamp(5),
        wanted: CalibrationPolicy { wanted_precision: 0.9, unanswerable_share: 0.2 },
        policy: CalibrationPolicy { wanted_precision: 0.95, unanswerable_share: 0.3 },
        scale: 1.25,
        shift: -0.5,
        answer_threshold: 0.75,
        clarify_threshold: 0.375,
        questions: QuestionCounts { left_out: 1_200, perturbed: 3, without_answer: 800 },
        ece_before: 0.125,
        ece_after: 0.0625,
        recall_at_1: 0.875,
        curve: vec![CurvePoint { threshold: 1.0, coverage: 0.0, precision: 1.0, false_answers: 0.0 }],
    }
}

fn texts() -> ReplyTexts {
    ReplyTexts {
        greeting: "您好".into(),
        complaint_acknowledgement: "抱歉".into(),
        suggestion_thanks: "谢谢，已转给{department}".into(),
        no_answer: "没有找到".into(),
        handoff: "为您转人工，{due}前回复".into(),
        handoff_off_hours: "上班后回复".into(),
        clarify: "您是不是想问".into(),
        blocked: "无法回答".into(),
    }
}

pub(in crate::store) fn lexicon(term: &str) -> Lexicon {
    let synonyms = SynonymSet { id: "refund".into(), words: vec!["退款".into(), "退钱".into()] };
    Lexicon { terms: vec![term.into(), "运费险".into()], synonym_sets: vec![synonyms], version: 0 }
}

/// Rules of which each condition and each effect is one.
pub(in crate::store) fn rulebook(phrase: &str) -> Rulebook {
    let near =
        Condition::Near { first: vec!["退款".into()], second: vec!["没到".into(), "未到".into()], max_chars: 8 };
    let given = [
        (Condition::Phrases(vec![phrase.into(), "炸了".into()]), Effect::RaiseUrgency(Urgency::Urgent)),
        (Condition::Pattern("第[0-9]+次".into()), Effect::CapUrgency(Urgency::Normal)),
        (near, Effect::SetType(InquiryType::Complaint)),
        (Condition::Always, Effect::DisableRule("safety.fire".into())),
        (Condition::Pattern("a".into()), Effect::ForbidType(InquiryType::Suggestion)),
        (Condition::Pattern("b".into()), Effect::SetDomain("repair".into())),
        (Condition::Pattern("c".into()), Effect::ForbidDomain("order".into())),
        (Condition::Pattern("d".into()), Effect::SetSentiment(Sentiment::Negative)),
        (Condition::Pattern("e".into()), Effect::SetQueue("after-sales".into())),
        (Condition::Pattern("f".into()), Effect::RequestHuman),
        (Condition::Pattern("g".into()), Effect::Block),
    ];
    let rules = given.into_iter().enumerate().map(|(idx, (condition, effect))| Rule {
        id: format!("r{idx}"),
        condition,
        unless: vec!["如果".into()],
        effect,
        signal: None,
        negation_aware: idx == 0,
        example: "微波炉炸了".into(),
        counter_example: (idx != 1).then(|| "如果炸了".into()),
        is_enabled: idx != 2,
        note: "安全".into(),
    });
    Rulebook { rules: rules.collect(), version: 0 }
}

pub(in crate::store) fn answer_record(id: &str) -> AnswerRecord {
    AnswerRecord {
        id: id.into(),
        knowledge_base: base_id("shop"),
        customer_key: "c0ffee".into(),
        channel: "im".into(),
        masked_text: "我的手机号是***".into(),
        masked_effective_query: "手机号".into(),
        outcome: "handoff".into(),
        no_answer_reason: Some("below_threshold".into()),
        handoff_reason: Some("complaint".into()),
        article_id: Some(article_id("refund-time")),
        article_knowledge_base: Some(base_id("shop-2")),
        article_revision: Some(Revision(7)),
        confidence: Some(0.1),
        inquiry_type: "complaint".into(),
        urgency: "urgent".into(),
        domain: "return_refund".into(),
        sentiment: "negative".into(),
        bundle: "base@1".into(),
        index_revision: Revision(8),
        create_time: Timestamp(1_700_000_000_000),
    }
}

pub(in crate::store) fn feedback(id: &str, create_time: i64) -> Feedback {
    Feedback {
        id: id.into(),
        knowledge_base: base_id("shop"),
        answer_record: "record".into(),
        article_id: Some(article_id("refund-time")),
        article_revision: Some(Revision(7)),
        confidence: Some(0.9),
        verdict: FeedbackVerdict::Edited,
        comment: "语气太硬".into(),
        edited_text: "亲，1-3 个工作日".into(),
        create_time: Timestamp(create_time),
    }
}

pub(in crate::store) fn satisfaction(id: &str, create_time: i64) -> Satisfaction {
    Satisfaction {
        id: id.into(),
        knowledge_base: base_id("shop"),
        answer_record: "record".into(),
        score: 5,
        comment: "很快".into(),
        create_time: Timestamp(create_time),
    }
}
