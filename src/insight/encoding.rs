//! Keeps the second stage's vectors of every base in step with what serves.
//!
//! One thread looks at the bases that serve; where one has phrasings without vectors, it encodes them, keeps them, and
//! attaches what it made. Meanwhile the base is served by the first stage alone. Must not know what a message is. Invariants:
//! only texts that were never encoded are; a base is attached whole; a text that cannot be encoded has the vector of
//! nothing, and is near to nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    assist::{Base, Encoded, Live, SecondStage, encoded_text},
    domain::KnowledgeBaseId,
    model::bert::{RoundedVector, TextEncoder, VectorFile},
};

/// How often the bases that serve are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// So many texts are encoded between two looks at whether to stop.
const TEXTS_AT_ONCE: usize = 16;

/// The running thread; dropping it stops it without waiting.
pub struct Encoding {
    live: Arc<Live>,
    stop: SyncSender<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Encoding {
    /// Starts to encode what serves; `vectors` are those known already.
    pub fn spawn(live: Arc<Live>, stage: Arc<SecondStage>, vectors: VectorFile) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let shared = Arc::clone(&live);
        let work = move || {
            let mut desk = Desk { live: shared, vectors, stage, made: BTreeMap::new(), is_tidy: false };
            while stopped.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                // A defect in one round must not end the rounds.
                let round = AssertUnwindSafe(|| desk.look(&stopped));
                if std::panic::catch_unwind(round).unwrap_or(false) {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("encoding".to_owned()).spawn(work)?;
        Ok(Self { live, stop, thread: Mutex::new(Some(thread)) })
    }

    /// Blocks until every base that serves has its vectors, or the thread has ended.
    pub fn wait(&self) {
        let is_ready = || self.live.load().bases.values().all(|base| base.encoded.is_some());
        let is_running = || self.thread().as_ref().is_some_and(|thread| !thread.is_finished());
        while !is_ready() && is_running() {
            thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Stops encoding, and waits until the texts under way are done.
    pub fn stop(&self) {
        // It may have been told before.
        let _ = self.stop.try_send(());
        let thread = self.thread().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that encodes phrasings panicked");
        }
    }

    fn thread(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread works with.
struct Desk {
    live: Arc<Live>,
    vectors: VectorFile,
    stage: Arc<SecondStage>,
    /// What was made last for each base; what did not change is taken over.
    made: BTreeMap<KnowledgeBaseId, Encoded>,
    /// Nothing has changed since what nobody uses was forgotten.
    is_tidy: bool,
}

impl Desk {
    /// Encodes what serves without vectors; tells whether it was stopped.
    fn look(&mut self, stopped: &Receiver<()>) -> bool {
        let snap = self.live.load();
        for (id, base) in snap.bases.iter().filter(|(_, base)| base.encoded.is_none()) {
            self.is_tidy = false;
            if self.encode(id, base, stopped) {
                return true;
            }
        }
        self.made.retain(|id, _| snap.bases.contains_key(id));
        if !self.is_tidy && snap.bases.values().all(|base| base.encoded.is_some()) {
            self.is_tidy = true;
            self.tidy(snap.bases.values());
        }
        false
    }

    /// Makes the vectors of a base and attaches them; tells whether it was stopped.
    fn encode(&mut self, id: &KnowledgeBaseId, base: &Base, stopped: &Receiver<()>) -> bool {
        let missing = self.missing(id, base);
        for texts in missing.into_iter().collect::<Vec<String>>().chunks(TEXTS_AT_ONCE) {
            if stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty) {
                return true;
            }
            if let Err(error) = self.vectors.keep(encode_all(self.stage.encoder(), texts)) {
                tracing::warn!(knowledge_base = %id, %error, "vectors of phrasings are kept in memory only");
            }
        }
        let (known, background) = (self.made.get(id), self.stage.background());
        let made = Encoded::build(&base.snapshot.table, known, background, |text| self.vectors.lookup(text));
        if let Some(made) = made {
            // Where the base has changed meanwhile, the next look sees what is new.
            self.live.attach(id, &made);
            self.made.insert(id.clone(), made);
        }
        false
    }

    /// The texts of a base that were never encoded.
    fn missing(&self, id: &KnowledgeBaseId, base: &Base) -> BTreeSet<String> {
        let mut missing = BTreeSet::new();
        let nothing = Arc::new(RoundedVector::of(&[]));
        // Built only to be asked for what it would need.
        let _ = Encoded::build(&base.snapshot.table, self.made.get(id), &[], |text| {
            if self.vectors.lookup(text).is_none() {
                missing.insert(text.to_owned());
            }
            Some(Arc::clone(&nothing))
        });
        missing
    }

    fn tidy<'b>(&mut self, bases: impl Iterator<Item = &'b Arc<Base>>) {
        let tables: Vec<_> = bases.map(|base| base.snapshot.table.clone()).collect();
        let articles = tables.iter().flat_map(|table| table.articles());
        let texts = articles.flat_map(|article| article.phrasings.iter().map(|one| encoded_text(&one.normalized)));
        let texts: Vec<_> = texts.collect();
        if let Err(error) = self.vectors.retain(texts.iter().map(|text| &**text)) {
            tracing::warn!(%error, "file of vectors keeps what nobody uses");
        }
    }
}

fn encode_all(encoder: &TextEncoder, texts: &[String]) -> Vec<(String, RoundedVector)> {
    let together: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = encoder.encode_batch(&together).unwrap_or_else(|_| {
        let one = |text: &&str| encoder.encode(text).unwrap_or_else(|_| vec![0.0; encoder.width()]);
        together.iter().map(one).collect()
    });
    texts.iter().cloned().zip(vectors.iter().map(|vector| RoundedVector::of(vector))).collect()
}
