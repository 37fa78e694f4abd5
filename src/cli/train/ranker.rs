//! The ranker, from lists of candidates that the demo bases give.

use std::sync::Arc;

use anyhow::Context;
use serde_json::json;

use super::super::{Session, import, output};
use super::second_stage::PhrasingEncoder;
use super::tables::{NUM_SHARES, Source, Tables, share_of};
use crate::{
    app::{self, App, StoreKind},
    assist::{Base, GramWeights, Model, Ranker, Shared, Snap, Visibility, Weights},
    domain::{Article, Audience, Channel, KnowledgeBaseId, ManualClock, StoreEpoch, Timestamp},
    insight::{
        evaluation::Expected,
        ranker_training::{self, OwnQuestion, PartLists, Place, SecondPart, TrainedWeights},
    },
    knowledge::ArticleUpdate,
    model::{Bundle, Encoder},
};

/// The moment the demo bases are looked at, 2026-11-22 10:00 in Shanghai, for articles come and go.
const MOMENT: Timestamp = Timestamp(1_795_312_800_000);
/// How customers' questions are marked that share their words with one that wants the opposite.
const OPPOSITES_TAG: &str = "opposite";
const VISIBILITY: Visibility = Visibility { channel: Channel::Im, audience: Audience::Bot, now: MOMENT };

/// The ranker with how it came out for both kinds of base.
pub(super) struct TrainedRanker {
    pub ranker: Ranker,
    sparse: TrainedWeights,
    rich: TrainedWeights,
}

/// The lists of both kinds of base, part by part.
pub(super) struct Lists {
    pub sparse: Vec<PartLists>,
    pub rich: Vec<PartLists>,
    /// As both stages see them, where there is an encoder.
    pub second_sparse: Vec<SecondPart>,
    pub second_rich: Vec<SecondPart>,
}

/// Asks all questions, by the vectors that have not seen them.
pub(super) fn lists(
    session: &Session,
    tables: &Tables,
    bundle: &Bundle,
    encoder: Option<&PhrasingEncoder>,
) -> anyhow::Result<Lists> {
    let bar = output::bar(NUM_SHARES + tables.sources.len(), "ask own questions");
    let demos = Demos { session, tables, bundle, encoder };
    let (mut rich, mut second_rich) = (Vec::new(), Vec::new());
    for share in 0..tables.without_share.len() {
        let (first, second) = demos.rich_lists(share)?;
        rich.push(first);
        second_rich.push(second);
        bar.inc(1);
    }
    let (mut sparse, mut second_sparse) = (Vec::new(), Vec::new());
    let foreign = Demos { encoder: None, ..demos };
    for (place, table) in tables.without_base.iter().enumerate() {
        let (mut first, second) = demos.sparse_lists(place, table)?;
        // A foreign business has vectors that know less of it than those of a base left out, for the others are like it.
        let (more, _) = foreign.sparse_lists(place, &tables.fitted)?;
        first.own.extend(more.own);
        first.customers.extend(more.customers);
        sparse.push(first);
        second_sparse.push(second);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Lists { sparse, rich, second_sparse, second_rich })
}

/// Trains the ranker for a bundle whose table is the whole one.
pub(super) fn train(session: &Session, tables: &Tables, bundle: &Bundle) -> anyhow::Result<TrainedRanker> {
    let Lists { sparse: of_sparse, rich: of_rich, .. } = lists(session, tables, bundle, None)?;
    let sparse = ranker_training::train(&of_sparse, ranker_training::Settings::sparse());
    let rich = ranker_training::train(&of_rich, ranker_training::Settings::default());
    let provenance = format!(
        "questions of and to the demo knowledge bases: {} lists asked of one wording an article, {} of all",
        sparse.num_lists, rich.num_lists
    );
    let asked =
        of_sparse.iter().chain(&of_rich).flat_map(|part| part.own.iter().chain(&part.customers).chain(&part.opposites));
    let texts = asked.map(|list| &*list.text);
    let missing_grams = ranker_training::gram_weights(texts, &sparse.missing_grams, &rich.missing_grams);
    let worded = tables.sources.iter().flat_map(Source::compared_wordings).collect::<Vec<_>>();
    let texts = worded.iter().map(|text| &**text);
    let extra_grams = ranker_training::gram_weights(texts, &sparse.extra_grams, &rich.extra_grams);
    let ranker = Ranker { sparse: sparse.weights, rich: rich.weights, missing_grams, extra_grams, provenance };
    Ok(TrainedRanker { ranker, sparse, rich })
}

