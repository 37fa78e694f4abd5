//! `yingda ask`: one question, answered in this process on the path that serves.

use std::io::Read;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use super::{Session, offline, output};
use crate::{
    assist::{self, Ask},
    domain::{Channel, Inquiry, Reply},
    rpc,
    text::OffsetEncoding,
};

/// The longest message, in characters.
const MAX_CHARS: usize = 2_000;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ChannelName {
    Im,
    Email,
    Phone,
}

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Asks this knowledge base; may be given several times, the first giving the policy. All where none is given.
    #[arg(long = "kb", value_name = "ID")]
    knowledge_bases: Vec<String>,
    /// Shows the whole why.
    #[arg(long)]
    explain: bool,
    #[arg(long, value_enum, default_value = "im")]
    channel: ChannelName,
    /// The message; `-` reads it from standard input.
    text: String,
}

pub(super) fn run(session: &Session, options: Options) -> anyhow::Result<()> {
    let mut text = options.text;
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).context("standard input is not UTF-8 text")?;
    }
    let text = text.trim_end_matches(['\n', '\r']);
    ensure!(!text.trim().is_empty(), "text: must not be empty");
    ensure!(text.chars().count() <= MAX_CHARS, "text: at most {MAX_CHARS} characters");
    let knowledge_bases = offline::knowledge_bases(&options.knowledge_bases)?;
    let app = offline::open_or_demo(session, &knowledge_bases)?;
    let mut inquiry = Inquiry::im(text);
    inquiry.channel = match options.channel {
        ChannelName::Im => Channel::Im,
        ChannelName::Email => Channel::Email,
        ChannelName::Phone => Channel::Phone,
    };
    let ask = Ask {
        inquiry: &inquiry,
        knowledge_bases: &knowledge_bases,
        now: app.clock.now(),
        deadline: None,
        max_candidates: 5,
        explain: options.explain,
    };
    let reply = assist::answer(&app.live.load(), &ask)?;
    if session.json {
        let view = rpc::AnswerView {
            text: &inquiry.text,
            channel: inquiry.channel,
            encoding: OffsetEncoding::Utf8,
            answer_record: String::new(),
        };
        output::line(&rpc::to_json("yingda.v1.AnswerResponse", &rpc::answer_response(&reply, &view))?);
    } else {
        print(&reply, options.explain);
    }
    Ok(())
}

fn print(reply: &Reply, explain: bool) {
    output::line(&reply.message);
    let analysis = &reply.analysis;
    let mut facts = vec![
        format!("outcome={}", reply.outcome.as_str()),
        format!("type={}", analysis.primary_type().as_str()),
        format!("urgency={}", analysis.urgency.label.as_str()),
        format!("domain={}", analysis.primary_domain()),
        format!("sentiment={}", analysis.sentiment.label.as_str()),
    ];
    if let Some(answer) = &reply.answer {
        facts.push(format!("article={}/{}", answer.knowledge_base, answer.article_id));
        facts.push(format!("confidence={:.2}", answer.confidence));
    }
    facts.extend(reply.no_answer_reason.map(|reason| format!("reason={}", reason.as_str())));
    if let Some(handoff) = &reply.handoff {
        facts.push(format!(
            "handoff={} queue={} priority={}",
            handoff.reason.as_str(),
            handoff.queue_id,
            handoff.priority
        ));
    }
    output::line(&format!("\n[{}]", facts.join(" ")));
    if explain {
        print_why(reply);
    }
}

fn print_why(reply: &Reply) {
    let Some(why) = &reply.explanation else { return };
    output::line(&format!("normalized  {}", why.normalized_text));
    output::line(&format!("words       {}", why.words.join(" / ")));
    if !why.compared_text.is_empty() && why.compared_text != why.normalized_text {
        output::line(&format!("compared    {}", why.compared_text));
    }
    let lists = [("synonyms", &why.synonyms_used), ("ignored", &why.ignored_words), ("negations", &why.negations)];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        output::line(&format!("{name:<11} {}", list.join(" / ")));
    }
    for hit in &reply.analysis.rule_hits {
        let disabled = hit.disabled_by.as_ref().map(|by| format!(" (disabled by {by})")).unwrap_or_default();
        output::line(&format!("rule        {} -> {}{disabled}", hit.rule_id, hit.effect));
    }
    output::line(&format!(
        "thresholds  answer {:.2}, clarify {:.2}; distance {:+.2}",
        why.answer_threshold, why.clarify_threshold, why.distance_to_answer
    ));
    for candidate in &reply.candidates {
        output::line(&format!(
            "{:.3} {}/{}  {} ({:?}, {:?})",
            candidate.confidence,
            candidate.knowledge_base,
            candidate.article.id,
            candidate.matched_question,
            candidate.match_type,
            candidate.verdict
        ));
        let shares = candidate.features.iter().take(6).map(|f| format!("{} {:.2} ({:+.2})", f.name, f.value, f.share));
        output::line(&format!("      {}", shares.collect::<Vec<_>>().join(", ")));
    }
    for (article, reason) in &why.filtered {
        output::line(&format!("dropped     {article}: {reason}"));
    }
    for timing in &reply.timings {
        output::line(&format!("{:<17} {} us", timing.stage, timing.micros));
    }
}
