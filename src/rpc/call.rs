//! What a handler knows of the call it serves: until when, for whom, and how to do what blocks.
//!
//! A call holds its permit until the last of its work is done, also where the caller has left: writes run to their end,
//! reads that nobody waits for are skipped. Must not know any method. Invariant: nothing that blocks runs on a thread of
//! the async runtime.

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use sha2::{Digest, Sha256};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};
use tonic::{Request, Status};

use super::{limits::Violations, pb, status::Failure};
use crate::{domain::ErrorKind, knowledge};

/// Whose call it is as long as nobody has to say so; a layer that asks will put the credential into [`Call`].
const ANONYMOUS: &str = "anonymous";

/// What went wrong with calls as a whole since the start.
#[derive(Debug, Default)]
pub struct CallCounts {
    panics: AtomicU64,
    refused: AtomicU64,
}

impl CallCounts {
    /// Returns how many calls a panic broke off.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Returns how many calls were refused because too many were in flight.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn add_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// The call that a handler serves. The default one stands in where no layer has seen the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub deadline: Option<Instant>,
    pub permit: Option<Arc<OwnedSemaphorePermit>>,
    pub counts: Arc<CallCounts>,
}

/// Whether somebody still waits for the work.
#[derive(Clone, Debug)]
pub(super) struct Caller(Weak<()>);

impl Caller {
    /// Tells whether nobody waits any more.
    pub(super) fn has_left(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Call {
    /// Takes what the layers left with the request.
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// Returns whose call it is.
    pub(super) fn credential(&self) -> &'static str {
        ANONYMOUS
    }

    /// Pairs credential and request id, where there is one.
    pub(super) fn owned_request(&self, request_id: String) -> Option<(String, String)> {
        (!request_id.is_empty()).then(|| (self.credential().to_owned(), request_id))
    }

    /// Pairs credential and request id for a call of which a retry is kept once. The content is part of the id, so that
    /// nothing is lost where a caller uses an id for two things. Takes the request id out of the message.
    pub(super) fn retried<M: Retried>(&self, message: &mut M) -> Option<(String, String)> {
        let request_id = std::mem::take(message.request_id());
        let id = (!request_id.is_empty()).then(|| format!("{request_id} {}", fingerprint(message, &[])))?;
        Some((self.credential().to_owned(), id))
    }

    /// Does a read that blocks; it is skipped where the caller has left before it begins.
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Caller) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Status>
    where
        T: Send + 'static,
        Status: From<E>,
    {
        let here = Arc::new(());
        let caller = Caller(Arc::downgrade(&here));
        let skipped = || Err(Status::cancelled("the caller has left"));
        self.detached(move || if caller.has_left() { skipped() } else { work(&caller).map_err(Status::from) }).await
    }

    /// Does a write that blocks, to its end even where the caller leaves.
    pub(super) async fn write<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Status>
    where
        T: Send + 'static,
        Status: From<E>,
    {
        self.detached(move || work().map_err(Status::from)).await
    }

    async fn detached<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let (span, permit) = (tracing::Span::current(), self.permit.clone());
        let joined = spawn_blocking(move || {
            let result = span.in_scope(work);
            drop(permit);
            result
        })
        .await;
        joined.unwrap_or_else(|error| Err(self.broken_off(error.is_panic())))
    }

    /// Begins work that blocks and that nobody waits for here; `failed` is told where it fails or panics.
    pub(super) fn begin(
        self,
        work: impl FnOnce() -> Result<(), Status> + Send + 'static,
        failed: impl FnOnce(Status) + Send + 'static,
    ) {
        let span = tracing::Span::current();
        // The handle is let go: what went wrong inside is told to `failed`.
        drop(spawn_blocking(move || {
            span.in_scope(|| {
                // What the work has touched is dropped with it, so no broken state of it is seen.
                let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(self.broken_off(true)));
                if let Err(status) = result {
                    failed(status);
                }
            });
        }));
    }

    /// Lets go of the permit, for work that goes on after the call.
    pub(super) fn without_permit(self) -> Self {
        Self { permit: None, ..self }
    }

    fn broken_off(&self, is_panic: bool) -> Status {
        if is_panic {
            self.counts.add_panic();
            return Failure::defect().into();
        }
        Failure::new(ErrorKind::Unavailable, "STOPPING", "the server is stopping, try another").into()
    }

    /// Says whose write it is and what it says, so that a retry is known again; takes the request id out of the message.
    pub(super) fn identify<M: Retried>(&self, message: &mut M) -> Result<knowledge::Request, Failure> {
        self.identify_with(message, &[])
    }

    /// As [`Call::identify`], for a write that came with data beside the message.
    pub(super) fn identify_with<M: Retried>(
        &self,
        message: &mut M,
        data: &[u8],
    ) -> Result<knowledge::Request, Failure> {
        let request_id = std::mem::take(message.request_id());
        let mut violations = Violations::default();
        super::limits::request_id(&mut violations, &request_id);
        violations.finish()?;
        if request_id.is_empty() {
            return Ok(knowledge::Request { credential: self.credential().to_owned(), ..Default::default() });
        }
        Ok(knowledge::Request {
            credential: self.credential().to_owned(),
            request_id: Some(request_id),
            fingerprint: fingerprint(message, data),
        })
    }
}

