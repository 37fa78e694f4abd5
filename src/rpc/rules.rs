//! `yingda.v1.Rules`: unpack, call, wrap.
//!
//! A test of rules is the one place where an editor's draft meets a message: the same analysis runs twice on one
//! snapshot, by the rules that serve and by the draft.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{
        analysis::analysis_of,
        article::read_etag,
        enums::read_offset_encoding,
        mask::rule_fields,
        number::{i32_of, i64_of},
        rule::{flaw_of, read_rule, rule_of, server_rule_of},
    },
    lexicon::{named, parent},
    limits::{self, Violations},
    names,
    pb::{self, rules_server::Rules},
    status::Failure,
    token::{self, Token},
};
use crate::{
    assist::{self, Ask, Base, Live, Snap},
    domain::{Analysis, Clock, Inquiry, KnowledgeBaseId},
    knowledge::{Knowledge, KnowledgeError, PageRequest, RuleUpdate, RulesTrial},
    text::OffsetEncoding,
};

/// The service.
pub(super) struct RulesService {
    pub knowledge: Arc<Knowledge>,
    pub live: Arc<Live>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Rules for RulesService {
    async fn create_rule(&self, request: Request<pb::CreateRuleRequest>) -> Result<Response<pb::Rule>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let mut violations = Violations::default();
        let all = ["*".to_owned()];
        let rule = read_rule(message.rule.unwrap_or_default(), message.rule_id, &all, &mut violations);
        let rule = violations.finish_with(rule)?;
        let at = base.clone();
        let saved = call.write(move || knowledge.create_rule(&request, &at, rule)).await?;
        Ok(Response::new(rule_of(saved.value, &base)))
    }

    async fn get_rule(&self, request: Request<pb::GetRuleRequest>) -> Result<Response<pb::Rule>, Status> {
        let (call, knowledge) = self.begin(&request);
        let (base, id) = named("name", names::rule(&request.into_inner().name))?;
        let at = base.clone();
        let rule = call.read(move |_| knowledge.rule(&at, &id)).await?;
        Ok(Response::new(rule_of(rule, &base)))
    }

    async fn list_rules(
        &self,
        request: Request<pb::ListRulesRequest>,
    ) -> Result<Response<pb::ListRulesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let pb::ListRulesRequest { parent: name, page_size, page_token, published } = request.into_inner();
        let base = parent(&name)?;
        let page = PageRequest { size: page_size, token: page_token };
        let at = base.clone();
        let page = call.read(move |_| knowledge.list_rules(&at, published, &page)).await?;
        let rules = page.items.into_iter().map(|rule| rule_of(rule, &base)).collect();
        let total_size = i32_of(page.total);
        Ok(Response::new(pb::ListRulesResponse { rules, next_page_token: page.next_token, total_size }))
    }

    async fn list_server_rules(
        &self,
        _: Request<pb::ListServerRulesRequest>,
    ) -> Result<Response<pb::ListServerRulesResponse>, Status> {
        let snap = self.live.load();
        let set = snap.shared.rules.set();
        let rules = set.rules.iter().cloned().map(server_rule_of).collect();
        Ok(Response::new(pb::ListServerRulesResponse { version: set.version.clone(), rules }))
    }

    async fn update_rule(&self, request: Request<pb::UpdateRuleRequest>) -> Result<Response<pb::Rule>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let request = call.identify(&mut message)?;
        let given = message.rule.unwrap_or_default();
        let (base, id) = named("rule.name", names::rule(&given.name))?;
        let fields = rule_fields(message.update_mask, &given);
        let etag = read_etag(given.etag.clone());
        let mut violations = Violations::default();
        let rule = read_rule(given, id, &fields, &mut violations);
        let update = RuleUpdate { rule: violations.finish_with(rule)?, fields, etag };
        let at = base.clone();
        let saved = call.write(move || knowledge.update_rule(&request, &at, update)).await?;
        Ok(Response::new(rule_of(saved.value, &base)))
    }

    async fn delete_rule(&self, request: Request<pb::DeleteRuleRequest>) -> Result<Response<()>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let (base, id) = named("name", names::rule(&message.name))?;
        let request = call.identify(&mut message)?;
        let etag = read_etag(message.etag);
        call.write(move || knowledge.delete_rule(&request, &base, &id, etag)).await?;
        Ok(Response::new(()))
    }

    async fn test_rules(
        &self,
        request: Request<pb::TestRulesRequest>,
    ) -> Result<Response<pb::TestRulesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let message = request.into_inner();
        let id = parent(&message.parent)?;
        let mut violations = Violations::default();
        limits::rule_texts(&mut violations, "texts", &message.texts);
        let encoding = read_offset_encoding(message.offset_encoding, "offset_encoding", &mut violations);
        violations.finish()?;
        let (at, server_rules) = (id.clone(), self.server_rules());
        let trial = call.read(move |_| knowledge.try_rules(&at, &server_rules)).await?;
        let snap = self.caught_up(&call, &id, &trial).await?;
        let base = snap.bases.get(&id).cloned();
        let test = Test { snap, base, id, now: self.clock.now(), encoding: encoding.unwrap_or(OffsetEncoding::Utf8) };
        let reply = call.read(move |_| test.run(trial, message.texts)).await?;
        Ok(Response::new(reply))
    }

    async fn publish_rules(
        &self,
        request: Request<pb::PublishRulesRequest>,
    ) -> Result<Response<pb::PublishRulesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let (at, validate_only, server_rules) = (base.clone(), message.validate_only, self.server_rules());
        let saved = call.write(move || knowledge.publish_rules(&request, &at, &server_rules, validate_only)).await?;
        let consistency_token = if validate_only { String::new() } else { token::of(&saved, &base) };
        Ok(Response::new(pb::PublishRulesResponse {
            version: i64_of(saved.value.version),
            rule_count: i32_of(saved.value.num_rules),
            enabled_rule_count: i32_of(saved.value.num_enabled),
            consistency_token,
        }))
    }

    async fn revert_rules(
        &self,
        request: Request<pb::RevertRulesRequest>,
    ) -> Result<Response<pb::RevertRulesResponse>, Status> {
        let (call, knowledge) = self.begin(&request);
        let mut message = request.into_inner();
        let base = parent(&message.parent)?;
        let request = call.identify(&mut message)?;
        let saved = call.write(move || knowledge.revert_rules(&request, &base)).await?;
        Ok(Response::new(pb::RevertRulesResponse { rule_count: i32_of(saved.value) }))
    }
}

