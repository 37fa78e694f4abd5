//! From a decision to the reply.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    answer::Ask,
    candidates::{Candidates, Ranked},
    compose::{self, HandoffParts},
    decide::{Bounds, Decision},
    explain, features,
    highlight::highlights,
    live::{Base, ReadyPolicy, Snap},
    message::Message,
    route, rules,
};
use crate::domain::{
    Analysis, Answer, Candidate, ClarifyOption, Handoff, HandoffReason, InquiryType, KnowledgeBaseId, MatchType,
    NoAnswerReason, Outcome, PhrasingKind, Provenance, Reply, Source, SuggestedQuestion,
};

/// At most so many questions to go on with.
const MAX_SUGGESTED: usize = 5;
/// A rival is offered as a related question from this probability on.
const RELATED_PROBABILITY: f32 = 0.03;
/// A further answer is at least this certain by construction; no more than so many are sent.
const MAX_FURTHER: usize = 2;

/// All that a reply is made of.
pub(super) struct Draft<'a> {
    pub snap: &'a Snap,
    pub ask: &'a Ask<'a>,
    pub bases: &'a [Arc<Base>],
    pub policy: &'a ReadyPolicy,
    pub message: &'a Message,
    pub found: &'a Candidates,
    pub bounds: Bounds,
}

/// The part of a reply that the decision makes.
struct Decided {
    outcome: Outcome,
    message: String,
    answer: Option<Answer>,
    no_answer_reason: Option<NoAnswerReason>,
    handoff: Option<Handoff>,
    clarify_options: Vec<ClarifyOption>,
}

impl Decided {
    fn saying(outcome: Outcome, message: String) -> Self {
        Self { outcome, message, answer: None, no_answer_reason: None, handoff: None, clarify_options: Vec::new() }
    }
}

