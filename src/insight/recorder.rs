//! Keeps a record of each answered call, behind the answer path.
//!
//! Records go through a bounded queue to one writing thread that batches them; where the queue is full a record is lost
//! and counted, and the answer is not delayed. Text is masked before it enters the queue.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{
    domain::{AnswerRecord, Inquiry, KnowledgeBaseId, Reply, Revision, Speaker, Timestamp},
    store::Store,
    text::{Redacted, Redactor, Segmenter, normalize},
};

/// Records that may wait to be written.
const QUEUE_LENGTH: usize = 10_000;
/// Records written in one transaction.
const MAX_BATCH: usize = 500;
/// How long a record waits for company.
const LINGER: Duration = Duration::from_millis(200);
/// How often a failed batch is tried again before it counts as lost.
const MAX_TRIES: u32 = 5;

/// One answered call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub reply: &'a Reply,
    pub inquiry: &'a Inquiry,
    /// The base that gave the policy.
    pub knowledge_base: &'a KnowledgeBaseId,
    /// As the caller names the customer; only a pseudonym of it is kept.
    pub customer: &'a str,
    /// Credential and request id: a retried call has the same record.
    pub request: Option<(&'a str, &'a str)>,
    /// Whether order numbers are kept as written.
    pub keep_order_numbers: bool,
    pub now: Timestamp,
}

/// How many records were kept and lost since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RecordCounts {
    pub written: u64,
    pub dropped: u64,
}

#[derive(Default)]
struct Counters {
    written: AtomicU64,
    dropped: AtomicU64,
}

/// Takes records and writes them in batches.
pub struct Recorder {
    queue: Mutex<Option<SyncSender<AnswerRecord>>>,
    counters: Arc<Counters>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Turns customers into pseudonyms; secret to the store.
    key: String,
    ids: Mutex<fastrand::Rng>,
    masking: Redactor,
    masking_with_order_numbers: Redactor,
}

impl Recorder {
    /// Starts the writing thread. `key` makes pseudonyms: the same customer has the same one as long as it stays.
    pub fn spawn(store: Arc<dyn Store>, key: String, ids: fastrand::Rng) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_LENGTH);
        let counters = Arc::new(Counters::default());
        let shared = Arc::clone(&counters);
        let writer = std::thread::Builder::new()
            .name("answer-records".to_owned())
            .spawn(move || write_all(&*store, &receiver, &shared))?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            counters,
            writer: Mutex::new(Some(writer)),
            key,
            ids: Mutex::new(ids),
            masking: Redactor::new(false),
            masking_with_order_numbers: Redactor::new(true),
        })
    }

    /// Takes the record of a call and returns its id; never blocks.
    pub fn record(&self, call: &Call<'_>) -> String {
        let id = self.id_of(call);
        let record = self.record_of(call, id.clone());
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = queue.as_ref().is_some_and(|queue| match queue.try_send(record) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!("the writer of answer records has gone");
                false
            }
        });
        if !is_taken {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        id
    }

    /// Returns how many records were kept and lost since the start.
    pub fn counts(&self) -> RecordCounts {
        RecordCounts {
            written: self.counters.written.load(Ordering::Relaxed),
            dropped: self.counters.dropped.load(Ordering::Relaxed),
        }
    }

    /// Writes what waits and stops the thread; later records are lost and counted.
    pub fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of answer records panicked");
        }
    }

    fn id_of(&self, call: &Call<'_>) -> String {
        match call.request {
            Some((credential, request_id)) => digest(&[&self.key, "record", credential, request_id]),
            None => {
                let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
                format!("{:032x}", ids.u128(..))
            }
        }
    }

    fn record_of(&self, call: &Call<'_>, id: String) -> AnswerRecord {
        let masking = if call.keep_order_numbers { &self.masking } else { &self.masking_with_order_numbers };
        let Call { reply, inquiry, .. } = call;
        let answer = reply.answer.as_ref();
        let analysis = &reply.analysis;
        let masked_text = masking.mask(&inquiry.text);
        let source = reply.provenance.sources.first();
        AnswerRecord {
            id,
            knowledge_base: call.knowledge_base.clone(),
            customer_key: self.pseudonym(call.customer),
            channel: inquiry.channel.as_str().to_owned(),
            masked_effective_query: mask_effective_query(masking, inquiry, &masked_text, &reply.effective_query),
            masked_text: masked_text.text,
            outcome: reply.outcome.as_str().to_owned(),
            no_answer_reason: reply.no_answer_reason.map(|reason| reason.as_str().to_owned()),
            handoff_reason: reply.handoff.as_ref().map(|handoff| handoff.reason.as_str().to_owned()),
            article_id: answer.map(|answer| answer.article_id.clone()),
            article_knowledge_base: answer.map(|answer| answer.knowledge_base.clone()),
            article_revision: answer.map(|answer| answer.article_revision),
            confidence: answer.map(|answer| answer.confidence),
            inquiry_type: analysis.primary_type().as_str().to_owned(),
            urgency: analysis.urgency.label.as_str().to_owned(),
            domain: analysis.primary_domain().to_owned(),
            sentiment: analysis.sentiment.label.as_str().to_owned(),
            bundle: reply.provenance.bundle.clone(),
            index_revision: source.map_or(Revision(0), |source| source.index_revision),
            create_time: call.now,
        }
    }

    fn pseudonym(&self, customer: &str) -> String {
        if customer.is_empty() { String::new() } else { digest(&[&self.key, "customer", customer]) }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Masks the effective query, and in it whatever was masked in the message: normalizing takes away what a name or a plate
/// was known by there (Li Wei, 京A12345). Where the message was completed, so is whatever was masked in the customer's earlier
/// turns, whose words may stand in the query one by one.
fn mask_effective_query(masking: &Redactor, inquiry: &Inquiry, masked: &Redacted, effective_query: &str) -> String {
    let mut query = effective_query.to_owned();
    for (item, mask) in masked_items(&inquiry.text, masked) {
        query = query.replace(&item, mask);
    }
    if effective_query != normalize(&inquiry.text).as_str() {
        let segmenter = Segmenter::shared();
        for turn in inquiry.history.iter().filter(|turn| turn.speaker == Speaker::Customer) {
            let masked = masking.mask(&turn.text);
            for (item, mask) in masked_items(&turn.text, &masked) {
                let together: String = item.chars().filter(|c| c.is_alphanumeric()).collect();
                query = query.replace(&item, mask).replace(&together, mask);
                let words = segmenter.words(&item);
                // A single character says nothing of anybody.
                let words = words.iter().map(|word| word.text(&item)).filter(|word| word.chars().nth(1).is_some());
                query = words.fold(query, |query, word| query.replace(word, mask));
            }
        }
    }
    masking.mask(&query).text
}

/// Lists what was masked in a text, normalized, each with its mask.
fn masked_items<'m>(text: &str, masked: &'m Redacted) -> impl Iterator<Item = (String, &'m str)> {
    let items = masked
        .masked
        .iter()
        .map(move |one| (normalize(&text[one.original.range()]).as_str().to_owned(), &masked.text[one.span.range()]));
    items.filter(|(item, _)| item.contains(char::is_alphanumeric))
}

