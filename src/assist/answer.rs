//! The path of one message: analyze, complete, retrieve, rank, decide, compose.

use std::{sync::Arc, time::Instant};

use thiserror::Error;

use super::{
    analyze::{self, Lights},
    candidates::{self, Candidates, Ranked},
    complete,
    decide::{self, Bounds, Contender, Decision, Facts},
    live::{Base, ReadyPolicy, Snap},
    message::Message,
    parts,
    rank::Weights,
    reply::{self, Draft},
    retrieve::{Dropped, Visibility},
    rules::Rules,
    second_stage::{self, Question, SecondWeights},
};
use crate::{
    domain::{
        Analysis, Candidate, CandidateVerdict, ErrorKind, Inquiry, KnowledgeBaseId, Reply, Speaker, StageTiming,
        Timestamp,
    },
    text::{asked_part, is_stop_word},
};

/// An inquiry that cannot be worked on.
#[derive(Debug, Error)]
pub enum AssistError {
    #[error("knowledge base {0} does not exist or is not loaded yet")]
    UnknownKnowledgeBase(KnowledgeBaseId),
}

impl AssistError {
    /// Returns the kind for the boundaries.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownKnowledgeBase(_) => ErrorKind::NotFound,
        }
    }
}

/// How an inquiry is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub inquiry: &'a Inquiry,
    /// None means every base. The first gives policy, queue and hours.
    pub knowledge_bases: &'a [KnowledgeBaseId],
    pub now: Timestamp,
    pub deadline: Option<Instant>,
    pub max_candidates: usize,
    pub explain: bool,
}

/// The stage that a large encoder makes; timed only where it ran.
pub const SECOND_STAGE: &str = "second_stage";

/// Measures stages.
struct Stages {
    last: Instant,
    timings: Vec<StageTiming>,
}

impl Stages {
    fn begin() -> Self {
        Self { last: Instant::now(), timings: Vec::with_capacity(6) }
    }

    fn end(&mut self, stage: &'static str) {
        let now = Instant::now();
        let micros = u64::try_from((now - self.last).as_micros()).unwrap_or(u64::MAX);
        self.timings.push(StageTiming { stage, micros });
        self.last = now;
    }

    fn is_past(&self, deadline: Option<Instant>) -> bool {
        deadline.is_some_and(|deadline| self.last >= deadline)
    }
}

/// Looks up the bases to ask, in the order named.
pub(super) fn bases(snap: &Snap, named: &[KnowledgeBaseId]) -> Result<Vec<Arc<Base>>, AssistError> {
    if named.is_empty() {
        return Ok(snap.bases.values().cloned().collect());
    }
    let one =
        |id: &KnowledgeBaseId| snap.bases.get(id).cloned().ok_or_else(|| AssistError::UnknownKnowledgeBase(id.clone()));
    named.iter().map(one).collect()
}

