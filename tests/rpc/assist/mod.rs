//! `Assist`: answers, suggestions, analyses, searches.

mod analyses;
mod handoffs;
mod outcomes;
mod records;
mod replies;
mod second_stage;
mod suggestions;
mod urgency;
mod visibility;
