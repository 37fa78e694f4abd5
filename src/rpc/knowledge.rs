//! `yingda.v1.Knowledge`: unpack, call, wrap.
//!
//! All calls of the room block and go off the async threads; writes run to their end though the caller leaves. How the
//! pieces of files come and go is in `files`.

mod files;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

use self::files::Export;
use super::{
    call::Call,
    convert::{
        article::{Named, article_of, read_article, read_etag},
        files::import_of,
        knowledge_base::{knowledge_base_of, read_knowledge_base},
        mask::{article_fields, knowledge_base_fields},
        number::i32_of,
    },
    drain::Phases,
    lexicon::{named, parent},
    limits::Violations,
    names,
    pb::{self, knowledge_server::Knowledge},
    token,
};
use crate::{
    domain::{Article, ArticleId, KnowledgeBase, KnowledgeBaseId},
    knowledge::{self, ArticleUpdate, Deletion, KnowledgeBaseUpdate, PageRequest, Saved},
};

/// The service.
pub(super) struct KnowledgeService {
    pub knowledge: Arc<knowledge::Knowledge>,
    pub phases: Phases,
    /// An import is held in memory, so only so many run at a time.
    pub imports: Arc<Semaphore>,
}

#[tonic::async_trait]
impl Knowledge for KnowledgeService {
    type ExportArticlesStream = Export;

