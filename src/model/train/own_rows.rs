//! A team's own labelled messages, from a spreadsheet or from JSON Lines.
//!
//! Columns: `text`, and any of `type`, `second_type`, `urgency`, `domain`, `sentiment`, `group`. A label that is missing
//! teaches nothing; a row without a group is one by itself, with all that read the same. Must not know the network.
//! Invariant: what is wrong is an error that names file, line and field, and says what is allowed.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use serde::Deserialize;

use super::rows::Row;
use crate::domain::{Domain, InquiryType, Sentiment, Urgency};
use crate::model::ModelError;
use crate::model::label_set::{Domains, LabelError, check_name};
use crate::text::normalize;

const COLUMNS: [&str; 7] = ["text", "type", "second_type", "urgency", "domain", "sentiment", "group"];
const MAX_TEXT_CHARS: usize = 2_000;

/// A row as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    text: String,
    #[serde(rename = "type")]
    inquiry_type: Option<String>,
    second_type: Option<String>,
    urgency: Option<String>,
    domain: Option<String>,
    sentiment: Option<String>,
    group: Option<String>,
}

/// Reads a file of a team's messages, CSV where its name ends so and JSON Lines otherwise. Fails on the first row that
/// cannot be understood; a domain must be one of `domains`, where they are given.
pub fn read_own_messages(path: &Path, domains: Option<&Domains>) -> Result<Vec<Row>, ModelError> {
    let data = fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let wrong = |line: usize, reason: String| ModelError::Row { path: path.to_owned(), line, reason };
    let mut rows = Vec::new();
    let mut take = |line: &dyn Fn() -> usize, written: Result<Written, String>| {
        let row = written.and_then(|written| read_row(written, domains));
        rows.push(row.map_err(|reason| wrong(line(), reason))?);
        Ok(())
    };
    if is_csv {
        read_csv(&data, &mut take, &wrong)?;
    } else {
        let text = std::str::from_utf8(&data).map_err(|error| {
            wrong(line_of(&data, error.valid_up_to()), "is not UTF-8: save the file as UTF-8".to_owned())
        })?;
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        for (line_idx, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            take(&|| line_idx + 1, serde_json::from_str(line).map_err(|error| error.to_string()))?;
        }
    }
    Ok(rows)
}

/// Returns the domains that rows name, in the order of their names, and `other` last. Fails where they make no label set.
pub fn domains_of(rows: &[Row]) -> Result<Domains, LabelError> {
    let named = rows.iter().filter_map(|row| row.domain.as_deref()).filter(|name| *name != Domain::OTHER);
    let names: BTreeSet<&str> = named.collect();
    Domains::try_new(names.into_iter().chain([Domain::OTHER]).map(str::to_owned).collect())
}

/// Makes shipped rows a background of a team's own: they go on teaching type, urgency and sentiment, and a domain only
/// where it is one of `domains`. Beside domains that do not ship they only fill up what is rarer than the mean of the
/// `own` rows, for more would drown these; and they teach `other` only without a request, for what ships as `other` may
/// well be this team's business.
pub fn background(rows: Vec<Row>, own: &[Row], domains: &Domains) -> Vec<Row> {
    let shipped = Domains::shipped();
    let has_own = domains.as_slice().iter().any(|name| shipped.lookup(name).is_none());
    let is_taught = |row: &Row| {
        let is_harmless = !has_own || row.inquiry_type == Some(InquiryType::Other);
        row.domain.clone().filter(|name| domains.lookup(name).is_some() && (name != Domain::OTHER || is_harmless))
    };
    let taught: Vec<Option<String>> = rows.iter().map(is_taught).collect();
    let totals = counts(taught.iter().flatten());
    let of_own = counts(own.iter().filter_map(|row| row.domain.as_ref()));
    let mean = of_own.values().sum::<usize>() / of_own.len().max(1);
    let mut met: HashMap<String, usize> = HashMap::new();
    let mut keep = |name: &String| {
        let (total, met) = (totals[name.as_str()], met.entry(name.clone()).or_default());
        let missing = mean.saturating_sub(of_own.get(name.as_str()).copied().unwrap_or(0));
        let kept = if has_own { missing.min(total) } else { total };
        *met += 1;
        // Spread evenly over the rows.
        *met * kept / total > (*met - 1) * kept / total
    };
    let of_row = |(row, taught): (Row, Option<String>)| Row { domain: taught.filter(&mut keep), ..row };
    rows.into_iter().zip(taught.clone()).map(of_row).collect()
}

fn counts<'n>(names: impl Iterator<Item = &'n String>) -> HashMap<&'n str, usize> {
    let mut counts = HashMap::new();
    names.for_each(|name| *counts.entry(name.as_str()).or_default() += 1);
    counts
}

type Take<'t> = dyn FnMut(&dyn Fn() -> usize, Result<Written, String>) -> Result<(), ModelError> + 't;

