//! Files in pieces: imports come in, exports go out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::Status;

use crate::{
    domain::{ErrorKind, KnowledgeBaseId},
    knowledge::{FileFormat, ImportOptions, Knowledge, MAX_FILE_BYTES},
    rpc::{
        call::Call,
        convert::{
            enums::{given, read_file_format},
            files::read_settings,
        },
        drain::{Ending, Phase, Phases},
        limits::Violations,
        names,
        pb::{self, import_articles_request::Content},
        status::Failure,
    },
};

const MAX_PIECE_BYTES: usize = 1 << 20;
/// Pieces that wait for a slow reader; each is up to a megabyte.
const PIECES_AHEAD: usize = 4;

/// The pieces of an export; broken off when the server stops.
pub(in crate::rpc) type Export = Ending<ReceiverStream<Result<pb::ExportArticlesResponse, Status>>>;

/// A file that came in full.
#[derive(Debug)]
pub(super) struct File {
    pub settings: pb::ImportSettings,
    pub knowledge_base: KnowledgeBaseId,
    pub options: ImportOptions,
    pub data: Vec<u8>,
}

/// What to export.
#[derive(Debug)]
pub(super) struct Wanted {
    knowledge_base: KnowledgeBaseId,
    format: FileFormat,
    filter: String,
}

/// Lets an import in; fails at once where as many as may are running.
pub(super) fn admit(imports: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Failure> {
    Arc::clone(imports).try_acquire_owned().map_err(|_| {
        Failure::new(ErrorKind::ResourceExhausted, "TOO_MANY_IMPORTS", "too many imports are running, try again later")
    })
}

/// Receives a file: the settings first, then its pieces. Fails on another order and beyond the limits.
pub(super) async fn receive(
    mut messages: impl Stream<Item = Result<pb::ImportArticlesRequest, Status>> + Unpin,
) -> Result<File, Status> {
    let first = messages.next().await.transpose()?.and_then(|message| message.content);
    let Some(Content::Settings(settings)) = first else {
        return Err(Failure::invalid_field("settings", "must be the first message").into());
    };
    let mut violations = Violations::default();
    let read = read_settings(&settings, &mut violations);
    let (knowledge_base, options) = violations.finish_with(read)?;
    let mut data = Vec::new();
    while let Some(message) = messages.next().await.transpose()? {
        add_piece(&mut data, message.content)?;
    }
    Ok(File { settings, knowledge_base, options, data })
}

fn add_piece(data: &mut Vec<u8>, content: Option<Content>) -> Result<(), Failure> {
    let Some(Content::Data(piece)) = content else {
        return Err(Failure::invalid_field("data", "must be in every message after the first"));
    };
    if piece.len() > MAX_PIECE_BYTES {
        return Err(Failure::invalid_field("data", format!("must be at most {MAX_PIECE_BYTES} bytes a piece")));
    }
    if data.len() + piece.len() > MAX_FILE_BYTES {
        let message = format!("data: must be at most {MAX_FILE_BYTES} bytes in all");
        return Err(Failure::new(ErrorKind::ResourceExhausted, "FILE_TOO_LARGE", message).with("field", "data"));
    }
    data.extend_from_slice(&piece);
    Ok(())
}

/// Reads what to export.
pub(super) fn read_export(request: pb::ExportArticlesRequest) -> Result<Wanted, Failure> {
    let pb::ExportArticlesRequest { parent, format: number, filter } = request;
    let mut violations = Violations::default();
    let knowledge_base = violations.take("parent", names::knowledge_base(&parent));
    let format = read_file_format(number, "format", &mut violations);
    let format = given(format, number, "format", &mut violations);
    let wanted = knowledge_base.zip(format);
    violations.finish_with(wanted.map(|(knowledge_base, format)| Wanted { knowledge_base, format, filter }))
}

/// Begins to export; the pieces are made as fast as they are taken, and no more where nobody takes them.
pub(super) fn export(call: Call, knowledge: Arc<Knowledge>, wanted: Wanted, phases: &Phases) -> Export {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let to_failed = sender.clone();
    let make = move || {
        let Wanted { knowledge_base, format, filter } = wanted;
        let mut sink = |data| sender.blocking_send(Ok(pb::ExportArticlesResponse { data })).is_ok();
        Ok(knowledge.export_articles(&knowledge_base, format, &filter, &mut sink)?)
    };
    call.begin(make, move |status| {
        tracing::warn!(code = ?status.code(), message = status.message(), "export failed");
        // Nobody is left to tell where this fails.
        let _is_told = to_failed.blocking_send(Err(status)).is_ok();
    });
    let failure = Failure::new(ErrorKind::Unavailable, "STOPPED", "the server has stopped, try another");
    phases.end(ReceiverStream::new(receiver), Phase::Stopped, Some(Err(failure.into())))
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn settings() -> Content {
        Content::Settings(pb::ImportSettings {
            parent: "knowledgeBases/retail".to_owned(),
            format: pb::FileFormat::Jsonl.into(),
            mode: pb::ImportMode::Merge.into(),
            ..Default::default()
        })
    }

    async fn sent(contents: Vec<Content>) -> Result<File, Status> {
        let messages = contents.into_iter().map(|content| Ok(pb::ImportArticlesRequest { content: Some(content) }));
        receive(tokio_stream::iter(messages)).await
    }

    #[tokio::test]
    async fn pieces_are_put_together() {
        let file = sent(vec![settings(), Content::Data(b"ab".to_vec()), Content::Data(b"c".to_vec())]).await;
        let file = file.expect("a good file");
        assert_eq!((file.data.as_slice(), file.knowledge_base.as_str()), (b"abc".as_slice(), "retail"));
        assert!(sent(vec![settings()]).await.expect("an empty file").data.is_empty());
    }

    #[tokio::test]
    async fn another_order_and_too_much_are_refused() {
        let check = async |contents: Vec<Content>, code: Code, field: &str| {
            let status = sent(contents).await.expect_err(field);
            assert_eq!(status.code(), code, "{field}");
            assert!(status.message().starts_with(field), "{}", status.message());
        };
        check(vec![], Code::InvalidArgument, "settings").await;
        check(vec![Content::Data(Vec::new())], Code::InvalidArgument, "settings").await;
        check(vec![settings(), settings()], Code::InvalidArgument, "data").await;
        check(vec![Content::Settings(pb::ImportSettings::default())], Code::InvalidArgument, "settings.parent").await;
        let large = Content::Data(vec![0; MAX_PIECE_BYTES + 1]);
        check(vec![settings(), large], Code::InvalidArgument, "data").await;
        let piece = Content::Data(vec![0; MAX_PIECE_BYTES]);
        let mut contents = vec![piece; MAX_FILE_BYTES / MAX_PIECE_BYTES + 1];
        contents.insert(0, settings());
        check(contents, Code::ResourceExhausted, "data").await;
    }

    #[test]
    fn imports_are_few_at_a_time() {
        let imports = Arc::new(Semaphore::new(1));
        let running = admit(&imports).expect("the first");
        assert!(admit(&imports).is_err());
        drop(running);
        assert!(admit(&imports).is_ok());
    }
}