/// A write that a retry repeats under the same request id.
pub(super) trait Retried: prost::Message {
    /// The method, so that one id is not taken for two of them.
    const METHOD: &'static str;

    /// Where the request id is.
    fn request_id(&mut self) -> &mut String;

    /// The map within the message, if it has one: maps are encoded in no order and are hashed apart, in order.
    fn map(&mut self) -> Option<&mut HashMap<String, String>> {
        None
    }
}

macro_rules! retried {
    ($($message:ident $(with $($path:ident).+)? => $method:literal),+ $(,)?) => {
        $(impl Retried for pb::$message {
            const METHOD: &'static str = $method;

            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
            $(
                fn map(&mut self) -> Option<&mut HashMap<String, String>> {
                    Some(&mut self$(.$path)+.as_mut()?.metadata)
                }
            )?
        })+

        /// The messages that are retried, and whether each holds a map.
        #[cfg(test)]
        const RETRIED: &[(&str, bool)] = &[$((stringify!($message), !concat!($($(stringify!($path)),+)?).is_empty())),+];
    };
}

retried! {
    CreateKnowledgeBaseRequest => "Knowledge/CreateKnowledgeBase",
    UpdateKnowledgeBaseRequest => "Knowledge/UpdateKnowledgeBase",
    DeleteKnowledgeBaseRequest => "Knowledge/DeleteKnowledgeBase",
    CreateArticleRequest with article => "Knowledge/CreateArticle",
    UpdateArticleRequest with article => "Knowledge/UpdateArticle",
    DeleteArticleRequest => "Knowledge/DeleteArticle",
    ImportSettings => "Knowledge/ImportArticles",
    CreateTermRequest => "Lexicon/CreateTerm",
    DeleteTermRequest => "Lexicon/DeleteTerm",
    CreateSynonymSetRequest => "Lexicon/CreateSynonymSet",
    UpdateSynonymSetRequest => "Lexicon/UpdateSynonymSet",
    DeleteSynonymSetRequest => "Lexicon/DeleteSynonymSet",
    PublishLexiconRequest => "Lexicon/PublishLexicon",
    CreateRuleRequest => "Rules/CreateRule",
    UpdateRuleRequest => "Rules/UpdateRule",
    DeleteRuleRequest => "Rules/DeleteRule",
    PublishRulesRequest => "Rules/PublishRules",
    RevertRulesRequest => "Rules/RevertRules",
    RecordFeedbackRequest => "Feedback/RecordFeedback",
    RecordSatisfactionRequest => "Feedback/RecordSatisfaction",
}