/// The demo bases as they are asked.
#[derive(Clone, Copy)]
struct Demos<'a> {
    session: &'a Session,
    tables: &'a Tables,
    bundle: &'a Bundle,
    encoder: Option<&'a PhrasingEncoder>,
}

impl Demos<'_> {
    /// Asks every base one share of the questions, by vectors that have not seen it.
    fn rich_lists(&self, share: usize) -> anyhow::Result<(PartLists, SecondPart)> {
        let snap = self.demo(&self.tables.without_share[share], false, self.encoder)?;
        let mut lists = (PartLists::default(), SecondPart::default());
        for source in &self.tables.sources {
            let base = snap.bases.get(&source.id).context("the demo base is there")?;
            let questions = ranker_training::own_questions(base);
            let questions: Vec<OwnQuestion<'_>> =
                questions.into_iter().filter(|question| share_of(question.text) == share).collect();
            let customers = source.customers.iter().filter(|question| share_of(&question.question) == share);
            let customers: Vec<Expected> = customers.cloned().collect();
            self.ask((&snap.shared, base), &questions, &customers, &mut lists)?;
        }
        Ok(lists)
    }

    /// Asks one base, which holds its standard questions only, what it otherwise holds besides, by vectors that have not
    /// seen it.
    fn sparse_lists(&self, place: usize, table: &Encoder) -> anyhow::Result<(PartLists, SecondPart)> {
        let source = &self.tables.sources[place];
        // The rich one is only read.
        let (rich, sparse) = (self.demo(table, false, None)?, self.demo(table, true, self.encoder)?);
        let base = rich.bases.get(&source.id).context("the demo base is there")?;
        let sparse_base = sparse.bases.get(&source.id).context("both have the same bases")?;
        let questions = ranker_training::own_questions(base);
        let moved = questions.iter().filter_map(|question| {
            // The standard question is all that the sparse base holds, and it has no negative ones.
            let is_moved = matches!(question.place, Place::Positive(idx) if idx > 0);
            let id = &base.snapshot.table.article(question.article)?.article.id;
            let article = sparse_base.snapshot.table.article_by_id(id)?.article.no;
            is_moved.then_some(OwnQuestion { article, place: Place::Elsewhere, ..*question })
        });
        let moved: Vec<OwnQuestion<'_>> = moved.collect();
        let mut lists = (PartLists::default(), SecondPart::default());
        // What tells opposites apart is in the wordings that a sparse base lacks.
        let customers: Vec<Expected> =
            source.customers.iter().filter(|question| !is_of_opposites(question)).cloned().collect();
        self.ask((&sparse.shared, sparse_base), &moved, &customers, &mut lists)?;
        Ok(lists)
    }

    /// Asks a base its own questions and those of customers.
    fn ask(
        &self,
        (shared, base): (&Shared, &Arc<Base>),
        own: &[OwnQuestion<'_>],
        customers: &[Expected],
        (first, second): &mut (PartLists, SecondPart),
    ) -> anyhow::Result<()> {
        first.own.extend(ranker_training::lists(shared, base, own, VISIBILITY)?);
        let (opposites, plain): (Vec<Expected>, Vec<Expected>) = customers.iter().cloned().partition(is_of_opposites);
        first.customers.extend(ranker_training::customer_lists(shared, base, &plain, VISIBILITY)?);
        first.opposites.extend(ranker_training::customer_lists(shared, base, &opposites, VISIBILITY)?);
        if self.encoder.is_some() {
            second.own.extend(ranker_training::second_lists(shared, base, own, VISIBILITY)?);
            second.customers.extend(ranker_training::second_customer_lists(shared, base, customers, VISIBILITY)?);
        }
        Ok(())
    }

    /// The demo bases in memory; with one wording an article where they are to be sparse.
    fn demo(&self, table: &Encoder, is_sparse: bool, encoder: Option<&PhrasingEncoder>) -> anyhow::Result<Arc<Snap>> {
        // Nothing is asked for probabilities while the lists are made, so a blank ranker does.
        let blank = Ranker {
            sparse: Weights::BLANK,
            rich: Weights::BLANK,
            missing_grams: GramWeights::default(),
            extra_grams: GramWeights::default(),
            provenance: "blank".to_owned(),
        };
        let bundle = Arc::new(self.bundle.with_encoder(table.clone()));
        let model = Model { bundle, ranker: Arc::new(blank) };
        let shared = app::shared_with(model, StoreEpoch("train".to_owned()))?;
        let clock = Arc::new(ManualClock::new(MOMENT));
        let app = App::start_with(&self.session.config, &StoreKind::Memory, clock, Some(shared))?;
        app.install_demo()?;
        if is_sparse {
            for id in app.store.knowledge_bases()?.into_iter().map(|base| base.id) {
                strip(&app, &id)?;
            }
        }
        app.wait_ready()?;
        encoder.map_or_else(|| Ok(app.live.load()), |encoder| encoder.attach(&app.live))
    }
}

