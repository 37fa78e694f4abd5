//! Reads the filter of a list of articles: `state:ACTIVE AND domain:invoice AND text:"抬头"`.
//!
//! Pure. To add a condition: one arm in [`put`], one field in the store's `ArticleFilter`.

use super::error::{KnowledgeError, Result};
use crate::{domain::ArticleState, store::ArticleFilter};

const KEYS: &str = "state, domain, tag, id, text";

/// Reads a filter; nothing means every article. Fails with a violation of `filter`.
pub(super) fn parse_filter(text: &str) -> Result<ArticleFilter> {
    let mut filter = ArticleFilter::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = key(rest)?;
        let (value, after) = value(key, after)?;
        put(&mut filter, key, value)?;
        rest = after.trim_start();
        if rest.is_empty() {
            break;
        }
        let joined = rest.strip_prefix("AND").filter(|next| next.starts_with(char::is_whitespace));
        rest = joined.map(str::trim_start).ok_or_else(|| wrong(format!("expected AND before {rest:?}")))?;
        if rest.is_empty() {
            return Err(wrong("ends with AND".to_owned()));
        }
    }
    Ok(filter)
}

fn key(text: &str) -> Result<(&str, &str)> {
    let found = text.split_once(':').filter(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase()));
    found.ok_or_else(|| wrong(format!("expected key:value at {text:?}, the keys are {KEYS}")))
}

/// Reads a bare word or a quoted text, in which `\"` and `\\` stand for themselves.
fn value<'a>(key: &str, text: &'a str) -> Result<(String, &'a str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        let is_bare = !value.is_empty() && !value.contains('"');
        return if is_bare { Ok((value.to_owned(), rest)) } else { Err(wrong(format!("{key} has no value"))) };
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '"' if value.is_empty() => return Err(wrong(format!("{key} has no value"))),
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next().map_or('\\', |(_, escaped)| escaped)),
            _ => value.push(ch),
        }
    }
    Err(wrong(format!("the quotation mark of {key} is not closed")))
}

fn put(filter: &mut ArticleFilter, key: &str, value: String) -> Result<()> {
    if key == "state" {
        let state = ArticleState::from_name(&value.to_ascii_lowercase());
        let state = state.ok_or_else(|| wrong("state must be DRAFT, IN_REVIEW, ACTIVE or DISABLED".to_owned()))?;
        return set(&mut filter.state, key, state);
    }
    let place = match key {
        "domain" => &mut filter.domain,
        "tag" => &mut filter.tag,
        "id" => &mut filter.id_prefix,
        "text" => &mut filter.text,
        _ => return Err(wrong(format!("unknown key {key:?}, the keys are {KEYS}"))),
    };
    set(place, key, value)
}

fn set<T>(place: &mut Option<T>, key: &str, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("{key} is there twice"))),
    }
}

fn wrong(description: String) -> KnowledgeError {
    KnowledgeError::invalid("filter", description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: ArticleFilter) {
        assert_eq!(parse_filter(text).expect(text), want, "{text}");
    }

    fn check_error(text: &str, want: &str) {
        let error = parse_filter(text).expect_err(text);
        let violation = &error.violations()[0];
        assert_eq!(violation.field, "filter");
        assert!(violation.description.contains(want), "{text}: {}", violation.description);
    }

    #[test]
    fn conditions_are_joined_by_and() {
        check("", ArticleFilter::default());
        check("  ", ArticleFilter::default());
        check("state:ACTIVE", ArticleFilter { state: Some(ArticleState::Active), ..ArticleFilter::default() });
        check("state:in_review ", ArticleFilter { state: Some(ArticleState::InReview), ..ArticleFilter::default() });
        check(
            r#"domain:invoice AND tag:x  AND id:refund AND text:"抬头 \"A\" AND \\""#,
            ArticleFilter {
                state: None,
                domain: Some("invoice".to_owned()),
                tag: Some("x".to_owned()),
                id_prefix: Some("refund".to_owned()),
                text: Some(r#"抬头 "A" AND \"#.to_owned()),
            },
        );
        check("text:a:b", ArticleFilter { text: Some("a:b".to_owned()), ..ArticleFilter::default() });
    }

    #[test]
    fn slips_are_named() {
        check_error("抬头", "expected key:value");
        check_error("colour:red", "unknown key \"colour\"");
        check_error("state:GONE", "state must be");
        check_error("domain:", "domain has no value");
        check_error("domain: a", "domain has no value");
        check_error("text:\"\"", "text has no value");
        check_error("text:\"a", "not closed");
        check_error("domain:a OR tag:b", "expected AND");
        check_error("domain:a ANDtag:b", "expected AND");
        check_error("domain:a AND domain:b", "domain is there twice");
        check_error("domain:a AND", "expected AND");
        check_error("domain:a AND ", "ends with AND");
    }
}
