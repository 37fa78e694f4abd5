//! Settings and reports of imports.

use crate::{
    domain::{ArticleId, KnowledgeBaseId},
    knowledge::{ImportOptions, ImportReport, ImportRow},
    rpc::{
        convert::{
            enums::{given, read_file_format, read_import_mode},
            number::i32_of,
        },
        limits::Violations,
        names, pb,
    },
};

/// Reads the settings of an import: where to and how.
pub(in crate::rpc) fn read_settings(
    settings: &pb::ImportSettings,
    violations: &mut Violations,
) -> Option<(KnowledgeBaseId, ImportOptions)> {
    let parent = violations.take("settings.parent", names::knowledge_base(&settings.parent));
    let format = read_file_format(settings.format, "settings.format", violations);
    let format = given(format, settings.format, "settings.format", violations);
    let mode = read_import_mode(settings.mode, "settings.mode", violations);
    let mode = given(mode, settings.mode, "settings.mode", violations);
    Some((parent?, ImportOptions { format: format?, mode: mode?, dry_run: settings.dry_run }))
}

/// Writes what an import did; the consistency token is the caller's to add.
pub(in crate::rpc) fn import_of(report: ImportReport, base: &KnowledgeBaseId) -> pb::ImportArticlesResponse {
    pb::ImportArticlesResponse {
        created: i32_of(report.created),
        updated: i32_of(report.updated),
        unchanged: i32_of(report.unchanged),
        deleted: i32_of(report.deleted),
        failed: i32_of(report.failed),
        rows: report.rows.into_iter().map(|row| row_of(row, base)).collect(),
        consistency_token: String::new(),
    }
}

fn row_of(row: ImportRow, base: &KnowledgeBaseId) -> pb::ImportRowResult {
    // A row may fail for its very id, which then names no article.
    let id = row.article.and_then(|id| ArticleId::try_new(id).ok());
    pb::ImportRowResult {
        line: i32_of(row.line),
        article: id.map(|id| names::of_article(base, &id)).unwrap_or_default(),
        error: row.error.unwrap_or_default(),
        warnings: row.warnings,
    }
}
