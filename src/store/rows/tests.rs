//! The bytes of each format: read as they were written, and still written so.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::domain::{
    AnswerRecord, Article, BundleId, CalibrationPolicy, Feedback, KnowledgeBase, Lexicon, Revision, Satisfaction,
    UrgencyPolicy,
};
use crate::store::contract::sample;
use crate::store::{BundleChoice, Written};

const ARTICLE_1: &str = r#"{"format":1,"standard_question":"a的退款多久到账？","similar_questions":["钱什么时候退回来","退款几天到"],"negative_questions":["怎么申请退款"],"answers":{"im":"1-3 个工作日","email":"您好：\n1-3 个工作日","phone":null},"domain":"return_refund","tags":["退款","到账"],"metadata":{"owner":"财务"},"audiences":["bot","agent"],"channels":["im","phone"],"state":"in_review","effective_time":1,"expire_time":9000000000000,"pinned":true,"follow_up_questions":["refund-apply"]}"#;

const KNOWLEDGE_BASE_1: &str = r#"{"format":1,"display_name":"商城","description":"自营商城的问答","policy":{"thresholds":{"answer":0.1,"clarify":0.33333334,"abstain":null},"time_zone":"Asia/Shanghai","working_hours":[{"days":["mon","sun"],"from_minute":540,"to_minute":1080}],"calendar":[{"date":"2026-10-01","kind":"holiday","name":"国庆节"},{"date":"2026-10-10","kind":"workday","name":"调休"}],"due_times":[{"channel":"im","urgency":"normal","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true},{"channel":"im","urgency":"urgent","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true}],"queues":[{"id":"after-sales","name":"售后","domains":["*"],"skills":["退款"]}],"departments":[{"domain":"product","name":"产品部"}],"handoff":{"complaints":true,"urgent":true,"no_answer":false},"texts":{"greeting":"您好","complaint_acknowledgement":"抱歉","suggestion_thanks":"谢谢，已转给{department}","no_answer":"没有找到","handoff":"为您转人工，{due}前回复","handoff_off_hours":"上班后回复","clarify":"您是不是想问","blocked":"无法回答"},"sensitive_words":["敏感词"],"keep_order_numbers":true,"opening_questions":["refund-time"],"max_clarify_options":3}}"#;

const KNOWLEDGE_BASE_2: &str = r#"{"format":2,"display_name":"商城","description":"自营商城的问答","policy":{"thresholds":{"answer":0.1,"clarify":0.33333334,"abstain":null},"time_zone":"Asia/Shanghai","working_hours":[{"days":["mon","sun"],"from_minute":540,"to_minute":1080}],"calendar":[{"date":"2026-10-01","kind":"holiday","name":"国庆节"},{"date":"2026-10-10","kind":"workday","name":"调休"}],"due_times":[{"channel":"im","urgency":"normal","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true},{"channel":"im","urgency":"urgent","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true}],"queues":[{"id":"after-sales","name":"售后","domains":["*"],"skills":["退款"]}],"departments":[{"domain":"product","name":"产品部"}],"handoff":{"complaints":true,"urgent":true,"no_answer":false},"texts":{"greeting":"您好","complaint_acknowledgement":"抱歉","suggestion_thanks":"谢谢，已转给{department}","no_answer":"没有找到","handoff":"为您转人工，{due}前回复","handoff_off_hours":"上班后回复","clarify":"您是不是想问","blocked":"无法回答"},"sensitive_words":["敏感词"],"keep_order_numbers":true,"opening_questions":["refund-time"],"max_clarify_options":3,"urgency":{"weights":{"deadline":0.0,"safety":0.1},"urgent_threshold":0.6,"important_threshold":0.4,"complaint_floor":"urgent"}}}"#;