fn fingerprint<M: Retried>(message: &mut M, data: &[u8]) -> String {
    let map = message.map().map(std::mem::take).unwrap_or_default();
    let encoded = message.encode_to_vec();
    let mut hasher = Sha256::new();
    let mut add = |part: &[u8]| {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    add(M::METHOD.as_bytes());
    add(&encoded);
    for (key, value) in map.iter().collect::<BTreeMap<_, _>>() {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    add(data);
    if let Some(emptied) = message.map() {
        *emptied = map;
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prost_reflect::{Kind, MessageDescriptor};

    use super::*;
    use crate::rpc::json;

    fn create(request_id: &str, question: &str) -> pb::CreateArticleRequest {
        let metadata = (0..20).map(|n| (format!("key{n}"), format!("value{n}"))).collect();
        let article = pb::Article { standard_question: question.to_owned(), metadata, ..Default::default() };
        pb::CreateArticleRequest { article: Some(article), request_id: request_id.to_owned(), ..Default::default() }
    }

    #[test]
    fn a_retry_has_the_same_fingerprint_and_another_request_has_not() {
        let of = |mut message: pb::CreateArticleRequest| {
            let request = Call::default().identify(&mut message).expect("good");
            assert_eq!(message.article.expect("still there").metadata.len(), 20, "the message keeps its map");
            request.fingerprint
        };
        let first = of(create("a", "怎么退货"));
        for _ in 0..20 {
            assert_eq!(of(create("a", "怎么退货")), first, "maps are built anew, in another order");
        }
        assert_eq!(of(create("b", "怎么退货")), first, "the id itself is left out");
        assert_ne!(of(create("a", "怎么退款")), first);
        let mut changed = create("a", "怎么退货");
        changed.article.as_mut().expect("given").metadata.insert("key0".to_owned(), "other".to_owned());
        assert_ne!(of(changed), first);
        let mut settings = pb::ImportSettings { request_id: "a".to_owned(), ..Default::default() };
        let one = Call::default().identify_with(&mut settings, b"1").expect("good");
        settings.request_id = "a".to_owned();
        assert_ne!(Call::default().identify_with(&mut settings, b"2").expect("good"), one);
    }

    #[test]
    fn an_id_too_long_is_refused_and_none_is_none() {
        assert!(Call::default().identify(&mut create(&"x".repeat(65), "")).is_err());
        assert_eq!(Call::default().identify(&mut create("", "")).expect("good").request_id, None);
    }

    /// Whether a message holds a map somewhere; a new one would be encoded in no order.
    fn has_map(message: &MessageDescriptor) -> bool {
        message.fields().any(|field| match field.kind() {
            _ if field.is_map() => true,
            Kind::Message(inner) if inner.full_name() != message.full_name() => has_map(&inner),
            _ => false,
        })
    }

    #[test]
    fn every_map_in_a_write_is_hashed_in_order() {
        for (name, is_noted) in RETRIED {
            let message = json::pool().get_message_by_name(&format!("yingda.v1.{name}")).expect(name);
            assert!(message.get_field_by_name("request_id").is_some(), "{name}");
            assert_eq!(has_map(&message), *is_noted, "{name}");
        }
    }

    #[tokio::test]
    async fn a_caller_who_leaves_is_seen_and_the_work_goes_on() {
        let (begun, has_begun) = std::sync::mpsc::sync_channel(1);
        let (go_on, may_go_on) = std::sync::mpsc::sync_channel::<()>(1);
        let (told, is_told) = std::sync::mpsc::sync_channel(1);
        let call = Call::default();
        let read = call.read(move |caller| {
            begun.send(caller.has_left()).map_err(|_| Status::internal("test"))?;
            may_go_on.recv().map_err(|_| Status::internal("test"))?;
            told.send(caller.has_left()).map_err(|_| Status::internal("test"))
        });
        assert!(tokio::time::timeout(Duration::from_millis(50), read).await.is_err(), "it waits");
        assert_eq!(has_begun.recv(), Ok(false));
        go_on.send(()).expect("it still waits");
        assert_eq!(is_told.recv(), Ok(true));
    }

    #[test]
    fn a_read_that_nobody_waits_for_is_skipped_and_a_write_is_not() {
        // One thread for what blocks, so that the second piece of work has to queue.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
        runtime.expect("a runtime").block_on(async {
            let (go_on, may_go_on) = std::sync::mpsc::sync_channel::<()>(1);
            drop(tokio::task::spawn_blocking(move || may_go_on.recv()));
            let (told, is_told) = std::sync::mpsc::sync_channel(1);
            let call = Call::default();
            let (read, write) = (told.clone(), told);
            let read = call.read(move |_| read.send("read").map_err(|_| Status::internal("test")));
            let write = call.write(move || write.send("write").map_err(|_| Status::internal("test")));
            let both = async { tokio::join!(read, write) };
            assert!(tokio::time::timeout(Duration::from_millis(50), both).await.is_err(), "they queue");
            go_on.send(()).expect("it waits");
            assert_eq!(is_told.iter().collect::<Vec<_>>(), ["write"]);
        });
    }

    #[tokio::test]
    async fn a_panic_in_blocking_work_is_internal_and_counted() {
        let call = Call::default();
        let status = call.write(|| -> Result<(), Status> { panic!("on purpose") }).await.expect_err("it panicked");
        assert_eq!((status.code(), call.counts.panics()), (tonic::Code::Internal, 1));
        let (told, is_told) = std::sync::mpsc::sync_channel(1);
        call.clone().begin(
            || panic!("on purpose"),
            move |status| {
                told.send(status.code()).expect("the test waits");
            },
        );
        assert_eq!(is_told.recv(), Ok(tonic::Code::Internal));
        assert_eq!(call.counts.panics(), 2);
    }
}
