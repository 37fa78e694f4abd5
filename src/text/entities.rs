//! Recognizes what a message names: numbers, dates, amounts, products.
//!
//! Works on the original text, full-width and Traditional forms included, for highlights and masks must fit what was
//! typed. Must not know what the things are for, nor the clock.
//!
//! Invariants: entities are in the order of the text and do not overlap; where two kinds claim a place, the first one
//! to claim has it, personal data before the rest. To add a kind: a function from text to finds in a file below, and
//! its place in the order of claims.

use crate::domain::{Entity, EntityKind};

use self::products::Products;
use self::scan::{Found, Scan};

mod dates;
mod money;
mod numbers;
mod products;
mod scan;

/// Recognizes entities, products by the list it was made with.
#[derive(Clone, Debug)]
pub struct Entities {
    products: Products,
}

impl Entities {
    /// Makes a recognizer that knows these product names or models.
    pub fn new(products: &[String]) -> Self {
        Self { products: Products::new(products) }
    }

    /// Returns what the text names, in its order; the spans are of `original`.
    pub fn recognize(&self, original: &str) -> Vec<Entity> {
        let mut claims = self.identifier_claims(original);
        claims.add(EntityKind::Money, money::amounts);
        claims.add(EntityKind::DateTime, dates::dates);
        claims.in_order()
    }

    /// Returns only what names one person, order, address or product; a mask needs no more.
    pub(super) fn identifiers(&self, original: &str) -> Vec<Entity> {
        self.identifier_claims(original).in_order()
    }

    fn identifier_claims(&self, original: &str) -> Claims {
        let mut claims = Claims { scan: Scan::new(original), entities: Vec::new() };
        let has_digits = claims.scan.text.bytes().any(|byte| byte.is_ascii_digit());
        if claims.scan.text.contains('@') {
            claims.add(EntityKind::Email, numbers::emails);
        }
        if has_digits {
            claims.add(EntityKind::IdCard, numbers::id_cards);
            claims.add(EntityKind::Phone, numbers::phones);
        }
        if claims.scan.text.contains(['.', '/']) {
            claims.add(EntityKind::Url, numbers::urls);
        }
        if has_digits {
            claims.add(EntityKind::TrackingNumber, numbers::tracking_numbers);
            claims.add(EntityKind::OrderNumber, numbers::named_orders);
            claims.add(EntityKind::BankCard, numbers::bank_cards);
        }
        claims.add(EntityKind::Product, |text| self.products.find(text));
        if has_digits {
            claims.add(EntityKind::OrderNumber, numbers::orders);
        }
        claims
    }
}

/// What is taken already, and what is left to look through.
struct Claims {
    scan: Scan,
    entities: Vec<Entity>,
}

impl Claims {
    fn add(&mut self, kind: EntityKind, find: impl FnOnce(&str) -> Vec<Found>) {
        for Found { span, value } in find(&self.scan.text) {
            let original = self.scan.original_span(span);
            if !self.entities.iter().any(|entity| entity.span.overlaps(original)) {
                self.entities.push(Entity { kind, span: original, value });
                self.scan.blank(span);
            }
        }
    }

    fn in_order(mut self) -> Vec<Entity> {
        self.entities.sort_unstable_by_key(|entity| entity.span);
        self.entities
    }
}

#[cfg(test)]
mod tests;
