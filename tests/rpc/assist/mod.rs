//! `Assist`: answers, suggestions, analyses, searches.

mod analyses;
mod handoffs;
mod outcomes;
mod records;
mod replies;
mod suggestions;
mod urgency;
mod visibility;
