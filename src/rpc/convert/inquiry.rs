//! What a caller asks: messages to answer, to suggest for, to analyze, to search with.

use std::{collections::HashMap, time::Instant};

use crate::{
    assist::Ask,
    domain::{Audience, Channel, Inquiry, KnowledgeBaseId, Speaker, Timestamp, Turn},
    rpc::{
        convert::enums::{given, read_audience, read_channel, read_offset_encoding, read_speaker},
        limits::{self, Violations},
        names, pb,
        status::Failure,
        token::Token,
    },
    text::OffsetEncoding,
};

/// Default and limit of how many results are wanted.
const CANDIDATES: (usize, usize) = (5, 50);
const SUGGESTIONS: (usize, usize) = (3, 20);
const RESULTS: (usize, usize) = (10, 50);

/// A request that was read in full and is within its limits.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct Asked {
    pub inquiry: Inquiry,
    pub knowledge_bases: Vec<KnowledgeBaseId>,
    pub customer: String,
    pub request_id: String,
    pub encoding: OffsetEncoding,
    pub tokens: Vec<Token>,
    pub max_candidates: usize,
    pub explain: bool,
}

impl Asked {
    /// Puts the question to the room of assistance.
    pub(in crate::rpc) fn ask(&self, now: Timestamp, deadline: Option<Instant>) -> Ask<'_> {
        Ask {
            inquiry: &self.inquiry,
            knowledge_bases: &self.knowledge_bases,
            now,
            deadline,
            max_candidates: self.max_candidates,
            explain: self.explain,
        }
    }
}

/// A batch that was read in full and is within its limits.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct Batch {
    pub texts: Vec<String>,
    /// What all texts are asked with; its own text is empty.
    pub asked: Asked,
}

/// Reads a message to answer.
pub(in crate::rpc) fn read_answer(request: pb::AnswerRequest) -> Result<Asked, Failure> {
    let mut reader = Reader::default();
    limits::customer(&mut reader.violations, &request.customer);
    limits::request_id(&mut reader.violations, &request.request_id);
    let asked = Asked {
        inquiry: Inquiry {
            text: reader.text(request.text),
            history: reader.history(request.history),
            channel: reader.channel(request.channel),
            audience: reader.audience(request.audience, Audience::Bot),
            slots: reader.slots(request.slots),
        },
        knowledge_bases: reader.knowledge_bases(&request.knowledge_bases),
        encoding: reader.encoding(request.offset_encoding),
        tokens: reader.tokens(&request.consistency_tokens),
        max_candidates: reader.wanted("max_candidates", request.max_candidates, CANDIDATES),
        explain: request.explain,
        customer: request.customer,
        request_id: request.request_id,
    };
    reader.violations.finish_with(Some(asked))
}

/// Reads a message to suggest replies for.
pub(in crate::rpc) fn read_suggest(request: pb::SuggestRequest) -> Result<Asked, Failure> {
    let mut reader = Reader::default();
    limits::customer(&mut reader.violations, &request.customer);
    limits::request_id(&mut reader.violations, &request.request_id);
    let asked = Asked {
        inquiry: Inquiry {
            text: reader.text(request.text),
            history: reader.history(request.history),
            channel: reader.channel(request.channel),
            audience: Audience::Agent,
            slots: reader.slots(request.slots),
        },
        knowledge_bases: reader.knowledge_bases(&request.knowledge_bases),
        encoding: reader.encoding(request.offset_encoding),
        tokens: reader.tokens(&request.consistency_tokens),
        max_candidates: reader.wanted("max_suggestions", request.max_suggestions, SUGGESTIONS),
        explain: request.explain,
        customer: request.customer,
        request_id: request.request_id,
    };
    reader.violations.finish_with(Some(asked))
}