impl RulesService {
    fn begin<T>(&self, request: &Request<T>) -> (Call, Arc<Knowledge>) {
        (Call::of(request), Arc::clone(&self.knowledge))
    }

    /// Names the rules of the server.
    fn server_rules(&self) -> Vec<String> {
        self.live.load().shared.rules.set().rules.iter().map(|rule| rule.id.clone()).collect()
    }

    /// Waits until what serves is as new as the draft that was read, and takes the snapshot of then.
    async fn caught_up(&self, call: &Call, id: &KnowledgeBaseId, trial: &RulesTrial) -> Result<Arc<Snap>, Failure> {
        let epoch = self.live.load().shared.store_epoch.clone();
        let seen = Token { epoch, knowledge_base: id.clone(), revision: trial.revision };
        token::wait(&self.live, &[seen], call.deadline).await?;
        Ok(self.live.load())
    }
}

/// A test of rules on one snapshot.
struct Test {
    snap: Arc<Snap>,
    base: Option<Arc<Base>>,
    id: KnowledgeBaseId,
    now: crate::domain::Timestamp,
    encoding: OffsetEncoding,
}

impl Test {
    fn run(&self, trial: RulesTrial, texts: Vec<String>) -> Result<pb::TestRulesResponse, Failure> {
        let RulesTrial { draft, flaws, .. } = trial;
        let rules = assist::Rules::of_base(&self.id, &draft).map_err(KnowledgeError::from)?;
        Ok(pb::TestRulesResponse {
            tests: texts.into_iter().map(|text| self.one(&rules, text)).collect(),
            flaws: flaws.into_iter().map(|flaw| flaw_of(flaw, &self.id)).collect(),
            tested_rule_count: i32_of(rules.set().rules.len()),
        })
    }

    fn one(&self, rules: &assist::Rules, text: String) -> pb::RuleTest {
        let inquiry = Inquiry::im("");
        let ask = Ask {
            inquiry: &inquiry,
            knowledge_bases: &[],
            now: self.now,
            deadline: None,
            max_candidates: 0,
            explain: false,
        };
        let base = self.base.as_deref();
        let (before, _) = assist::analyze_alone(&self.snap, base, &text, &ask);
        let (after, _) = assist::analyze_by(Some(rules), &self.snap, base, &text, &ask);
        pb::RuleTest {
            before: Some(analysis_of(&before, &text, self.encoding)),
            after: Some(analysis_of(&after, &text, self.encoding)),
            changed: differ(&before, &after),
            text,
        }
    }
}

/// Tells whether two analyses of one text lead to something else.
fn differ(one: &Analysis, other: &Analysis) -> bool {
    let of = |analysis: &Analysis| {
        (
            (analysis.primary_type(), analysis.urgency.label, analysis.sentiment.label),
            (analysis.primary_domain().to_owned(), analysis.routing.queue_id.clone()),
            (analysis.requests_human, analysis.is_blocked),
        )
    };
    of(one) != of(other)
}
