//! What editors do with single articles.

use super::{
    error::Result,
    fields::merge_article,
    filter::parse_filter,
    page::{Cut, Page, PageRequest},
    service::{Knowledge, Request, Saved, check_etag, fail_on, incomplete},
    validate::{check_article, settle_article},
};
use crate::{
    domain::{Article, ArticleId, Etag, KnowledgeBaseId},
    store::{ArticleChange, StoreError, WriteOp, Written},
};

const DEFAULT_PAGE: usize = 50;

/// A change of an article.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleUpdate {
    pub article: Article,
    /// Names of the proto; `*` means all, none overwrites nothing.
    pub fields: Vec<String>,
    /// The etag that was read; none overwrites whatever is there.
    pub etag: Option<Etag>,
    /// Creates the article, all of it, where it does not exist.
    pub allow_missing: bool,
}

impl Knowledge {
    /// Creates an article. Fails with `NotFound` where there is no such base, and with `AlreadyExists`.
    pub fn create_article(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        given: Article,
        validate_only: bool,
    ) -> Result<Saved<Article>> {
        if !validate_only && let Some(written) = self.earlier(request)? {
            return self.saved_article(written);
        }
        let article = settled(given)?;
        if validate_only {
            return self.as_if_created(parent, article);
        }
        self.change_article(request, parent, ArticleChange::Create(Box::new(article)))
    }

    /// Gets an article; fails with `NotFound`.
    pub fn article(&self, parent: &KnowledgeBaseId, id: &ArticleId) -> Result<Article> {
        Ok(self.store.article(parent, id)?)
    }

    /// Lists the articles that meet a filter, by id. Fails with violations of `filter`, `page_size` and `page_token`.
    pub fn list_articles(&self, parent: &KnowledgeBaseId, filter: &str, page: &PageRequest) -> Result<Page<Article>> {
        let conditions = parse_filter(filter)?;
        let cut = Cut::try_new(page, DEFAULT_PAGE, &format!("{parent}/articles {conditions:?}"))?;
        let after = cut.after.as_deref().and_then(|id| ArticleId::try_new(id).ok());
        let found = self.store.articles(parent, &conditions, after.as_ref(), cut.limit)?;
        let last = found.articles.last().filter(|_| found.has_more);
        let next_token = last.map(|last| cut.token_after(last.id.as_str())).unwrap_or_default();
        Ok(Page { items: found.articles, next_token, total: found.total })
    }

    /// Overwrites the named fields of an article. Fails with `NotFound` unless a missing article is to be created, and
    /// with `Aborted` where the etag is not the current one.
    pub fn update_article(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        update: ArticleUpdate,
        validate_only: bool,
    ) -> Result<Saved<Article>> {
        if !validate_only && let Some(written) = self.earlier(request)? {
            return self.saved_article(written);
        }
        self.in_turn(validate_only, || {
            let id = &update.article.id;
            let present = match self.store.article(parent, id) {
                Err(StoreError::NotFound { .. }) if update.allow_missing => {
                    let article = settled(update.article.clone())?;
                    if validate_only {
                        return self.as_if_created(parent, article);
                    }
                    return self.change_article(request, parent, ArticleChange::Create(Box::new(article)));
                }
                found => found?,
            };
            let article = settled(merge_article(&present, &update.article, &update.fields)?)?;
            let current = Etag::of(present.revision);
            check_etag(update.etag.as_ref(), &current, ("article", id.as_str()))?;
            if validate_only {
                return Ok(self.saved(article, self.store.knowledge_base(parent)?.revision));
            }
            let change = ArticleChange::Update { article: Box::new(article), expected: Some(current) };
            self.change_article(request, parent, change)
        })
    }

    /// Deletes an article. Fails with `NotFound`, and with `Aborted` where the etag is not the current one.
    pub fn delete_article(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        id: &ArticleId,
        etag: Option<Etag>,
    ) -> Result<Saved<()>> {
        if let Some(written) = self.earlier(request)? {
            return Ok(self.saved((), written.revision));
        }
        let changes = vec![ArticleChange::Delete { id: id.clone(), expected: etag }];
        let op = WriteOp::ChangeArticles { knowledge_base: parent.clone(), changes };
        let written = self.write(request, parent, op, String::new())?;
        Ok(self.saved((), written.revision))
    }

    fn as_if_created(&self, parent: &KnowledgeBaseId, article: Article) -> Result<Saved<Article>> {
        let revision = self.store.knowledge_base(parent)?.revision;
        match self.store.article(parent, &article.id) {
            Ok(_) => Err(StoreError::AlreadyExists { what: "article", id: format!("{parent}/{}", article.id) }.into()),
            Err(StoreError::NotFound { .. }) => Ok(self.saved(article, revision)),
            Err(error) => Err(error.into()),
        }
    }

    fn change_article(
        &self,
        request: &Request,
        parent: &KnowledgeBaseId,
        change: ArticleChange,
    ) -> Result<Saved<Article>> {
        let op = WriteOp::ChangeArticles { knowledge_base: parent.clone(), changes: vec![change] };
        self.saved_article(self.write(request, parent, op, String::new())?)
    }

    fn saved_article(&self, written: Written) -> Result<Saved<Article>> {
        let revision = written.revision;
        written.article.map(|article| self.saved(article, revision)).ok_or_else(|| incomplete("article"))
    }
}

fn settled(mut article: Article) -> Result<Article> {
    settle_article(&mut article);
    fail_on(check_article(&article, "article"))?;
    Ok(article)
}
