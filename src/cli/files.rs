//! The files that `train` and `eval` read: one JSON object a line.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

use crate::{
    domain::{ArticleId, EntityKind, KnowledgeBaseId, Span},
    insight::evaluation::{Expected, LabelRow, RedactionRow},
};

#[derive(Deserialize)]
struct MessageShape {
    text: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    urgency: Option<String>,
    domain: Option<String>,
    sentiment: Option<String>,
    has_request: Option<bool>,
}

#[derive(Deserialize)]
struct QueryShape {
    query: String,
    article: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OppositeShape {
    #[serde(rename = "pair")]
    _pair: String,
    query: String,
    article: Option<String>,
    wrong: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedactionShape {
    text: String,
    masks: Vec<MaskShape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskShape {
    kind: String,
    text: String,
}

/// Reads labelled messages.
pub(super) fn read_messages(path: &Path) -> anyhow::Result<Vec<LabelRow>> {
    let rows: Vec<MessageShape> = read_lines(path)?;
    let row = |shape: MessageShape| LabelRow {
        text: shape.text,
        kind: shape.kind,
        urgency: shape.urgency,
        domain: shape.domain,
        sentiment: shape.sentiment,
        has_request: shape.has_request,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Reads questions with what answers them; ids that are not of the form of an article's are mapped by `id_of`.
pub(super) fn read_queries(
    path: &Path,
    knowledge_base: &KnowledgeBaseId,
    id_of: impl Fn(&str) -> Option<ArticleId>,
) -> anyhow::Result<Vec<Expected>> {
    let rows: Vec<QueryShape> = read_lines(path)?;
    let mut expected = Vec::with_capacity(rows.len());
    for (idx, row) in rows.into_iter().enumerate() {
        let mut articles = Vec::new();
        for id in row.article.iter().chain(&row.also) {
            articles.push(id_of(id).with_context(|| format!("{}:{}: no article {id:?}", path.display(), idx + 1))?);
        }
        expected.push(Expected {
            knowledge_base: knowledge_base.clone(),
            question: row.query,
            articles,
            tags: row.tags,
        });
    }
    Ok(expected)
}

/// Reads messages that want opposite things, each with the article of the other side.
pub(super) fn read_opposites(
    path: &Path,
    knowledge_base: &KnowledgeBaseId,
    id_of: impl Fn(&str) -> Option<ArticleId>,
) -> anyhow::Result<Vec<(Expected, Option<ArticleId>)>> {
    let rows: Vec<OppositeShape> = read_lines(path)?;
    let mut opposites = Vec::with_capacity(rows.len());
    for (idx, row) in rows.into_iter().enumerate() {
        let article = |id: &Option<String>| -> anyhow::Result<Option<ArticleId>> {
            let known =
                |id: &String| id_of(id).with_context(|| format!("{}:{}: no article {id:?}", path.display(), idx + 1));
            id.as_ref().map(known).transpose()
        };
        let articles = article(&row.article)?.into_iter().collect();
        let expected =
            Expected { knowledge_base: knowledge_base.clone(), question: row.query, articles, tags: Vec::new() };
        opposites.push((expected, article(&row.wrong)?));
    }
    Ok(opposites)
}

/// Reads texts with what must be masked in them.
pub(super) fn read_redactions(path: &Path) -> anyhow::Result<Vec<RedactionRow>> {
    let rows: Vec<RedactionShape> = read_lines(path)?;
    let place = |idx: usize| format!("{}:{}", path.display(), idx + 1);
    let row = |(idx, shape): (usize, RedactionShape)| {
        redaction_row(shape).with_context(|| format!("{} is not a row", place(idx)))
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// Finds the masks in the text, each behind the one before.
fn redaction_row(shape: RedactionShape) -> anyhow::Result<RedactionRow> {
    let mut items = Vec::with_capacity(shape.masks.len());
    let mut from = 0;
    for mask in &shape.masks {
        let kind = EntityKind::from_label(&mask.kind).filter(|kind| kind.is_personal());
        let kind = kind.with_context(|| format!("{:?} is no kind of personal data", mask.kind))?;
        let at = shape.text[from..].find(&mask.text).filter(|_| !mask.text.is_empty());
        let at = from + at.with_context(|| format!("the mask {:?} is not in the text, in this order", mask.text))?;
        from = at + mask.text.len();
        items.push((kind, Span::new(at, from)));
    }
    Ok(RedactionRow { text: shape.text, items })
}

fn read_lines<T: for<'de> Deserialize<'de>>(path: &Path) -> anyhow::Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(idx, line)| {
            serde_json::from_str(line).with_context(|| format!("{}:{} is not a row", path.display(), idx + 1))
        })
        .collect()
}
