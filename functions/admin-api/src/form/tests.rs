//! Who gets which form, and where the next page stands.

use super::*;

fn given_to(accept: &'static str) -> Option<Form> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    Form::asked_for(None, &headers).ok()
}

#[test]
fn a_table_is_for_those_who_like_it_better() {
    for accept in [
        "text/csv",
        "TEXT/CSV; header=present",
        "text/*",
        "text/csv, */*;q=0.1",
        "application/json;q=0.5, text/csv",
        "*/*, application/json;q=0",
    ] {
        assert_eq!(given_to(accept), Some(Form::Csv), "{accept}");
    }
}

#[test]
fn json_is_for_everybody_else() {
    assert_eq!(
        Form::asked_for(None, &HeaderMap::new()).ok(),
        Some(Form::Json)
    );
    for accept in [
        "",
        "*/*",
        "application/*",
        "application/json, text/csv",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/csv;q=0.2, application/json;q=0.9",
        "text/csv;q=0, */*",
    ] {
        assert_eq!(given_to(accept), Some(Form::Json), "{accept}");
    }
}

#[test]
fn no_other_form_is_made_up() {
    for accept in [
        "text/html",
        "image/*",
        "application/json;q=0",
        "text/csv;q=7",
        "csv",
    ] {
        assert_eq!(given_to(accept), None, "{accept}");
    }
}

#[test]
fn the_query_counts_more_than_the_header() {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let asked = Form::asked_for(Some(Form::Csv), &headers);
    assert_eq!(asked.ok(), Some(Form::Csv));
}

#[test]
fn the_next_page_is_the_same_request_with_its_cursor() {
    let uri = Uri::from_static("/sources/hq/runs/r/rows?limit=2&cursor=old&kind=user&format=csv");
    let link = link_to_next(&uri, "a b/c=").unwrap();
    let expected = "</sources/hq/runs/r/rows?limit=2&kind=user&format=csv&cursor=a%20b%2Fc%3D>; \
                    rel=\"next\"";
    assert_eq!(link, expected);
    let bare = link_to_next(&Uri::from_static("/rows"), "7").unwrap();
    assert_eq!(bare, "</rows?cursor=7>; rel=\"next\"");
}