const KNOWLEDGE_BASE_3: &str = r#"{"format":3,"display_name":"商城","description":"自营商城的问答","policy":{"thresholds":{"answer":0.1,"clarify":0.33333334,"abstain":null},"time_zone":"Asia/Shanghai","working_hours":[{"days":["mon","sun"],"from_minute":540,"to_minute":1080}],"calendar":[{"date":"2026-10-01","kind":"holiday","name":"国庆节"},{"date":"2026-10-10","kind":"workday","name":"调休"}],"due_times":[{"channel":"im","urgency":"normal","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true},{"channel":"im","urgency":"urgent","respond_minutes":5,"resolve_minutes":120,"around_the_clock":true}],"queues":[{"id":"after-sales","name":"售后","domains":["*"],"skills":["退款"]}],"departments":[{"domain":"product","name":"产品部"}],"handoff":{"complaints":true,"urgent":true,"no_answer":false},"texts":{"greeting":"您好","complaint_acknowledgement":"抱歉","suggestion_thanks":"谢谢，已转给{department}","no_answer":"没有找到","handoff":"为您转人工，{due}前回复","handoff_off_hours":"上班后回复","clarify":"您是不是想问","blocked":"无法回答"},"sensitive_words":["敏感词"],"keep_order_numbers":true,"opening_questions":["refund-time"],"max_clarify_options":3,"urgency":{"weights":{"deadline":0.0,"safety":0.1},"urgent_threshold":0.6,"important_threshold":0.4,"complaint_floor":"urgent"},"calibration":{"wanted_precision":0.9,"unanswerable_share":0.2}}}"#;

const CALIBRATION_1: &str = r#"{"format":1,"revision":7,"create_time":5,"wanted":{"wanted_precision":0.9,"unanswerable_share":0.2},"policy":{"wanted_precision":0.95,"unanswerable_share":0.3},"scale":1.25,"shift":-0.5,"answer_threshold":0.75,"clarify_threshold":0.375,"left_out":1200,"perturbed":3,"without_answer":800,"ece_before":0.125,"ece_after":0.0625,"recall_at_1":0.875,"curve":[[1.0,0.0,1.0,0.0]]}"#;

const LEXICON_1: &str =
    r#"{"format":1,"terms":["花呗","运费险"],"synonym_sets":[{"id":"refund","words":["退款","退钱"]}],"version":0}"#;

const RULEBOOK_1: &str = r#"{"format":1,"rules":[{"id":"r0","condition":{"phrases":["冒烟","炸了"]},"unless":["如果"],"negation_aware":true,"effect":{"raise_urgency":"urgent"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r1","condition":{"pattern":"第[0-9]+次"},"unless":["如果"],"negation_aware":false,"effect":{"cap_urgency":"normal"},"example":"微波炉炸了","counter_example":null,"enabled":true,"note":"安全"},{"id":"r2","condition":{"near":{"first":["退款"],"second":["没到","未到"],"max_chars":8}},"unless":["如果"],"negation_aware":false,"effect":{"set_type":"complaint"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":false,"note":"安全"},{"id":"r3","condition":"always","unless":["如果"],"negation_aware":false,"effect":{"disable_rule":"safety.fire"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r4","condition":{"pattern":"a"},"unless":["如果"],"negation_aware":false,"effect":{"forbid_type":"suggestion"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r5","condition":{"pattern":"b"},"unless":["如果"],"negation_aware":false,"effect":{"set_domain":"repair"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r6","condition":{"pattern":"c"},"unless":["如果"],"negation_aware":false,"effect":{"forbid_domain":"order"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r7","condition":{"pattern":"d"},"unless":["如果"],"negation_aware":false,"effect":{"set_sentiment":"negative"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r8","condition":{"pattern":"e"},"unless":["如果"],"negation_aware":false,"effect":{"set_queue":"after-sales"},"example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r9","condition":{"pattern":"f"},"unless":["如果"],"negation_aware":false,"effect":"request_human","example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"},{"id":"r10","condition":{"pattern":"g"},"unless":["如果"],"negation_aware":false,"effect":"block","example":"微波炉炸了","counter_example":"如果炸了","enabled":true,"note":"安全"}],"version":0}"#;

const BUNDLE_CHOICE_1: &str = r#"{"format":1,"revision":3,"history":["yingda-base/1","acme/2"]}"#;

