//! `yingda train`: the model bundle, then the ranker, from the data folder.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;

use super::{Session, files, import, output};
use crate::{
    app::{self, App, StoreKind},
    assist::{GramWeights, Ranker, Visibility, Weights},
    domain::{Article, ArticleId, Audience, Channel, KnowledgeBaseId, ManualClock, StoreEpoch, Timestamp},
    insight::ranker_training::{self, BaseLists, OwnQuestion, Place, TrainedWeights},
    knowledge::ArticleUpdate,
    model::{
        Bundle, Encoder,
        train::{self, PhrasingRow, Row},
    },
};

/// The moment the demo bases are looked at, 2026-11-22 10:00 in Shanghai, for articles come and go.
const MOMENT: Timestamp = Timestamp(1_795_312_800_000);
const RANKER_FILE: &str = "ranker.json";
/// Rows for measuring only; never trained on.
const TEST_FILE: &str = "test.jsonl";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the bundle goes; the vectors of the bundle that lies there are used again unless a teacher is given.
    #[arg(long, value_name = "DIR", default_value = "models/yingda-base/1")]
    out: PathBuf,
    /// The folder with messages/, kb/ and calibration/.
    #[arg(long, value_name = "DIR", default_value = "data")]
    source: PathBuf,
    /// A Hugging Face BERT folder (multilingual-e5-small) to fit the vectors to.
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// Trains the ranker only, on the bundle that lies there.
    #[arg(long, conflicts_with = "teacher")]
    ranker_only: bool,
    #[arg(long, default_value_t = 20)]
    seed: u64,
}

