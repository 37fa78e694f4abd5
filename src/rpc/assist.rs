//! `yingda.v1.Assist`: unpack, call, wrap.
//!
//! One message takes some hundred microseconds and is worked on where it is; a long batch, and a message that may go to a
//! second stage, goes off the async threads. A request takes one snapshot and never looks at anything newer.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::{Call, Caller},
    convert::{
        analysis::analysis_of,
        inquiry::{self, Asked, Batch},
        reply::{AnswerView, answer_response, search_response, suggest_response},
    },
    names,
    pb::{self, assist_server::Assist},
    status::Failure,
    token,
};
use crate::{
    assist::{self, Ask, AssistError, Base, Live, Snap},
    domain::{Clock, ErrorKind, KnowledgeBaseId, Provenance, Reply},
    insight::{self, Recorder},
};

/// A batch of more texts than this is analyzed off the async threads.
const MAX_IN_PLACE: usize = 64;

/// The service.
pub(super) struct AssistService {
    pub live: Arc<Live>,
    pub recorder: Arc<Recorder>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Assist for AssistService {
    async fn answer(&self, request: Request<pb::AnswerRequest>) -> Result<Response<pb::AnswerResponse>, Status> {
        let call = Call::of(&request);
        let asked = inquiry::read_answer(request.into_inner())?;
        token::wait(&self.live, &asked.tokens, call.deadline).await?;
        let snap = self.live.load();
        let (asked, reply) = self.work(&call, &snap, asked, assist::answer).await?;
        let view = view(&asked, self.record(&call, &Answered { snap: &snap, asked: &asked, reply: &reply }));
        Ok(Response::new(answer_response(&reply, &view)))
    }

    async fn suggest(&self, request: Request<pb::SuggestRequest>) -> Result<Response<pb::SuggestResponse>, Status> {
        let call = Call::of(&request);
        let asked = inquiry::read_suggest(request.into_inner())?;
        token::wait(&self.live, &asked.tokens, call.deadline).await?;
        let snap = self.live.load();
        let (asked, suggestions) = self.work(&call, &snap, asked, assist::suggest).await?;
        let view =
            view(&asked, self.record(&call, &Answered { snap: &snap, asked: &asked, reply: &suggestions.reply }));
        Ok(Response::new(suggest_response(&suggestions, &view)))
    }

    async fn analyze(&self, request: Request<pb::AnalyzeRequest>) -> Result<Response<pb::AnalyzeResponse>, Status> {
        let call = Call::of(&request);
        let asked = inquiry::read_analyze(request.into_inner())?;
        token::wait(&self.live, &asked.tokens, call.deadline).await?;
        let snap = self.live.load();
        let base = base_of(&snap, &asked)?;
        let text = &asked.inquiry.text;
        let ask = asked.ask(self.clock.now(), call.deadline);
        let (analysis, _) = assist::analyze_alone(&snap, base.as_deref(), text, &ask);
        let Provenance { bundle, rules_version, .. } = assist::provenance(&snap, base.as_slice());
        let analysis = Some(analysis_of(&analysis, text, asked.encoding));
        Ok(Response::new(pb::AnalyzeResponse { analysis, bundle, rules_version }))
    }

    async fn batch_analyze(
        &self,
        request: Request<pb::BatchAnalyzeRequest>,
    ) -> Result<Response<pb::BatchAnalyzeResponse>, Status> {
        let call = Call::of(&request);
        let batch = inquiry::read_batch(request.into_inner())?;
        token::wait(&self.live, &batch.asked.tokens, call.deadline).await?;
        let snap = self.live.load();
        let base = base_of(&snap, &batch.asked)?;
        let Provenance { bundle, rules_version, .. } = assist::provenance(&snap, base.as_slice());
        let (now, deadline) = (self.clock.now(), call.deadline);
        let is_short = batch.texts.len() <= MAX_IN_PLACE;
        let analyze = move |caller: Option<&Caller>| {
            let ask = batch.asked.ask(now, deadline);
            analyze_all(&batch, &Lights { snap: &snap, base: base.as_deref(), ask, caller })
        };
        // A short batch is over sooner than another thread has it.
        let analyses = if is_short { analyze(None)? } else { call.read(move |caller| analyze(Some(caller))).await? };
        Ok(Response::new(pb::BatchAnalyzeResponse { analyses, bundle, rules_version }))
    }

    async fn search_articles(
        &self,
        request: Request<pb::SearchArticlesRequest>,
    ) -> Result<Response<pb::SearchArticlesResponse>, Status> {
        let call = Call::of(&request);
        let asked = inquiry::read_search(request.into_inner())?;
        token::wait(&self.live, &asked.tokens, call.deadline).await?;
        let snap = self.live.load();
        let (asked, candidates) = self.work(&call, &snap, asked, assist::search).await?;
        let provenance = assist::provenance(&snap, &bases_of(&snap, &asked.knowledge_bases));
        Ok(Response::new(search_response(&candidates, &provenance, &view(&asked, String::new()))))
    }
}

/// What was asked, on which snapshot, and the reply.
struct Answered<'a> {
    snap: &'a Snap,
    asked: &'a Asked,
    reply: &'a Reply,
}

