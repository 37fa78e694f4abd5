//! Page tokens: opaque to callers, good only for the list they came from.
//!
//! A token is hexadecimal: eight bytes of a hash of what is listed, then the last item of the page before. Pure.

use sha2::{Digest, Sha256};

use super::error::{KnowledgeError, Result};

const MAX_SIZE: i32 = 1_000;
const HASH_BYTES: usize = 8;

/// Which page of a list is asked for, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// 0 leaves it to the server, at most 1,000.
    pub size: i32,
    /// Of the page before; empty asks for the first page.
    pub token: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Asks for the page after this one; empty where there is none.
    pub next_token: String,
    /// Of all pages.
    pub total: u64,
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub after: Option<String>,
    pub limit: usize,
    hash: String,
}

impl Cut {
    /// Reads a page request of the list that `scope` names; fails on a size out of range and on a token of another list.
    pub(super) fn try_new(page: &PageRequest, default_size: usize, scope: &str) -> Result<Self> {
        let limit = match page.size {
            0 => default_size,
            1..=MAX_SIZE => usize::try_from(page.size).unwrap_or(default_size),
            _ => return Err(KnowledgeError::invalid("page_size", format!("must be 0 to {MAX_SIZE}"))),
        };
        let hash = to_hex(&Sha256::digest(scope.as_bytes())[..HASH_BYTES]);
        let after = match page.token.as_str() {
            "" => None,
            token => Some(last_item(token, &hash)?),
        };
        Ok(Self { after, limit, hash })
    }

    /// Makes the token of the page after the one that ends with `last`.
    pub(super) fn token_after(&self, last: &str) -> String {
        format!("{}{}", self.hash, to_hex(last.as_bytes()))
    }

    /// Cuts the page out of a list that is in the order of its keys.
    pub(super) fn page_of<T>(&self, items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> &str) -> Page<T> {
        let mut page = Page { items: Vec::new(), next_token: String::new(), total: 0 };
        let mut has_more = false;
        for item in items {
            page.total += 1;
            if self.after.as_deref().is_some_and(|after| key(&item) <= after) {
                continue;
            }
            if page.items.len() < self.limit {
                page.items.push(item);
            } else {
                has_more = true;
            }
        }
        if let Some(last) = page.items.last().filter(|_| has_more) {
            page.next_token = self.token_after(key(last));
        }
        page
    }
}

fn last_item(token: &str, hash: &str) -> Result<String> {
    let wrong = || KnowledgeError::invalid("page_token", "is not a token of this list with this filter");
    let last = token.strip_prefix(hash).ok_or_else(wrong)?;
    from_hex(last).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)
}

/// Writes bytes as lower-case hexadecimal.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(items: &[&str], size: i32) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut request = PageRequest { size, token: String::new() };
        loop {
            let cut = Cut::try_new(&request, 50, "terms").expect("a good request");
            let page = cut.page_of(items.iter().map(|item| (*item).to_owned()), |item| item);
            assert_eq!(page.total, items.len() as u64);
            pages.push(page.items);
            if page.next_token.is_empty() {
                return pages;
            }
            request.token = page.next_token;
        }
    }

    #[test]
    fn pages_tile_the_list() {
        for (size, want) in [(1, 5), (2, 3), (5, 1), (6, 1), (0, 1)] {
            let pages = walk(&["a", "b", "c", "退款", "退货"], size);
            assert_eq!(pages.len(), want, "{size}");
            assert_eq!(pages.concat(), ["a", "b", "c", "退款", "退货"]);
        }
        assert_eq!(walk(&[], 3), [Vec::<String>::new()]);
    }

    #[test]
    fn tokens_of_another_list_are_refused() {
        let token = Cut::try_new(&PageRequest::default(), 50, "a").expect("no token").token_after("x");
        let check = |size: i32, token: &str, scope: &str, field: &str| {
            let request = PageRequest { size, token: token.to_owned() };
            let error = Cut::try_new(&request, 50, scope).expect_err(field);
            assert_eq!(error.violations()[0].field, field);
        };
        check(0, &token, "b", "page_token");
        check(0, "zz", "a", "page_token");
        check(0, &token[..token.len() - 1], "a", "page_token");
        check(0, &format!("{}é", &token), "a", "page_token");
        check(-1, "", "a", "page_size");
        check(1_001, "", "a", "page_size");
    }
}