fn read_csv(data: &[u8], take: &mut Take<'_>, wrong: &dyn Fn(usize, String) -> ModelError) -> Result<(), ModelError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(data);
    let mut record = ByteRecord::new();
    let mut columns: Option<Vec<usize>> = None;
    loop {
        let is_there = reader.read_byte_record(&mut record);
        if !is_there.map_err(|error| wrong(1, format!("is not CSV: {error}")))? {
            break;
        }
        let Some(columns) = &columns else {
            columns = Some(read_header(&record).map_err(|reason| wrong(1, reason))?);
            continue;
        };
        if record.iter().any(|cell| !cell.is_empty()) {
            let start = record.position().map_or(0, |position| position.byte() as usize);
            take(&|| line_of(data, start), read_record(&record, columns))?;
        }
    }
    if columns.is_some() { Ok(()) } else { Err(wrong(1, "has no header".to_owned())) }
}

/// Finds the place in [`COLUMNS`] of each column of the header.
fn read_header(record: &ByteRecord) -> Result<Vec<usize>, String> {
    let mut columns = Vec::with_capacity(record.len());
    for cell in record {
        let given = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
        match COLUMNS.iter().position(|column| *column == given) {
            Some(column) if columns.contains(&column) => return Err(format!("the column {given:?} is there twice")),
            Some(column) => columns.push(column),
            None => return Err(format!("unknown column {given:?}, known are {}", COLUMNS.join(", "))),
        }
    }
    if columns.contains(&0) { Ok(columns) } else { Err("the column \"text\" is missing".to_owned()) }
}

fn read_record(record: &ByteRecord, columns: &[usize]) -> Result<Written, String> {
    if record.len() != columns.len() {
        return Err(format!("has {} cells where the header has {}", record.len(), columns.len()));
    }
    let mut cells: [Option<String>; COLUMNS.len()] = Default::default();
    for (cell, column) in record.iter().zip(columns) {
        let text = std::str::from_utf8(cell);
        let text = text.map_err(|_| format!("{}: is not UTF-8: save the file as UTF-8", COLUMNS[*column]))?;
        cells[*column] = Some(text.to_owned());
    }
    let [text, inquiry_type, second_type, urgency, domain, sentiment, group] = cells;
    Ok(Written { text: text.unwrap_or_default(), inquiry_type, second_type, urgency, domain, sentiment, group })
}

fn read_row(written: Written, domains: Option<&Domains>) -> Result<Row, String> {
    let text = written.text.trim().to_owned();
    if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS {
        return Err(format!("text: must have 1 to {MAX_TEXT_CHARS} characters"));
    }
    let inquiry_type = label("type", written.inquiry_type, InquiryType::ALL, InquiryType::as_str)?;
    let second_type = label("second_type", written.second_type, InquiryType::ALL, InquiryType::as_str)?;
    if second_type.is_some() && (inquiry_type.is_none() || inquiry_type == second_type) {
        return Err("second_type: must come with another type".to_owned());
    }
    let urgency = label("urgency", written.urgency, Urgency::ALL, Urgency::as_str)?;
    let sentiment = label("sentiment", written.sentiment, Sentiment::ALL, Sentiment::as_str)?;
    let domain = filled(written.domain).map(|name| known_domain(name, domains)).transpose()?;
    if inquiry_type.is_none() && urgency.is_none() && sentiment.is_none() && domain.is_none() {
        return Err("has no label: give at least one of type, urgency, domain, sentiment".to_owned());
    }
    let group = filled(written.group).unwrap_or_else(|| normalize(&text).as_str().to_owned());
    Ok(Row { text, group, inquiry_type, second_type, urgency, domain, sentiment })
}

fn filled(cell: Option<String>) -> Option<String> {
    cell.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn label<L: Copy>(
    field: &str,
    cell: Option<String>,
    labels: &[L],
    name_of: fn(L) -> &'static str,
) -> Result<Option<L>, String> {
    let Some(given) = filled(cell) else { return Ok(None) };
    let found = labels.iter().copied().find(|label| name_of(*label) == given);
    let allowed = || labels.iter().map(|label| name_of(*label)).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| format!("{field}: {given:?} is no label, allowed are {}", allowed()))
}

fn known_domain(name: String, domains: Option<&Domains>) -> Result<String, String> {
    let Some(domains) = domains else {
        return check_name(&name).map(|()| name).map_err(|error| format!("domain: {error}"));
    };
    if domains.lookup(&name).is_some() {
        return Ok(name);
    }
    Err(format!("domain: {name:?} is no label, allowed are {}", domains.as_slice().join(", ")))
}