impl AssistService {
    /// Works on one message: where it is, or off the async threads where a second stage may make it milliseconds.
    async fn work<T: Send + 'static>(
        &self,
        call: &Call,
        snap: &Arc<Snap>,
        asked: Asked,
        work: fn(&Snap, &Ask<'_>) -> Result<T, AssistError>,
    ) -> Result<(Asked, T), Status> {
        let (now, deadline) = (self.clock.now(), call.deadline);
        if snap.shared.second_stage.is_none() {
            let done = work(snap, &asked.ask(now, deadline))?;
            return Ok((asked, done));
        }
        let snap = Arc::clone(snap);
        let away = move |_: &Caller| {
            let done = work(&snap, &asked.ask(now, deadline));
            done.map(|done| (asked, done))
        };
        call.read(away).await
    }

    /// Hands the call to the recorder and returns the record's name; none where there is no knowledge base at all.
    fn record(&self, call: &Call, answered: &Answered<'_>) -> String {
        let Answered { snap, asked, reply } = answered;
        let Some(source) = reply.provenance.sources.first() else { return String::new() };
        let base = &source.knowledge_base;
        let request_id = asked.request_id.as_str();
        let id = self.recorder.record(&insight::Call {
            reply,
            inquiry: &asked.inquiry,
            knowledge_base: base,
            customer: &asked.customer,
            request: (!request_id.is_empty()).then(|| (call.credential(), request_id)),
            keep_order_numbers: snap.bases.get(base).is_some_and(|base| base.policy.policy.keep_order_numbers),
            now: self.clock.now(),
        });
        names::of_child(base, "answerRecords", &id)
    }
}

/// By whose lights a batch is analyzed, and for whom.
struct Lights<'a> {
    snap: &'a Snap,
    base: Option<&'a Base>,
    ask: Ask<'a>,
    /// None where the work is done in place.
    caller: Option<&'a Caller>,
}

/// Analyzes one text after the other, as long as somebody waits.
fn analyze_all(batch: &Batch, lights: &Lights<'_>) -> Result<Vec<pb::Analysis>, Failure> {
    let Lights { snap, base, ask, caller } = lights;
    let one = |text: &String| {
        let is_late = ask.deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline);
        if is_late || caller.is_some_and(Caller::has_left) {
            let message = "the deadline passed before all texts were analyzed";
            return Err(Failure::new(ErrorKind::DeadlineExceeded, "DEADLINE", message));
        }
        let (analysis, _) = assist::analyze_alone(snap, *base, text, ask);
        Ok(analysis_of(&analysis, text, batch.asked.encoding))
    };
    batch.texts.iter().map(one).collect()
}

fn view(asked: &Asked, answer_record: String) -> AnswerView<'_> {
    let Asked { inquiry, encoding, .. } = asked;
    AnswerView { text: &inquiry.text, channel: inquiry.channel, encoding: *encoding, answer_record }
}

/// Looks up the base whose policy an analysis follows; none means the default policy.
fn base_of(snap: &Snap, asked: &Asked) -> Result<Option<Arc<Base>>, AssistError> {
    let Some(id) = asked.knowledge_bases.first() else { return Ok(None) };
    let base = snap.bases.get(id).cloned();
    base.map(Some).ok_or_else(|| AssistError::UnknownKnowledgeBase(id.clone()))
}

/// The bases asked, as the room of assistance chose them: none named means every one.
fn bases_of(snap: &Snap, named: &[KnowledgeBaseId]) -> Vec<Arc<Base>> {
    if named.is_empty() {
        return snap.bases.values().cloned().collect();
    }
    named.iter().filter_map(|id| snap.bases.get(id).cloned()).collect()
}