/// Answers one inquiry. Fails only where a base that was named is not there.
pub fn answer(snap: &Snap, ask: &Ask<'_>) -> Result<Reply, AssistError> {
    let bases = bases(snap, ask.knowledge_bases)?;
    let policy = bases.first().map_or(&snap.shared.default_policy, |base| &base.policy);
    let mut stages = Stages::begin();
    let message = Message::read(&ask.inquiry.text);
    stages.end("normalize");
    let entities = bases.first().map(|base| &*base.entities);
    let rules = bases.first().and_then(|base| base.rules.as_deref());
    let Inquiry { channel, history, .. } = ask.inquiry;
    let lights = Lights { shared: &snap.shared, policy, rules, entities, channel: *channel, history, now: ask.now };
    let analysis = analyze::analyze(&ask.inquiry.text, &message, &lights);
    stages.end("analyze");
    let completed = complete::complete(&message, &ask.inquiry.history);
    let effective_query = completed.unwrap_or_else(|| message.text().to_owned());
    stages.end("complete");
    let is_past_deadline = stages.is_past(ask.deadline);
    let visibility = Visibility::of(ask);
    let search = |text: &str| candidates::candidates(&snap.shared, &bases, text, visibility);
    let mut degraded = Vec::new();
    let mut found = if is_past_deadline || message.is_empty() {
        if is_past_deadline {
            degraded.push("deadline:retrieve".to_owned());
        }
        Candidates::default()
    } else {
        search(&effective_query)
    };
    degraded.extend(found.failed.iter().map(|_| "index:retrieve".to_owned()));
    stages.end("retrieve_and_rank");
    if !is_past_deadline && !message.is_empty() {
        match refine(snap, ask, (&bases, &effective_query), &mut found) {
            Ok(true) => stages.end(SECOND_STAGE),
            Ok(false) => {}
            Err(skipped) => degraded.push(skipped.as_str().to_owned()),
        }
    }
    let bounds = bounds(policy, &bases, found.second_weights);
    let further = if is_past_deadline { Vec::new() } else { several(&mut found, &effective_query, bounds, &search) };
    let small_talk = snap.shared.small_talk.recognize(message.text());
    let contenders: Vec<Contender> = found
        .ranked
        .iter()
        .map(|ranked| Contender {
            confidence: ranked.confidence,
            verdict: ranked.verdict,
            base_idx: bases.iter().position(|base| Arc::ptr_eq(base, &ranked.base)).unwrap_or(0),
            is_exact: ranked.is_exact(),
        })
        .collect();
    let decision = decide::decide(&Facts {
        is_blocked: analysis.is_blocked,
        is_empty: message.is_empty(),
        is_all_stop_words: is_all_stop_words(&message),
        requests_human: analysis.requests_human,
        is_small_talk: small_talk.is_some(),
        kind: analysis.primary_type(),
        kind_probability: analysis.types.first().map_or(0.0, |top| top.probability),
        urgency: analysis.urgency.label,
        contenders: &contenders,
        dropped: dropped(&found),
        is_past_deadline,
        misses_before: misses_before(ask.inquiry, policy),
        bounds,
        triggers: policy.policy.handoff,
        max_options: usize::from(policy.policy.max_clarify_options),
    });
    stages.end("decide");
    let draft = Draft { snap, ask, bases: &bases, policy, message: &message, found: &found, bounds };
    let mut reply = draft.reply(&decision, &further, analysis);
    stages.end("compose");
    reply.effective_query = effective_query;
    reply.small_talk_intent = match decision {
        Decision::SmallTalk => small_talk.map(|intent| intent.id.clone()),
        _ => None,
    };
    reply.timings = stages.timings;
    reply.degraded = degraded;
    Ok(reply)
}

/// Lists the articles that may answer a text, whatever the thresholds. Fails where a base that was named is not there.
pub fn search(snap: &Snap, ask: &Ask<'_>) -> Result<Vec<Candidate>, AssistError> {
    let bases = bases(snap, ask.knowledge_bases)?;
    let message = Message::read(&ask.inquiry.text);
    let mut found = candidates::candidates(&snap.shared, &bases, message.text(), Visibility::of(ask));
    // Where the second stage cannot run, the first one's order stands.
    let _ = refine(snap, ask, (&bases, message.text()), &mut found);
    let shown = found.ranked.iter().take(ask.max_candidates);
    Ok(shown.map(|ranked| reply::candidate(ranked, &message, ask.explain)).collect())
}

/// Analyzes a text by the lights of a base, or of the default policy.
pub fn analyze_alone(snap: &Snap, base: Option<&Base>, text: &str, ask: &Ask<'_>) -> (Analysis, Message) {
    analyze_by(base.and_then(|base| base.rules.as_deref()), snap, base, text, ask)
}

