//! Small knowledge bases, made over the wire.

use yingda::rpc::pb;

use super::server::Clients;

/// Makes an article; its name and what is not given are the server's to choose.
pub fn article(question: &str, similar: &[&str], answer: &str) -> pb::Article {
    pb::Article {
        standard_question: question.to_owned(),
        similar_questions: similar.iter().map(|one| (*one).to_owned()).collect(),
        answers: Some(pb::Answers { im: answer.to_owned(), ..pb::Answers::default() }),
        ..pb::Article::default()
    }
}

/// Returns the name of a knowledge base.
pub fn base_name(id: &str) -> String {
    format!("knowledgeBases/{id}")
}

/// Returns the name of an article.
pub fn article_name(base: &str, id: &str) -> String {
    format!("knowledgeBases/{base}/articles/{id}")
}

/// A knowledge base that a test owns, on a server that it may share.
pub struct Base {
    pub clients: Clients,
    pub id: String,
    pub name: String,
    /// Of the latest write.
    pub token: String,
}

impl Base {
    /// Creates it with the default policy.
    pub async fn create(clients: Clients, id: &str) -> Self {
        Self::create_with(clients, id, pb::Policy::default()).await
    }

    /// Creates it.
    pub async fn create_with(mut clients: Clients, id: &str, policy: pb::Policy) -> Self {
        let request = pb::CreateKnowledgeBaseRequest {
            knowledge_base_id: id.to_owned(),
            knowledge_base: Some(pb::KnowledgeBase {
                display_name: format!("测试 {id}"),
                policy: Some(policy),
                ..pb::KnowledgeBase::default()
            }),
            ..pb::CreateKnowledgeBaseRequest::default()
        };
        let created = clients.knowledge.create_knowledge_base(request).await.expect("a new base").into_inner();
        Self { clients, id: id.to_owned(), name: base_name(id), token: created.consistency_token }
    }

    /// Takes up one that is there.
    pub fn of(clients: Clients, id: &str) -> Self {
        Self { clients, id: id.to_owned(), name: base_name(id), token: String::new() }
    }

    /// Adds an article.
    pub async fn add(&mut self, id: &str, article: pb::Article) -> pb::Article {
        let request = pb::CreateArticleRequest {
            parent: self.name.clone(),
            article_id: id.to_owned(),
            article: Some(article),
            ..pb::CreateArticleRequest::default()
        };
        let created = self.clients.knowledge.create_article(request).await.expect("a new article").into_inner();
        self.token.clone_from(&created.consistency_token);
        created
    }

    /// Overwrites the fields of an article that are named.
    pub async fn update(&mut self, article: pb::Article, paths: &[&str]) -> pb::Article {
        let request = update_of(article, paths);
        let updated = self.clients.knowledge.update_article(request).await.expect("an update").into_inner();
        self.token.clone_from(&updated.consistency_token);
        updated
    }

    /// Deletes an article.
    pub async fn delete(&mut self, id: &str) {
        let request =
            pb::DeleteArticleRequest { name: article_name(&self.id, id), ..pb::DeleteArticleRequest::default() };
        let deleted = self.clients.knowledge.delete_article(request).await.expect("a deletion").into_inner();
        self.token = deleted.consistency_token;
    }

    /// Overwrites the fields of the policy that are named.
    pub async fn set_policy(&mut self, policy: pb::Policy, paths: &[&str]) {
        let request = pb::UpdateKnowledgeBaseRequest {
            knowledge_base: Some(pb::KnowledgeBase {
                name: self.name.clone(),
                policy: Some(policy),
                ..pb::KnowledgeBase::default()
            }),
            update_mask: Some(mask(paths)),
            ..pb::UpdateKnowledgeBaseRequest::default()
        };
        let updated = self.clients.knowledge.update_knowledge_base(request).await.expect("an update").into_inner();
        self.token = updated.consistency_token;
    }

    /// Asks the base, after all that was written before.
    pub fn request(&self, text: &str) -> pb::AnswerRequest {
        pb::AnswerRequest {
            knowledge_bases: vec![self.name.clone()],
            text: text.to_owned(),
            consistency_tokens: vec![self.token.clone()],
            ..pb::AnswerRequest::default()
        }
    }

    /// Asks the base for an answer.
    pub async fn answer(&mut self, text: &str) -> pb::AnswerResponse {
        let request = self.request(text);
        self.clients.assist.answer(request).await.expect("a reply").into_inner()
    }

    /// Lists the ids of the articles that a search finds, the best first.
    pub async fn search(&mut self, text: &str) -> Vec<String> {
        let request = pb::SearchArticlesRequest {
            knowledge_bases: vec![self.name.clone()],
            text: text.to_owned(),
            consistency_tokens: vec![self.token.clone()],
            ..pb::SearchArticlesRequest::default()
        };
        let found = self.clients.assist.search_articles(request).await.expect("a reply").into_inner();
        found.candidates.iter().map(|candidate| id_of(&candidate.article).to_owned()).collect()
    }
}

/// Asks demo bases.
pub fn ask(bases: &[&str], text: &str) -> pb::AnswerRequest {
    pb::AnswerRequest {
        knowledge_bases: bases.iter().map(|base| base_name(base)).collect(),
        text: text.to_owned(),
        ..pb::AnswerRequest::default()
    }
}

/// Makes an update of an article.
pub fn update_of(article: pb::Article, paths: &[&str]) -> pb::UpdateArticleRequest {
    pb::UpdateArticleRequest {
        article: Some(article),
        update_mask: Some(mask(paths)),
        ..pb::UpdateArticleRequest::default()
    }
}

/// Makes a field mask.
pub fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

/// Returns the last part of a name.
pub fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}