/// Counts the lines up to the first byte of a record; line ends before it belong to the record before.
fn line_of(data: &[u8], start: usize) -> usize {
    let start = start.min(data.len());
    let first = start + data[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + data[..first].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, text: &str, expected: Result<usize, &str>) -> Vec<Row> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(file);
        fs::write(&path, text).expect("a writable folder");
        match (read_own_messages(&path, None), expected) {
            (Ok(rows), Ok(num_rows)) => {
                assert_eq!(rows.len(), num_rows, "{text}");
                rows
            }
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{error}");
                Vec::new()
            }
            (found, _) => panic!("{found:?} for {text}"),
        }
    }

    #[test]
    fn both_forms_are_read_alike() {
        let csv = "\u{feff}Text,domain,type,group\r\n签证怎么办,visa,consultation,g1\r\n\r\n\"多久,能好\",,,\r\n";
        check("a.csv", csv, Err("a.csv line 4: has no label"));
        let from_csv = check("a.csv", &csv.replace("\",,,", "\",tax,,"), Ok(2));
        let jsonl = concat!(
            "{\"text\": \"签证怎么办\", \"domain\": \"visa\", \"type\": \"consultation\", \"group\": \"g1\"}\n\n",
            "{\"text\": \"多久,能好\", \"domain\": \"tax\", \"type\": null}\n",
        );
        assert_eq!(check("a.jsonl", jsonl, Ok(2)), from_csv);
        assert_eq!((from_csv[0].inquiry_type, from_csv[0].urgency), (Some(InquiryType::Consultation), None));
        assert_eq!(from_csv[1].group, normalize("多久,能好").as_str());
        assert_eq!(domains_of(&from_csv).expect("a label set").as_slice(), ["tax", "visa", "other"]);
    }

    #[test]
    fn shipped_rows_teach_only_domains_that_are_asked_for() {
        use crate::model::train::rows::tests::row;
        let rows = || {
            let named = ["invoice", "invoice", "order", "other", "invoice", "invoice"];
            let named = named.map(|name| row("怎么办", InquiryType::Consultation, name));
            named.into_iter().chain([row("谢谢", InquiryType::Other, "other")]).collect::<Vec<Row>>()
        };
        let check = |own: &[&str], names: &[&str], expected: [&str; 7]| {
            let own: Vec<Row> = own.iter().map(|name| row("怎么办", InquiryType::Consultation, name)).collect();
            let domains = Domains::try_new(names.iter().map(|name| (*name).to_owned()).collect()).expect("good");
            let made = background(rows(), &own, &domains);
            let taught: Vec<&str> = made.iter().map(|row| row.domain.as_deref().unwrap_or_default()).collect();
            assert_eq!(taught, expected, "{names:?}");
            assert!(made.iter().all(|row| row.inquiry_type.is_some() && row.urgency.is_some()));
        };
        check(&["visa"], &["visa", "other"], ["", "", "", "", "", "", "other"]);
        check(&["visa", "other"], &["visa", "other"], [""; 7]);
        let both = ["visa", "invoice", "other"];
        let own = ["visa", "visa", "visa", "visa", "visa", "invoice"];
        check(&own, &both, ["", "invoice", "", "", "", "invoice", "other"]);
        check(&[], &["order", "other"], ["", "", "order", "other", "", "", "other"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_file_line_and_field() {
        check("a.csv", "", Err("a.csv line 1: has no header"));
        check("a.csv", "domain\nvisa\n", Err("line 1: the column \"text\" is missing"));
        check("a.csv", "text,colour\n", Err("line 1: unknown column \"colour\", known are text, type"));
        check("a.csv", "text,text\n", Err("line 1: the column \"text\" is there twice"));
        check("a.csv", "text,type\n好,other\n好\n", Err("line 3: has 1 cells where the header has 2"));
        check(
            "a.csv",
            "text,type\n\"两\n行\",other\n好,praise\n",
            Err("line 4: type: \"praise\" is no label, allowed are consultation, complaint, suggestion, other"),
        );
        check("a.csv", "text,urgency\n好,soon\n", Err("line 2: urgency: \"soon\" is no label, allowed are normal"));
        check("a.csv", "text,domain\n好,签证\n", Err("line 2: domain: domain \"签证\" must be 1 to 63 of a-z"));
        check("a.csv", "text,type\n ,other\n", Err("line 2: text: must have 1 to 2000 characters"));
        let lonely = "text,second_type,domain\n好,complaint,visa\n";
        check("a.csv", lonely, Err("line 2: second_type: must come with another type"));
        check("a.jsonl", "{\"text\": \"好\", \"label\": \"x\"}", Err("line 1: unknown field `label`"));
        check("a.jsonl", "\n{", Err("a.jsonl line 2"));
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("a.jsonl");
        fs::write(&path, b"{\"text\": \"a\", \"domain\": \"tax\"}\n\xff").expect("a writable folder");
        let error = read_own_messages(&path, None).expect_err("no UTF-8").to_string();
        assert!(error.contains("line 2: is not UTF-8"), "{error}");
        fs::write(&path, "{\"text\": \"a\", \"domain\": \"tax\"}").expect("a writable folder");
        let domains = Domains::try_new(vec!["visa".to_owned(), "other".to_owned()]).expect("a good list");
        let error = read_own_messages(&path, Some(&domains)).expect_err("another domain").to_string();
        assert!(error.contains("line 1: domain: \"tax\" is no label, allowed are visa, other"), "{error}");
    }
}