    async fn create_knowledge_base(
        &self,
        request: Request<pb::CreateKnowledgeBaseRequest>,
    ) -> Result<Response<pb::KnowledgeBase>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let mut violations = Violations::default();
        let id = violations.take("knowledge_base_id", KnowledgeBaseId::try_new(message.knowledge_base_id));
        violations.check(message.knowledge_base.is_some(), "knowledge_base", "must be given");
        let given = message.knowledge_base.unwrap_or_default();
        let base = id.map(|id| read_knowledge_base(given, id, &mut violations));
        let base = violations.finish_with(base)?;
        let validate_only = message.validate_only;
        let saved = call.write(move || knowledge.create_knowledge_base(&request, base, validate_only)).await?;
        Ok(Response::new(saved_base(&saved, validate_only)))
    }

    async fn get_knowledge_base(
        &self,
        request: Request<pb::GetKnowledgeBaseRequest>,
    ) -> Result<Response<pb::KnowledgeBase>, Status> {
        let (call, knowledge) = self.begin(&request);
        let id = named("name", names::knowledge_base(&request.into_inner().name))?;
        let base = call.read(move |_| knowledge.knowledge_base(&id)).await?;
        Ok(Response::new(knowledge_base_of(&base)))
    }

    async fn list_knowledge_bases(
        &self,
        request: Request<pb::ListKnowledgeBasesRequest>,
    ) -> Result<Response<pb::ListKnowledgeBasesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let pb::ListKnowledgeBasesRequest { page_size, page_token } = request.into_inner();
        let page = PageRequest { size: page_size, token: page_token };
        let page = call.read(move |_| knowledge.list_knowledge_bases(&|_| true, &page)).await?;
        let knowledge_bases = page.items.iter().map(knowledge_base_of).collect();
        Ok(Response::new(pb::ListKnowledgeBasesResponse { knowledge_bases, next_page_token: page.next_token }))
    }

    async fn update_knowledge_base(
        &self,
        request: Request<pb::UpdateKnowledgeBaseRequest>,
    ) -> Result<Response<pb::KnowledgeBase>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let given = message.knowledge_base.unwrap_or_default();
        let id = named("knowledge_base.name", names::knowledge_base(&given.name))?;
        let fields = knowledge_base_fields(message.update_mask, &given);
        let etag = read_etag(given.etag.clone());
        let mut violations = Violations::default();
        let knowledge_base = read_knowledge_base(given, id, &mut violations);
        violations.finish()?;
        let update = KnowledgeBaseUpdate { knowledge_base, fields, etag };
        let validate_only = message.validate_only;
        let saved = call.write(move || knowledge.update_knowledge_base(&request, update, validate_only)).await?;
        Ok(Response::new(saved_base(&saved, validate_only)))
    }

    async fn delete_knowledge_base(
        &self,
        request: Request<pb::DeleteKnowledgeBaseRequest>,
    ) -> Result<Response<pb::DeleteKnowledgeBaseResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let id = named("name", names::knowledge_base(&message.name))?;
        let deletion = Deletion { etag: read_etag(message.etag), force: message.force };
        call.write(move || knowledge.delete_knowledge_base(&request, &id, deletion)).await?;
        Ok(Response::new(pb::DeleteKnowledgeBaseResponse {}))
    }

    async fn create_article(
        &self,
        request: Request<pb::CreateArticleRequest>,
    ) -> Result<Response<pb::Article>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let base = parent(&message.parent)?;
        let mut violations = Violations::default();
        let id = match message.article_id.as_str() {
            "" => Some(knowledge.new_article_id()),
            id => violations.take("article_id", ArticleId::try_new(id)),
        };
        violations.check(message.article.is_some(), "article", "must be given");
        let given = message.article.unwrap_or_default();
        let article =
            id.map(|article| read_article(given, Named { knowledge_base: base.clone(), article }, &mut violations));
        let article = violations.finish_with(article)?;
        let (at, validate_only) = (base.clone(), message.validate_only);
        let saved = call.write(move || knowledge.create_article(&request, &at, article, validate_only)).await?;
        Ok(Response::new(saved_article(&saved, &base, validate_only)))
    }

    async fn get_article(&self, request: Request<pb::GetArticleRequest>) -> Result<Response<pb::Article>, Status> {
        let (call, knowledge) = self.begin(&request);
        let (base, id) = named("name", names::article(&request.into_inner().name))?;
        let at = base.clone();
        let article = call.read(move |_| knowledge.article(&at, &id)).await?;
        Ok(Response::new(article_of(&article, &base)))
    }

    async fn list_articles(
        &self,
        request: Request<pb::ListArticlesRequest>,
    ) -> Result<Response<pb::ListArticlesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let pb::ListArticlesRequest { parent: name, page_size, page_token, filter } = request.into_inner();
        let base = parent(&name)?;
        let page = PageRequest { size: page_size, token: page_token };
        let at = base.clone();
        let page = call.read(move |_| knowledge.list_articles(&at, &filter, &page)).await?;
        Ok(Response::new(pb::ListArticlesResponse {
            articles: page.items.iter().map(|article| article_of(article, &base)).collect(),
            next_page_token: page.next_token,
            total_size: i32_of(page.total),
        }))
    }

    async fn update_article(
        &self,
        request: Request<pb::UpdateArticleRequest>,
    ) -> Result<Response<pb::Article>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let given = message.article.unwrap_or_default();
        let (base, id) = named("article.name", names::article(&given.name))?;
        let fields = article_fields(message.update_mask, &given);
        let etag = read_etag(given.etag.clone());
        let mut violations = Violations::default();
        let article = read_article(given, Named { knowledge_base: base.clone(), article: id }, &mut violations);
        violations.finish()?;
        let update = ArticleUpdate { article, fields, etag, allow_missing: message.allow_missing };
        let (at, validate_only) = (base.clone(), message.validate_only);
        let saved = call.write(move || knowledge.update_article(&request, &at, update, validate_only)).await?;
        Ok(Response::new(saved_article(&saved, &base, validate_only)))
    }

    async fn delete_article(
        &self,
        request: Request<pb::DeleteArticleRequest>,
    ) -> Result<Response<pb::DeleteArticleResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let (base, id) = named("name", names::article(&message.name))?;
        let (at, etag) = (base.clone(), read_etag(message.etag));
        let saved = call.write(move || knowledge.delete_article(&request, &at, &id, etag)).await?;
        Ok(Response::new(pb::DeleteArticleResponse { consistency_token: token::of(&saved, &base) }))
    }

    async fn import_articles(
        &self,
        request: Request<Streaming<pb::ImportArticlesRequest>>,
    ) -> Result<Response<pb::ImportArticlesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let running = files::admit(&self.imports)?;
        let mut file = files::receive(request.into_inner()).await?;
        let request = call.identify_with(&mut file.settings, &file.data)?;
        let (at, options) = (file.knowledge_base.clone(), file.options);
        let dry_run = options.dry_run;
        let data = file.data;
        let import = move || {
            let _running = running;
            knowledge.import_articles(&request, &at, options, &data)
        };
        let saved = call.write(import).await?;
        let consistency_token = if dry_run { String::new() } else { token::of(&saved, &file.knowledge_base) };
        let response = import_of(saved.value, &file.knowledge_base);
        Ok(Response::new(pb::ImportArticlesResponse { consistency_token, ..response }))
    }

    async fn export_articles(&self, request: Request<pb::ExportArticlesRequest>) -> Result<Response<Export>, Status> {
        let (call, knowledge) = self.begin(&request);
        let wanted = files::read_export(request.into_inner())?;
        Ok(Response::new(files::export(call, knowledge, wanted, &self.phases)))
    }
}

impl KnowledgeService {
    fn begin<T>(&self, request: &Request<T>) -> (Call, Arc<knowledge::Knowledge>) {
        (Call::of(request), Arc::clone(&self.knowledge))
    }
}

/// Writes what was saved, with the token that makes a read see it; nothing was saved where it was only validated.
fn saved_article(saved: &Saved<Article>, base: &KnowledgeBaseId, validate_only: bool) -> pb::Article {
    let consistency_token = if validate_only { String::new() } else { token::of(saved, base) };
    pb::Article { consistency_token, ..article_of(&saved.value, base) }
}

fn saved_base(saved: &Saved<KnowledgeBase>, validate_only: bool) -> pb::KnowledgeBase {
    let consistency_token = if validate_only { String::new() } else { token::of(saved, &saved.value.id) };
    pb::KnowledgeBase { consistency_token, ..knowledge_base_of(&saved.value) }
}