/// Analyzes as [`analyze_alone`] does, by other rules on top of those of the server than the base has published.
pub fn analyze_by(
    rules: Option<&Rules>,
    snap: &Snap,
    base: Option<&Base>,
    text: &str,
    ask: &Ask<'_>,
) -> (Analysis, Message) {
    let lights = Lights {
        shared: &snap.shared,
        policy: base.map_or(&snap.shared.default_policy, |base| &base.policy),
        rules,
        entities: base.map(|base| &*base.entities),
        channel: ask.inquiry.channel,
        history: &ask.inquiry.history,
        now: ask.now,
    };
    let message = Message::read(text);
    (analyze::analyze(text, &message, &lights), message)
}

/// Lets the second stage look at what the first one found.
fn refine(
    snap: &Snap,
    ask: &Ask<'_>,
    (bases, text): (&[Arc<Base>], &str),
    found: &mut Candidates,
) -> Result<bool, second_stage::Skipped> {
    let visibility = Visibility::of(ask);
    let question = Question { shared: &snap.shared, bases, text, visibility, deadline: ask.deadline };
    second_stage::refine(&question, found)
}

/// The policy's bounds, else those fitted for a base like the first by the stage that spoke last, tightened for the number
/// of bases.
fn bounds(policy: &ReadyPolicy, bases: &[Arc<Base>], second: Option<SecondWeights>) -> Bounds {
    let thresholds = policy.policy.thresholds;
    let first = bases.first().map_or(Weights::BLANK, |base| base.weights);
    let fitted = second.map_or((first.answer_threshold, first.clarify_threshold), |second| {
        (second.answer_threshold, second.clarify_threshold)
    });
    let answer = thresholds.answer.unwrap_or(fitted.0);
    let clarify = thresholds.clarify.unwrap_or(fitted.1).min(answer);
    Bounds { answer, clarify }.tightened(bases.len())
}

/// Looks at the sentences of a message one by one. Where the whole finds no answer and one sentence does, its candidates
/// stand for the whole; where sentences find different answers, those beyond the first are returned.
fn several(found: &mut Candidates, text: &str, bounds: Bounds, search: &dyn Fn(&str) -> Candidates) -> Vec<Ranked> {
    let asked = asked_part(text);
    let parts = parts::parts(&asked);
    let bounds = bounds.tightened(parts.len());
    let is_good = |ranked: &Ranked| ranked.confidence >= bounds.answer && ranked.verdict == CandidateVerdict::Eligible;
    let mut good: Vec<Candidates> = parts
        .iter()
        .map(|part| search(part))
        .filter(|candidates| candidates.ranked.first().is_some_and(is_good))
        .collect();
    let confidence = |candidates: &Candidates| candidates.ranked.first().map_or(0.0, |top| top.confidence);
    good.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    if good.is_empty() {
        return Vec::new();
    }
    if confidence(found) < bounds.answer {
        let mut best = good.remove(0);
        best.dropped.append(&mut found.dropped);
        *found = best;
    }
    let mut named: Vec<_> = found.ranked.first().map(key).into_iter().collect();
    let mut further = Vec::new();
    for mut candidates in good {
        let top = candidates.ranked.swap_remove(0);
        if !named.contains(&key(&top)) {
            named.push(key(&top));
            further.push(top);
        }
    }
    further
}

fn key(ranked: &Ranked) -> (KnowledgeBaseId, crate::domain::ArticleNo) {
    (ranked.base.record.id.clone(), ranked.found.article.article.no)
}

fn is_all_stop_words(message: &Message) -> bool {
    let mut words = message.words.iter().map(|word| word.text(message.text()));
    words.all(|word| is_stop_word(word) || !word.chars().any(char::is_alphanumeric))
}

/// Whether something was dropped, and whether for its validity.
fn dropped(found: &Candidates) -> Option<bool> {
    let first = found.dropped.first()?;
    Some(first.1 == Dropped::Validity)
}

/// How many of the bot's last replies in a row had no answer.
fn misses_before(inquiry: &Inquiry, policy: &ReadyPolicy) -> usize {
    let bot = inquiry.history.iter().rev().filter(|turn| turn.speaker == Speaker::Bot);
    bot.take_while(|turn| turn.text == policy.policy.texts.no_answer).count()
}