const ANSWER_RECORD_1: &str = r#"{"format":1,"id":"r","knowledge_base":"shop","customer_key":"c0ffee","channel":"im","masked_text":"我的手机号是***","masked_effective_query":"手机号","outcome":"handoff","no_answer_reason":"below_threshold","handoff_reason":"complaint","article_id":"refund-time","article_knowledge_base":"shop-2","article_revision":7,"confidence":0.1,"inquiry_type":"complaint","urgency":"urgent","domain":"return_refund","sentiment":"negative","bundle":"base@1","index_revision":8,"create_time":1700000000000}"#;

const FEEDBACK_1: &str = r#"{"format":1,"id":"f","knowledge_base":"shop","answer_record":"record","article_id":"refund-time","article_revision":7,"confidence":0.9,"verdict":"edited","comment":"语气太硬","edited_text":"亲，1-3 个工作日","create_time":5}"#;

const SATISFACTION_1: &str = r#"{"format":1,"id":"s","knowledge_base":"shop","answer_record":"record","score":5,"comment":"很快","create_time":5}"#;

#[track_caller]
fn check<S, D>(fixture: &str, expected: &D, convert: impl FnOnce(S) -> Result<D>)
where
    S: Serialize + DeserializeOwned + for<'a> From<&'a D>,
    D: Debug + PartialEq,
{
    assert_eq!(&convert(decode(fixture).unwrap()).unwrap(), expected);
    assert_eq!(encode(&S::from(expected)), fixture);
    let newer = fixture.replacen("\"format\":1", "\"format\":2", 1);
    let error = decode::<S>(&newer).err().unwrap().to_string();
    assert!(error.starts_with("format 2 is unknown, this program knows 1"), "{error}");
}

fn stamps() -> (ArticleStamp, KnowledgeBaseStamp) {
    let (article, base) = (sample::article("a"), sample::base("shop"));
    let article = ArticleStamp {
        id: article.id,
        no: article.no,
        revision: article.revision,
        create_time: article.create_time,
        update_time: article.update_time,
    };
    let base = KnowledgeBaseStamp {
        id: base.id,
        revision: base.revision,
        record_revision: base.record_revision,
        create_time: base.create_time,
        update_time: base.update_time,
    };
    (article, base)
}

#[test]
fn the_choice_of_a_bundle_is_read_and_written() {
    let history = ["yingda-base/1", "acme/2"].map(|name| BundleId::parse(name).unwrap()).to_vec();
    let choice = BundleChoice { history, revision: Revision(3) };
    check(BUNDLE_CHOICE_1, &choice, |body: BundleChoiceBody| body.try_into());
}

#[test]
fn calibrations_are_read_and_written() {
    check(CALIBRATION_1, &sample::calibration("g1"), |body: CalibrationBody| Ok(body.into_calibration("g1".into())));
}

#[test]
fn formats_of_version_1_are_read_and_written() {
    let (article, _) = stamps();
    check(ARTICLE_1, &sample::article("a"), |body: ArticleBody| body.into_article(article));
    check(LEXICON_1, &sample::lexicon("花呗"), |body: LexiconBody| Ok(Lexicon::from(body)));
    check(RULEBOOK_1, &sample::rulebook("冒烟"), RulebookBody::into_rulebook);
    check(ANSWER_RECORD_1, &sample::answer_record("r"), |body: AnswerRecordBody| AnswerRecord::try_from(body));
    check(FEEDBACK_1, &sample::feedback("f", 5), |body: FeedbackBody| Feedback::try_from(body));
    check(SATISFACTION_1, &sample::satisfaction("s", 5), |body: SatisfactionBody| Satisfaction::try_from(body));
}

#[test]
fn knowledge_bases_of_every_format_are_read_and_the_newest_is_written() {
    let (_, stamp) = stamps();
    let read =
        |fixture: &str| decode::<KnowledgeBaseBody>(fixture).unwrap().into_knowledge_base(stamp.clone()).unwrap();
    let base = sample::base("shop");
    assert_eq!(read(KNOWLEDGE_BASE_3), base);
    assert_eq!(encode(&KnowledgeBaseBody::from(&base)), KNOWLEDGE_BASE_3);
    let mut older = base;
    older.policy.calibration = CalibrationPolicy::default();
    assert_eq!(read(KNOWLEDGE_BASE_2), older);
    older.policy.urgency = UrgencyPolicy::default();
    assert_eq!(read(KNOWLEDGE_BASE_1), older);
    let newer = KNOWLEDGE_BASE_3.replacen("\"format\":3", "\"format\":4", 1);
    let error = decode::<KnowledgeBaseBody>(&newer).err().unwrap().to_string();
    assert!(error.starts_with("format 4 is unknown, this program knows 1 to 3"), "{error}");
}