/// Reads a text to search articles with.
pub(in crate::rpc) fn read_search(request: pb::SearchArticlesRequest) -> Result<Asked, Failure> {
    let mut reader = Reader::default();
    let asked = Asked {
        inquiry: Inquiry {
            channel: reader.channel(request.channel),
            audience: reader.audience(request.audience, Audience::Bot),
            ..Inquiry::im(reader.text(request.text))
        },
        knowledge_bases: reader.knowledge_bases(&request.knowledge_bases),
        encoding: reader.encoding(request.offset_encoding),
        tokens: reader.tokens(&request.consistency_tokens),
        max_candidates: reader.wanted("max_results", request.max_results, RESULTS),
        explain: request.explain,
        customer: String::new(),
        request_id: String::new(),
    };
    reader.violations.finish_with(Some(asked))
}

/// Reads a message to analyze.
pub(in crate::rpc) fn read_analyze(request: pb::AnalyzeRequest) -> Result<Asked, Failure> {
    let mut reader = Reader::default();
    let inquiry = Inquiry {
        history: reader.history(request.history),
        channel: reader.channel(request.channel),
        ..Inquiry::im(reader.text(request.text))
    };
    let knowledge_bases = reader.one_or_none(&request.knowledge_base);
    let encoding = reader.encoding(request.offset_encoding);
    let tokens = reader.tokens(&request.consistency_tokens);
    reader.violations.finish_with(Some(Asked { tokens, ..analyzed(inquiry, knowledge_bases, encoding) }))
}

/// Reads messages to analyze.
pub(in crate::rpc) fn read_batch(request: pb::BatchAnalyzeRequest) -> Result<Batch, Failure> {
    let mut reader = Reader::default();
    limits::batch(&mut reader.violations, "texts", &request.texts);
    let inquiry = Inquiry { channel: reader.channel(request.channel), ..Inquiry::im("") };
    let knowledge_bases = reader.one_or_none(&request.knowledge_base);
    let encoding = reader.encoding(request.offset_encoding);
    let tokens = reader.tokens(&request.consistency_tokens);
    let asked = Asked { tokens, ..analyzed(inquiry, knowledge_bases, encoding) };
    reader.violations.finish_with(Some(Batch { texts: request.texts, asked }))
}

fn analyzed(inquiry: Inquiry, knowledge_bases: Vec<KnowledgeBaseId>, encoding: OffsetEncoding) -> Asked {
    Asked {
        inquiry,
        knowledge_bases,
        encoding,
        customer: String::new(),
        request_id: String::new(),
        tokens: Vec::new(),
        max_candidates: 0,
        explain: false,
    }
}

/// Reads field by field and notes what is wrong.
#[derive(Default)]
struct Reader {
    violations: Violations,
}

impl Reader {
    fn text(&mut self, text: String) -> String {
        limits::text(&mut self.violations, "text", &text);
        text
    }

    fn history(&mut self, turns: Vec<pb::Turn>) -> Vec<Turn> {
        limits::history(&mut self.violations, &turns);
        let one = |(idx, turn): (usize, pb::Turn)| {
            let field = format!("history[{idx}].speaker");
            let speaker = read_speaker(turn.speaker, &field, &mut self.violations);
            let speaker = given(speaker, turn.speaker, &field, &mut self.violations);
            Turn { speaker: speaker.unwrap_or(Speaker::Customer), text: turn.text }
        };
        turns.into_iter().enumerate().map(one).collect()
    }

    fn channel(&mut self, number: i32) -> Channel {
        read_channel(number, "channel", &mut self.violations).unwrap_or_default()
    }

    fn audience(&mut self, number: i32, default: Audience) -> Audience {
        read_audience(number, "audience", &mut self.violations).unwrap_or(default)
    }

    fn encoding(&mut self, number: i32) -> OffsetEncoding {
        read_offset_encoding(number, "offset_encoding", &mut self.violations).unwrap_or(OffsetEncoding::Utf8)
    }

    fn slots(&mut self, slots: HashMap<String, String>) -> std::collections::BTreeMap<String, String> {
        limits::slots(&mut self.violations, slots)
    }