impl Draft<'_> {
    /// Makes the reply; effective query, small talk, timings and degradation are the caller's to add.
    pub(super) fn reply(&self, decision: &Decision, further: &[Ranked], analysis: Analysis) -> Reply {
        let decided = self.decided(decision, &analysis);
        let further_answers = match decided.answer {
            Some(_) => further.iter().take(MAX_FURTHER).map(|ranked| self.answer(ranked)).collect(),
            None => Vec::new(),
        };
        let mut body = decided.message;
        for answer in &further_answers {
            body.push_str("\n\n");
            body.push_str(&answer.text);
        }
        let signature = self.bases.first().map_or("", |base| base.record.display_name.as_str());
        let shown = self.found.ranked.iter().take(self.ask.max_candidates);
        Reply {
            outcome: decided.outcome,
            message: compose::dress(self.ask.inquiry.channel, body, &self.ask.inquiry.slots, signature),
            related_questions: self.related(decided.answer.as_ref()),
            popular_questions: self.popular(&decided.answer, decided.outcome),
            answer: decided.answer,
            further_answers,
            no_answer_reason: decided.no_answer_reason,
            handoff: decided.handoff,
            clarify_options: decided.clarify_options,
            candidates: shown.map(|ranked| candidate(ranked, self.message, self.ask.explain)).collect(),
            analysis,
            effective_query: String::new(),
            small_talk_intent: None,
            provenance: provenance(self.snap, self.bases),
            timings: Vec::new(),
            degraded: Vec::new(),
            explanation: self.ask.explain.then(|| explain::explain(self.message, self.bases, self.found, self.bounds)),
        }
    }

    fn decided(&self, decision: &Decision, analysis: &Analysis) -> Decided {
        let texts = &self.policy.policy.texts;
        match decision {
            Decision::Blocked => Decided::saying(Outcome::Blocked, texts.blocked.clone()),
            Decision::SmallTalk => Decided::saying(Outcome::SmallTalk, self.small_talk()),
            Decision::Answer { idx } => {
                let answer = self.answer(&self.found.ranked[*idx]);
                let mut decided = Decided::saying(Outcome::Answered, self.toned(&answer.text, analysis));
                decided.answer = Some(answer);
                decided
            }
            Decision::Clarify { options } => self.clarify(options),
            Decision::Handoff { reason, answer } => self.handoff(*reason, *answer, analysis),
            Decision::NoAnswer { reason } => {
                let mut decided = Decided::saying(Outcome::NoAnswer, texts.no_answer.clone());
                decided.no_answer_reason = Some(*reason);
                decided
            }
        }
    }

    fn small_talk(&self) -> String {
        let reply = self.snap.shared.small_talk.recognize(self.message.text()).map(|intent| intent.reply.clone());
        reply.filter(|text| !text.is_empty()).unwrap_or_else(|| self.policy.policy.texts.greeting.clone())
    }

    fn clarify(&self, options: &[usize]) -> Decided {
        let options: Vec<ClarifyOption> = options.iter().map(|idx| self.option(&self.found.ranked[*idx])).collect();
        let questions: Vec<&str> = options.iter().map(|option| option.question.as_str()).collect();
        let mut decided = Decided::saying(Outcome::Clarify, compose::clarify(&self.policy.policy.texts, &questions));
        decided.clarify_options = options;
        decided
    }

    fn handoff(&self, reason: HandoffReason, answer: Option<usize>, analysis: &Analysis) -> Decided {
        let texts = &self.policy.policy.texts;
        let answer = answer.map(|idx| self.answer(&self.found.ranked[idx]));
        let plan = &analysis.follow_up;
        let due = self.policy.schedule.describe(plan.respond_by, self.ask.now);
        let is_suggestion = reason == HandoffReason::Suggestion;
        let department = is_suggestion
            .then(|| route::department(self.policy, analysis.primary_domain()).map(str::to_owned))
            .flatten();
        let acknowledgement = match analysis.primary_type() {
            InquiryType::Complaint => Some(compose::with(&texts.complaint_acknowledgement, "due", &due)),
            InquiryType::Suggestion => {
                let name = department.as_deref().unwrap_or("相关部门");
                Some(compose::with(&texts.suggestion_thanks, "department", name))
            }
            _ => None,
        };
        let when = if plan.within_working_hours { &texts.handoff } else { &texts.handoff_off_hours };
        // An acknowledgement that names the time says all; so does thanks for a suggestion.
        let says_when =
            acknowledgement.is_some() && (is_suggestion || texts.complaint_acknowledgement.contains("{due}"));
        let when = (!says_when).then(|| compose::with(when, "due", &due));
        let parts = HandoffParts {
            acknowledgement: acknowledgement.as_deref(),
            answer: answer.as_ref().map(|answer| answer.text.as_str()),
            due: when.as_deref(),
        };
        let mut decided = Decided::saying(Outcome::Handoff, compose::handoff(parts));
        let routing = &analysis.routing;
        decided.handoff = Some(Handoff {
            reason,
            department,
            priority: routing.priority,
            queue_id: routing.queue_id.clone(),
            queue_name: routing.queue_name.clone(),
            respond_by: plan.respond_by,
            resolve_by: plan.resolve_by,
            within_working_hours: plan.within_working_hours,
        });
        decided.answer = answer;
        decided
    }

    /// A complaint that policy keeps from people is acknowledged all the same, without naming a time.
    fn toned(&self, text: &str, analysis: &Analysis) -> String {
        let acknowledgement = &self.policy.policy.texts.complaint_acknowledgement;
        if analysis.primary_type() == InquiryType::Complaint && !acknowledgement.contains('{') {
            format!("{acknowledgement}\n\n{text}")
        } else {
            text.to_owned()
        }
    }

    fn answer(&self, ranked: &Ranked) -> Answer {
        let filled = compose_answer(ranked, self.ask);
        Answer {
            text: filled.text,
            knowledge_base: ranked.base.record.id.clone(),
            article_id: ranked.found.article.article.id.clone(),
            article_revision: ranked.found.article.article.revision,
            confidence: ranked.confidence,
            missing_slots: filled.missing,
        }
    }

    fn option(&self, ranked: &Ranked) -> ClarifyOption {
        let article = &ranked.found.article.article;
        ClarifyOption {
            knowledge_base: ranked.base.record.id.clone(),
            article_id: article.id.clone(),
            question: article.standard_question.clone(),
            answer: compose_answer(ranked, self.ask).text,
            confidence: ranked.confidence,
        }
    }

    /// What the article names to go on with, then the rivals of the answer.
    fn related(&self, answer: Option<&Answer>) -> Vec<SuggestedQuestion> {
        let Some(answer) = answer else { return Vec::new() };
        let mut related = Vec::new();
        let top = self.found.ranked.iter().find(|ranked| ranked.found.article.article.id == answer.article_id);
        if let Some(top) = top {
            let follow_ups = top.found.article.article.follow_up_questions.iter();
            related.extend(follow_ups.filter_map(|id| self.suggested(&top.base, id)));
        }
        for ranked in self.found.ranked.iter().filter(|ranked| ranked.confidence >= RELATED_PROBABILITY) {
            let article = &ranked.found.article.article;
            let is_known = related.iter().any(|known: &SuggestedQuestion| known.article_id == article.id);
            if article.id != answer.article_id && !is_known {
                related.extend(self.suggested(&ranked.base, &article.id));
            }
        }
        related.truncate(MAX_SUGGESTED);
        related
    }

    /// The opening questions of the bases asked, where nothing was answered.
    fn popular(&self, answer: &Option<Answer>, outcome: Outcome) -> Vec<SuggestedQuestion> {
        let wanted = matches!(outcome, Outcome::NoAnswer | Outcome::SmallTalk | Outcome::Clarify);
        if answer.is_some() || !wanted {
            return Vec::new();
        }
        let opening = self.bases.iter().flat_map(|base| {
            let ids = base.record.policy.opening_questions.iter();
            ids.filter_map(|id| crate::domain::ArticleId::try_new(id.as_str()).ok())
                .filter_map(|id| self.suggested(base, &id))
        });
        opening.take(MAX_SUGGESTED).collect()
    }

    /// An article as a question to go on with, where it may be shown.
    fn suggested(&self, base: &Base, id: &crate::domain::ArticleId) -> Option<SuggestedQuestion> {
        let article = base.snapshot.table.article_by_id(id)?;
        if !super::retrieve::is_visible(article, super::retrieve::Visibility::of(self.ask)) {
            return None;
        }
        Some(SuggestedQuestion {
            knowledge_base: base.record.id.clone(),
            article_id: id.clone(),
            question: article.article.standard_question.clone(),
        })
    }
}