pub(super) fn run(session: &Session, options: &Options) -> anyhow::Result<()> {
    let mut result = json!({"out": options.out.display().to_string()});
    let bundle = if options.ranker_only {
        Bundle::load(&options.out)?
    } else {
        let trained = train_bundle(options)?;
        trained.save(&options.out)?;
        if session.json {
            result["report"] = json!(trained.report.to_string());
        } else {
            output::line(&trained.report.to_string());
        }
        trained.bundle
    };
    let trained = train_ranker(session, options, bundle)?;
    let path = options.out.join(RANKER_FILE);
    fs::write(&path, trained.ranker.to_json() + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    if session.json {
        result["ranker"] = json!({"sparse": ranker_json(&trained.sparse), "rich": ranker_json(&trained.rich)});
        output::line(&result.to_string());
    } else {
        print_ranker(&trained);
    }
    Ok(())
}

fn train_bundle(options: &Options) -> anyhow::Result<train::Trained> {
    let rows = messages(&options.source.join("messages"))?;
    let phrasings = phrasings(&options.source.join("kb"))?;
    ensure!(!rows.is_empty(), "no training messages under {}", options.source.display());
    let encoder = match &options.teacher {
        Some(dir) => taught(dir, options, &rows, &phrasings)?,
        None => Bundle::load(&options.out)
            .map(|bundle| bundle.encoder().clone())
            .with_context(|| format!("no bundle with vectors in {}; give --teacher", options.out.display()))?,
    };
    let settings = train::Settings { seed: options.seed, ..train::Settings::default() };
    let bar = output::bar(0, "train");
    let trained = train::train((&rows, &phrasings), &encoder, &settings, &mut |progress| {
        bar.set_length(progress.num_total as u64);
        bar.set_position(progress.num_done as u64);
    })?;
    bar.finish_and_clear();
    Ok(trained)
}

/// Fits the vectors to what the teacher says of every text of the project.
fn taught(dir: &Path, options: &Options, rows: &[Row], phrasings: &[PhrasingRow]) -> anyhow::Result<Encoder> {
    let teacher = train::Teacher::load(dir)?;
    let texts = rows.iter().map(|row| row.text.clone()).chain(phrasings.iter().map(|row| row.text.clone()));
    let path = options.source.join("teacher/words.txt");
    let words = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let words: Vec<String> = words.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let bar = output::bar(0, "ask the teacher");
    let encoder = train::fit_encoder(&teacher, &texts.collect::<Vec<_>>(), &words, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    Ok(encoder)
}

/// Every labelled message but those for measuring.
fn messages(dir: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for path in sorted_files(dir, "jsonl")? {
        if path.file_name().is_none_or(|name| name != TEST_FILE) {
            rows.extend(train::read_messages(&path)?);
        }
    }
    Ok(rows)
}

/// Every phrasing of the knowledge bases below a folder.
fn phrasings(dir: &Path) -> anyhow::Result<Vec<PhrasingRow>> {
    let mut rows = Vec::new();
    for base in sorted(dir)?.into_iter().filter(|path| path.is_dir()) {
        rows.extend(train::read_phrasings(&base.join("articles.jsonl"))?);
    }
    Ok(rows)
}

fn sorted_files(dir: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let is_wanted = |path: &PathBuf| path.extension().is_some_and(|known| known == extension);
    Ok(sorted(dir)?.into_iter().filter(is_wanted).collect())
}

fn sorted(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths?;
    paths.sort();
    Ok(paths)
}

/// The ranker with how it came out for both kinds of base.
struct TrainedRanker {
    ranker: Ranker,
    sparse: TrainedWeights,
    rich: TrainedWeights,
}

fn train_ranker(session: &Session, options: &Options, bundle: Bundle) -> anyhow::Result<TrainedRanker> {
    let visibility = Visibility { channel: Channel::Im, audience: Audience::Bot, now: MOMENT };
    let rich = demo(session, bundle.clone(), false)?.live.load();
    let sparse = demo(session, bundle, true)?.live.load();
    let bar = output::bar(2 * rich.bases.len(), "ask own questions");
    let mut of_rich = Vec::new();
    let mut of_sparse = Vec::new();
    for (id, base) in rich.bases.iter() {
        let questions = ranker_training::own_questions(base);
        let customers = files::read_queries(&options.source.join(format!("calibration/{id}.jsonl")), id, |article| {
            ArticleId::try_new(article).ok().filter(|article| base.snapshot.table.article_by_id(article).is_some())
        })?;
        of_rich.push(BaseLists {
            own: ranker_training::lists(&rich.shared, base, &questions, visibility)?,
            customers: ranker_training::customer_lists(&rich.shared, base, &customers, visibility)?,
        });
        bar.inc(1);
        let sparse_base = sparse.bases.get(id).context("both have the same bases")?;
        let moved = questions.iter().filter_map(|question| {
            // The standard question is all that the sparse base holds, and it has no negative ones.
            let is_moved = matches!(question.place, Place::Positive(idx) if idx > 0);
            let id = &base.snapshot.table.article(question.article)?.article.id;
            let article = sparse_base.snapshot.table.article_by_id(id)?.article.no;
            is_moved.then_some(OwnQuestion { article, place: Place::Elsewhere, ..*question })
        });
        of_sparse.push(BaseLists {
            own: ranker_training::lists(&sparse.shared, sparse_base, &moved.collect::<Vec<_>>(), visibility)?,
            customers: ranker_training::customer_lists(&sparse.shared, sparse_base, &customers, visibility)?,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    let settings = ranker_training::Settings::default();
    let (sparse, rich) = (ranker_training::train(&of_sparse, settings), ranker_training::train(&of_rich, settings));
    let provenance = format!(
        "questions of and to the demo knowledge bases: {} lists asked of one wording an article, {} of all",
        sparse.num_lists, rich.num_lists
    );
    let asked = of_sparse.iter().chain(&of_rich).flat_map(|base| base.own.iter().chain(&base.customers));
    let missing_grams = ranker_training::gram_weights(asked, &sparse.grams, &rich.grams);
    let ranker = Ranker { sparse: sparse.weights, rich: rich.weights, missing_grams, provenance };
    Ok(TrainedRanker { ranker, sparse, rich })
}

/// The demo bases in memory; with one wording an article where they are to be sparse.
fn demo(session: &Session, bundle: Bundle, is_sparse: bool) -> anyhow::Result<App> {
    // Nothing is asked for probabilities while the lists are made, so a blank ranker does.
    let blank = Ranker {
        sparse: Weights::BLANK,
        rich: Weights::BLANK,
        missing_grams: GramWeights::default(),
        provenance: "blank".to_owned(),
    };
    let shared = app::with_ranker(bundle, blank, StoreEpoch("train".to_owned()))?;
    let clock = Arc::new(ManualClock::new(MOMENT));
    let app = App::start_with(&session.config, &StoreKind::Memory, clock, Some(shared))?;
    app.install_demo()?;
    if is_sparse {
        for id in app.store.knowledge_bases()?.into_iter().map(|base| base.id) {
            strip(&app, &id)?;
        }
    }
    app.wait_ready()?;
    Ok(app)
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

fn ranker_json(trained: &TrainedWeights) -> serde_json::Value {
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

fn print_ranker(trained: &TrainedRanker) {
    for (name, of) in [("sparse", &trained.sparse), ("rich", &trained.rich)] {
        output::line(&format!(
            "{name} ranker: {} lists; on bases left out R@1={:.3} ECE={:.3}; temperature {:.2}, shift {:+.2}; \
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
    let weights = trained.sparse.weights.weights.iter().zip(trained.rich.weights.weights);
    for (name, (sparse, rich)) in crate::assist::FEATURE_NAMES.iter().zip(weights) {
        output::line(&format!("  {name:<26} {sparse:+.3} {rich:+.3}"));
    }
}
