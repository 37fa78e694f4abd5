//! `yingda.v1.Lexicon`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{
        article::read_etag,
        lexicon::{read_synonym_set, synonym_set_of, term_of},
        mask::synonym_set_fields,
        number::{i32_of, i64_of},
    },
    names::{self, NameError},
    pb::{self, lexicon_server::Lexicon},
    status::Failure,
    token,
};
use crate::{
    domain::KnowledgeBaseId,
    knowledge::{Knowledge, PageRequest, SynonymSetUpdate},
};

/// The service.
pub(super) struct LexiconService {
    pub knowledge: Arc<Knowledge>,
}

#[tonic::async_trait]
impl Lexicon for LexiconService {
    async fn create_term(&self, request: Request<pb::CreateTermRequest>) -> Result<Response<pb::Term>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let at = base.clone();
        let saved = call.write(move || knowledge.create_term(&request, &at, &message.text)).await?;
        Ok(Response::new(term_of(saved.value, &base)))
    }

    async fn list_terms(
        &self,
        request: Request<pb::ListTermsRequest>,
    ) -> Result<Response<pb::ListTermsResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let pb::ListTermsRequest { parent: name, page_size, page_token } = request.into_inner();
        let base = parent(&name)?;
        let page = PageRequest { size: page_size, token: page_token };
        let at = base.clone();
        let page = call.read(move |_| knowledge.list_terms(&at, &page)).await?;
        let terms = page.items.into_iter().map(|text| term_of(text, &base)).collect();
        Ok(Response::new(pb::ListTermsResponse { terms, next_page_token: page.next_token }))
    }

    async fn delete_term(&self, request: Request<pb::DeleteTermRequest>) -> Result<Response<()>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let (base, text) = named("name", names::term(&message.name))?;
        let request = call.identify(&mut message)?;
        call.write(move || knowledge.delete_term(&request, &base, &text)).await?;
        Ok(Response::new(()))
    }

    async fn create_synonym_set(
        &self,
        request: Request<pb::CreateSynonymSetRequest>,
    ) -> Result<Response<pb::SynonymSet>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let set = read_synonym_set(message.synonym_set.unwrap_or_default(), message.synonym_set_id);
        let at = base.clone();
        let saved = call.write(move || knowledge.create_synonym_set(&request, &at, set)).await?;
        Ok(Response::new(synonym_set_of(saved.value, &base)))
    }

    async fn get_synonym_set(
        &self,
        request: Request<pb::GetSynonymSetRequest>,
    ) -> Result<Response<pb::SynonymSet>, Status> {
        let (call, knowledge) = self.begin(&request);
        let (base, id) = named("name", names::synonym_set(&request.into_inner().name))?;
        let at = base.clone();
        let set = call.read(move |_| knowledge.synonym_set(&at, &id)).await?;
        Ok(Response::new(synonym_set_of(set, &base)))
    }

    async fn list_synonym_sets(
        &self,
        request: Request<pb::ListSynonymSetsRequest>,
    ) -> Result<Response<pb::ListSynonymSetsResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let pb::ListSynonymSetsRequest { parent: name, page_size, page_token } = request.into_inner();
        let base = parent(&name)?;
        let page = PageRequest { size: page_size, token: page_token };
        let at = base.clone();
        let page = call.read(move |_| knowledge.list_synonym_sets(&at, &page)).await?;
        let synonym_sets = page.items.into_iter().map(|set| synonym_set_of(set, &base)).collect();
        Ok(Response::new(pb::ListSynonymSetsResponse { synonym_sets, next_page_token: page.next_token }))
    }

    async fn update_synonym_set(
        &self,
        request: Request<pb::UpdateSynonymSetRequest>,
    ) -> Result<Response<pb::SynonymSet>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let given = message.synonym_set.unwrap_or_default();
        let (base, id) = named("synonym_set.name", names::synonym_set(&given.name))?;
        let update = SynonymSetUpdate {
            fields: synonym_set_fields(message.update_mask, &given),
            etag: read_etag(given.etag.clone()),
            synonym_set: read_synonym_set(given, id),
        };
        let at = base.clone();
        let saved = call.write(move || knowledge.update_synonym_set(&request, &at, update)).await?;
        Ok(Response::new(synonym_set_of(saved.value, &base)))
    }

    async fn delete_synonym_set(&self, request: Request<pb::DeleteSynonymSetRequest>) -> Result<Response<()>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let (base, id) = named("name", names::synonym_set(&message.name))?;
        let request = call.identify(&mut message)?;
        let etag = read_etag(message.etag);
        call.write(move || knowledge.delete_synonym_set(&request, &base, &id, etag)).await?;
        Ok(Response::new(()))
    }

    async fn publish_lexicon(
        &self,
        request: Request<pb::PublishLexiconRequest>,
    ) -> Result<Response<pb::PublishLexiconResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let (at, validate_only) = (base.clone(), message.validate_only);
        let saved = call.write(move || knowledge.publish_lexicon(&request, &at, validate_only)).await?;
        let consistency_token = if validate_only { String::new() } else { token::of(&saved, &base) };
        Ok(Response::new(pb::PublishLexiconResponse {
            version: i64_of(saved.value.version),
            term_count: i32_of(saved.value.num_terms),
            synonym_set_count: i32_of(saved.value.num_synonym_sets),
            consistency_token,
        }))
    }
}

impl LexiconService {
    fn begin<T>(&self, request: &Request<T>) -> (Call, Arc<Knowledge>) {
        (Call::of(request), Arc::clone(&self.knowledge))
    }
}

/// Reads the name of the knowledge base a request is about.
pub(super) fn parent(name: &str) -> Result<KnowledgeBaseId, Failure> {
    named("parent", names::knowledge_base(name))
}

/// Takes what a name names, or refuses the request for that field.
pub(super) fn named<T>(field: &str, read: Result<T, NameError>) -> Result<T, Failure> {
    read.map_err(|error| Failure::invalid_field(field, error.to_string()))
}