/// Fills the article's answer for the channel.
pub(super) fn compose_answer(ranked: &Ranked, ask: &Ask<'_>) -> compose::Filled {
    let slots: &BTreeMap<String, String> = &ask.inquiry.slots;
    compose::fill(ranked.found.article.article.answers.for_channel(ask.inquiry.channel), slots)
}

/// A candidate as the reply shows it, with its features where they are asked for.
pub(super) fn candidate(ranked: &Ranked, message: &Message, explain: bool) -> Candidate {
    let phrasing = features::phrasing_of(&ranked.found, &ranked.compared);
    let canonical = phrasing.map(|phrasing| &phrasing.profile.canonical);
    let match_type = match phrasing {
        Some(phrasing) if bare(&phrasing.normalized) == bare(message.text()) => MatchType::Exact,
        Some(_) if ranked.is_exact() => MatchType::Synonym,
        // The index did not find it.
        Some(_) if ranked.second.is_some() && ranked.compared.bm25 == 0.0 => MatchType::Semantic,
        _ => MatchType::Lexical,
    };
    Candidate {
        knowledge_base: ranked.base.record.id.clone(),
        article: Arc::clone(&ranked.found.article.article),
        matched_question: phrasing.map_or_else(String::new, |phrasing| phrasing.text.to_string()),
        matched_kind: phrasing.map_or(PhrasingKind::Standard, |phrasing| phrasing.kind),
        match_type,
        highlights: canonical.map_or_else(Vec::new, |canonical| highlights(message, canonical, &ranked.base.overlay)),
        confidence: ranked.confidence,
        raw_score: ranked.compared.bm25,
        verdict: ranked.verdict,
        features: if explain { ranked.shares() } else { Vec::new() },
    }
}

fn bare(text: &str) -> impl PartialEq + use<> {
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>()
}

/// Says what the reply was made with; the first base gives rules as it gives policy.
pub fn provenance(snap: &Snap, bases: &[Arc<Base>]) -> Provenance {
    let sources = bases.iter().map(|base| Source {
        knowledge_base: KnowledgeBaseId::clone(&base.record.id),
        store_epoch: snap.shared.store_epoch.clone(),
        index_revision: base.snapshot.revision,
        generation: base.snapshot.generation.clone(),
        lexicon_version: base.lexicon_version,
        policy_revision: base.record.record_revision,
        calibration_revision: base.calibration.as_ref().map(|calibration| calibration.revision),
    });
    Provenance {
        bundle: format!("{}/{}", snap.shared.bundle.name(), snap.shared.bundle.version()),
        rules_version: rules::version(&snap.shared.rules, bases.first().and_then(|base| base.rules.as_deref())),
        sources: sources.collect(),
    }
}