/// The first 32 hex digits of the SHA-256 of the parts, each with its length, so that parts never run together.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn write_all(store: &dyn Store, queue: &Receiver<AnswerRecord>, counters: &Counters) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        let until = Instant::now() + LINGER;
        while batch.len() < MAX_BATCH {
            match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(record) => batch.push(record),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let counter = if write_one(store, &batch) { &counters.written } else { &counters.dropped };
        counter.fetch_add(batch.len() as u64, Ordering::Relaxed);
    }
}

fn write_one(store: &dyn Store, batch: &[AnswerRecord]) -> bool {
    for attempt in 1..=MAX_TRIES {
        match store.add_answer_records(batch) {
            Ok(()) => return true,
            Err(error) => {
                tracing::warn!(%error, attempt, num_records = batch.len(), "answer records could not be written");
                std::thread::sleep(Duration::from_millis(100) * attempt);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Turn;

    #[test]
    fn nothing_of_an_earlier_turn_is_kept_unmasked() {
        let masking = Redactor::new(true);
        let check = |speaker: Speaker, earlier: &str, text: &str, query: &str, secrets: &[&str]| {
            let mut inquiry = Inquiry::im(text);
            inquiry.history = vec![Turn { speaker, text: earlier.to_owned() }];
            let found = mask_effective_query(&masking, &inquiry, &masking.mask(text), query);
            for secret in secrets {
                assert!(query.contains(secret) && !found.contains(secret), "{earlier} / {text}: {found}");
            }
            found
        };
        let customer = Speaker::Customer;
        check(customer, "我的车牌是京A12345，怎么停车", "那多久呢", "京a12345停车多久", &["a12345"]);
        check(customer, "车牌京A12345的车怎么停", "那多久呢", "车牌a12345停多久", &["a12345"]);
        check(customer, "我的手机号是13812345678，查话费", "那流量呢", "手机号13812345678流量", &["13812345678"]);
        // What was not completed holds nothing of an earlier turn.
        let text = "a12345是什么型号";
        assert_eq!(check(customer, "我的车牌是京A12345", text, text, &[]), text);
    }
}