/// Tells whether a question is one of a pair that wants opposite things.
fn is_of_opposites(question: &Expected) -> bool {
    question.tags.iter().any(|tag| tag == OPPOSITES_TAG)
}

/// Takes the similar and negative questions of a base away.
fn strip(app: &App, id: &KnowledgeBaseId) -> anyhow::Result<()> {
    let (articles, _) = app.store.snapshot(id)?;
    for article in articles {
        let stripped = Article { similar_questions: Vec::new(), negative_questions: Vec::new(), ..article };
        let fields = vec!["similar_questions".to_owned(), "negative_questions".to_owned()];
        let update = ArticleUpdate { article: stripped, fields, etag: None, allow_missing: false };
        app.knowledge.update_article(&import::request(), id, update, false)?;
    }
    Ok(())
}

impl TrainedRanker {
    /// Returns how it came out.
    pub fn json(&self) -> serde_json::Value {
        json!({"sparse": ranker_json(&self.sparse), "rich": ranker_json(&self.rich)})
    }

    /// Prints how it came out, and the weights.
    pub fn print(&self) {
        for (name, of) in [("sparse", &self.sparse), ("rich", &self.rich)] {
            print_trained(name, of);
        }
        let weights = self.sparse.weights.weights.iter().zip(self.rich.weights.weights);
        for (name, (sparse, rich)) in crate::assist::FEATURE_NAMES.iter().zip(weights) {
            output::line(&format!("  {name:<26} {sparse:+.3} {rich:+.3}"));
        }
    }
}

/// Prints how weights came out.
pub(super) fn print_trained(name: &str, of: &TrainedWeights) {
    output::line(&format!(
        "{name} ranker: {} lists; on what was left out R@1={:.3} ECE={:.3}; temperature {:.2}, shift {:+.2}; \
         at threshold {:.2}: coverage {:.3}, false answers {:.3}",
        of.num_lists,
        of.recall_at_1,
        of.ece,
        of.temperature,
        of.shift,
        of.weights.answer_threshold,
        of.coverage,
        of.false_answers
    ));
}

pub(super) fn ranker_json(trained: &TrainedWeights) -> serde_json::Value {
    json!({
        "lists": trained.num_lists,
        "temperature": trained.temperature,
        "shift": trained.shift,
        "ece": trained.ece,
        "r1": trained.recall_at_1,
        "coverage": trained.coverage,
        "false_answers": trained.false_answers,
        "answer_threshold": trained.weights.answer_threshold,
    })
}