#[test]
fn replies_of_version_1_are_read_and_written() {
    let stamped = |id: &str, more: &str, body: &str| {
        format!(r#"{{"id":"{id}",{more},"create_time":-1,"update_time":-1,"body":{body}}}"#)
    };
    let article = stamped("a", r#""no":999,"revision":999"#, ARTICLE_1);
    let base = stamped("shop", r#""revision":999,"record_revision":999"#, KNOWLEDGE_BASE_3);
    let with = |article: Option<Article>, knowledge_base: Option<KnowledgeBase>| Written {
        revision: Revision(3),
        article,
        knowledge_base,
        payload: "p".into(),
        is_replay: true,
    };
    let json = |article: &str, base: &str| {
        format!(r#"{{"format":1,"revision":3,"article":{article},"knowledge_base":{base},"payload":"p"}}"#)
    };
    let both = with(Some(sample::article("a")), Some(sample::base("shop")));
    check(&json(&article, &base), &both, WrittenBody::into_replay);
    check(&json("null", "null"), &with(None, None), WrittenBody::into_replay);
}

#[test]
fn what_is_unknown_is_refused() {
    #[track_caller]
    fn refuse<S: DeserializeOwned, D: Debug>(json: &str, convert: impl FnOnce(S) -> Result<D>, expected: &str) {
        let error = decode(json).and_then(convert).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let (article, base) = stamps();
    let into_article = |body: ArticleBody| body.into_article(article.clone());
    let into_base = |body: KnowledgeBaseBody| body.into_knowledge_base(base.clone());
    refuse("", into_article, "EOF");
    refuse(r#"{"standard_question":"a"}"#, into_article, "missing field `format`");
    refuse(r#"{"format":9}"#, into_article, "format 9 is unknown, this program knows 1");
    refuse(&ARTICLE_1.replace("\"bot\"", "\"cat\""), into_article, "audience has the unknown value \"cat\"");
    refuse(&ARTICLE_1.replace("\"phone\"]", "\"fax\"]"), into_article, "channel has the unknown value \"fax\"");
    refuse(&ARTICLE_1.replace("refund-apply", "退款"), into_article, "not an identifier");
    refuse(&KNOWLEDGE_BASE_1.replace("\"sun\"", "\"day\""), into_base, "weekday has the unknown value \"day\"");
    refuse(&KNOWLEDGE_BASE_1.replace("holiday", "feast"), into_base, "feast");
    let into_rules = RulebookBody::into_rulebook;
    refuse(&RULEBOOK_1.replace("complaint", "gripe"), into_rules, "inquiry type has the unknown value \"gripe\"");
    refuse(&RULEBOOK_1.replace("\"pattern\"", "\"shape\""), into_rules, "shape");
    refuse(&RULEBOOK_1.replace("set_queue", "set_line"), into_rules, "set_line");
    refuse(&KNOWLEDGE_BASE_2.replace("safety", "fire"), into_base, "urgency signal has the unknown value \"fire\"");
}

#[test]
fn old_replies_are_looked_for_now_and_then() {
    let mut pruning = Pruning::default();
    let at = |hours: i64| crate::domain::Timestamp(hours * 3_600_000);
    assert_eq!(pruning.due(at(200)), Some(at(200 - 7 * 24)));
    pruning.done(at(200));
    assert_eq!(pruning.due(crate::domain::Timestamp(at(201).0 - 1)), None);
    assert_eq!(pruning.due(at(201)), Some(at(201 - 7 * 24)));
    assert_eq!(pruning.due(at(100)), Some(at(100 - 7 * 24)), "a clock set back does not put it off");
}