    fn knowledge_bases(&mut self, names: &[String]) -> Vec<KnowledgeBaseId> {
        limits::knowledge_bases(&mut self.violations, names.len());
        let mut bases = Vec::with_capacity(names.len());
        for (idx, name) in names.iter().enumerate() {
            let field = format!("knowledge_bases[{idx}]");
            let Some(base) = self.violations.take(&field, names::knowledge_base(name)) else { continue };
            self.violations.check(!bases.contains(&base), &field, "is named twice");
            bases.push(base);
        }
        bases
    }

    fn one_or_none(&mut self, name: &str) -> Vec<KnowledgeBaseId> {
        if name.is_empty() {
            return Vec::new();
        }
        self.violations.take("knowledge_base", names::knowledge_base(name)).into_iter().collect()
    }

    fn tokens(&mut self, tokens: &[String]) -> Vec<Token> {
        limits::tokens(&mut self.violations, tokens.len());
        let one = |(idx, token): (usize, &String)| {
            self.violations.take(&format!("consistency_tokens[{idx}]"), Token::decode(token))
        };
        tokens.iter().enumerate().filter_map(one).collect()
    }

    fn wanted(&mut self, field: &str, given: i32, bounds: (usize, usize)) -> usize {
        limits::wanted(&mut self.violations, field, given, bounds)
    }
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::StatusExt;

    use super::*;

    fn good() -> pb::AnswerRequest {
        pb::AnswerRequest { text: "怎么退货".to_owned(), ..pb::AnswerRequest::default() }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let asked = read_answer(good()).expect("a text is enough");
        assert_eq!(asked.inquiry, Inquiry::im("怎么退货"));
        assert_eq!((asked.max_candidates, asked.encoding), (5, OffsetEncoding::Utf8));
        let suggest = pb::SuggestRequest { text: "怎么退货".to_owned(), ..pb::SuggestRequest::default() };
        let asked = read_suggest(suggest).expect("a text is enough");
        assert_eq!((asked.inquiry.audience, asked.max_candidates), (Audience::Agent, 3));
    }

    #[test]
    fn wrong_fields_are_refused_by_name() {
        let check = |change: &dyn Fn(&mut pb::AnswerRequest), want: &[&str]| {
            let mut request = good();
            change(&mut request);
            let status = Status::from(read_answer(request).expect_err("something is wrong"));
            assert_eq!(status.code(), Code::InvalidArgument);
            let details = status.get_error_details();
            let fields = details.bad_request().expect("fields").field_violations.iter().map(|one| one.field.clone());
            assert_eq!(fields.collect::<Vec<_>>(), want);
        };
        check(&|request| request.text.clear(), &["text"]);
        check(&|request| request.channel = 9, &["channel"]);
        check(&|request| request.audience = -1, &["audience"]);
        check(&|request| request.offset_encoding = 7, &["offset_encoding"]);
        check(&|request| request.max_candidates = 51, &["max_candidates"]);
        check(&|request| request.history = vec![pb::Turn::default()], &["history[0].speaker"]);
        check(&|request| request.consistency_tokens = vec!["nonsense".to_owned()], &["consistency_tokens[0]"]);
        check(
            &|request| {
                let names = ["knowledgeBases/a", "b", "knowledgeBases/a"];
                request.knowledge_bases = names.map(str::to_owned).to_vec();
                request.text = "  ".to_owned();
            },
            &["text", "knowledge_bases[1]", "knowledge_bases[2]"],
        );
    }

    #[test]
    fn refusals_do_not_repeat_the_customer() {
        let mut request = good();
        request.text = "我的电话是13800000000".repeat(200);
        request.slots = HashMap::from([("电话".to_owned(), "13800000000".to_owned())]);
        let status = Status::from(read_answer(request).expect_err("too long"));
        assert!(!format!("{status:?}").contains("138"), "{status:?}");
    }
}
