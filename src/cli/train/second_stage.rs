//! The weights of the second stage, from the lists that teach the first one.

use std::{cell::RefCell, collections::BTreeSet, path::Path, sync::Arc};

use anyhow::Context;
use serde_json::json;

use super::{
    super::{Session, output},
    ranker::{self, Lists},
    tables::Tables,
    write,
};
use crate::{
    app,
    assist::{
        ANSWER_NAMES, Encoded, Live, RANK_NAMES, SecondRanker, SecondStage, SecondWeights, Shared, Snap, encoded_text,
    },
    insight::ranker_training::{self, train_second},
    model::{
        Bundle, ModelError,
        bert::{RoundedVector, VectorFile},
    },
};

/// So many texts are encoded together.
const TEXTS_AT_ONCE: usize = 64;

/// The encoder that all demo bases are asked with, and what it has encoded: they hold the same phrasings.
pub(super) struct PhrasingEncoder {
    stage: Arc<SecondStage>,
    known: RefCell<VectorFile>,
}

impl PhrasingEncoder {
    /// Gives the bases that serve their vectors, and returns the snapshot that both stages serve.
    pub fn attach(&self, live: &Live) -> anyhow::Result<Arc<Snap>> {
        let snap = live.load();
        let bases = snap.bases.values();
        let articles = bases.flat_map(|base| base.snapshot.table.articles());
        let texts = articles.flat_map(|article| article.phrasings.iter().map(|one| encoded_text(&one.normalized)));
        let is_new = |text: &String| self.known.borrow().lookup(text).is_none();
        let missing: BTreeSet<String> = texts.map(|text| text.into_owned()).filter(is_new).collect();
        self.encode(&missing.into_iter().collect::<Vec<_>>())?;
        for (id, base) in snap.bases.iter() {
            let known = self.known.borrow();
            let encoded =
                Encoded::build(&base.snapshot.table, None, self.stage.background(), |text| known.lookup(text));
            live.attach(id, &encoded.context("every phrasing has just been encoded")?);
        }
        let snap = live.load();
        let shared = Shared { second_stage: Some(Arc::clone(&self.stage)), ..Shared::clone(&snap.shared) };
        Ok(Arc::new(Snap { shared: Arc::new(shared), bases: Arc::clone(&snap.bases) }))
    }

    /// Encodes texts on all processors.
    fn encode(&self, texts: &[String]) -> anyhow::Result<()> {
        let bar = output::bar(texts.len(), "encode phrasings");
        let num_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let encoder = self.stage.encoder();
        for round in texts.chunks(num_threads * TEXTS_AT_ONCE) {
            let encode = |texts: &[String]| encoder.encode_batch(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let vectors: Result<Vec<Vec<Vec<f32>>>, ModelError> = std::thread::scope(|scope| {
                let parts = round.chunks(TEXTS_AT_ONCE).map(|texts| scope.spawn(move || encode(texts)));
                let parts: Vec<_> = parts.collect();
                parts.into_iter().map(|part| part.join().expect("encoding does not panic")).collect()
            });
            let rounded = vectors?.into_iter().flatten().map(|vector| RoundedVector::of(&vector));
            self.known.borrow_mut().keep(round.iter().cloned().zip(rounded))?;
            bar.inc(round.len() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Loads the configured encoder where it is wanted; fails where there is none.
pub(super) fn encoder(session: &Session, is_wanted: bool) -> anyhow::Result<Option<PhrasingEncoder>> {
    if !is_wanted {
        return Ok(None);
    }
    let config = session.config.encoder.as_ref();
    let config = config.context("no encoder is configured: name its folder as path in [encoder]")?;
    let stage = app::second_stage(config)?;
    let known = RefCell::new(VectorFile::in_memory(stage.encoder()));
    Ok(Some(PhrasingEncoder { stage, known }))
}

/// Trains the weights and writes them.
pub(super) fn run(
    session: &Session,
    (tables, bundle): (&Tables, &Bundle),
    encoder: &PhrasingEncoder,
    out: &Path,
) -> anyhow::Result<()> {
    let lists = ranker::lists(session, tables, bundle, Some(encoder))?;
    let Lists { sparse, rich, second_sparse, second_rich } = &lists;
    let settings = ranker_training::Settings::default();
    let (sparse, of_sparse) = train_second(sparse, second_sparse, settings);
    let (rich, of_rich) = train_second(rich, second_rich, settings);
    let provenance = format!(
        "questions of and to the demo knowledge bases, by both stages: {} lists asked of one wording an article, {} of all",
        of_sparse.num_lists, of_rich.num_lists
    );
    let ranker = SecondRanker { sparse, rich, provenance };
    write(out, &(ranker.to_json() + "\n"))?;
    if session.json {
        let parts = json!({"sparse": ranker::ranker_json(&of_sparse), "rich": ranker::ranker_json(&of_rich)});
        output::line(&json!({"out": out.display().to_string(), "second_stage": parts}).to_string());
        return Ok(());
    }
    ranker::print_trained("sparse", &of_sparse);
    ranker::print_trained("rich", &of_rich);
    let names = RANK_NAMES.iter().chain(&ANSWER_NAMES);
    let weights = |of: SecondWeights| of.rank.into_iter().chain(of.answer);
    for (name, (sparse, rich)) in names.zip(weights(sparse).zip(weights(rich))) {
        output::line(&format!("  {name:<28} {sparse:+.3} {rich:+.3}"));
    }
    Ok(())
}
