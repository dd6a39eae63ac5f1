//! What a spreadsheet makes of a table.

use org_model::ItemKind;
use org_plan::Action;
use serde_json::json;
use sync_run::RowResult;

use super::*;
use crate::shapes::AttributeChange;

fn row(name: &str) -> Row {
    Row {
        seq: 7,
        kind: ItemKind::User,
        id: "Zhang.7".to_owned(),
        internal_id: "internal-7".to_owned(),
        name: name.to_owned(),
        action: Action::Update,
        result: RowResult::Done,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

/// The cells of the lines below the header.
fn read(table: &str) -> Vec<Vec<String>> {
    let table = table.strip_prefix(BYTE_ORDER_MARK).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let lines = reader.records();
    lines
        .map(|line| line.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_table_begins_with_a_mark_and_the_names_of_its_columns() {
    let table = table(&[row("张三")]).unwrap();
    let expected = "\u{feff}seq,kind,id,internal_id,name,action,result,code,message,remedy,changes\
                    \r\n7,user,Zhang.7,internal-7,张三,update,done,,,,\r\n";
    assert_eq!(table, expected);
}

#[test]
fn no_cell_begins_a_formula() {
    for start in STARTS_A_FORMULA {
        let name = format!("{start}HYPERLINK(\"http://example.com\")");
        let told = read(&table(&[row(&name)]).unwrap());
        assert_eq!(told[0][4], format!("'{name}"), "{start:?}");
    }
    let told = read(&table(&[row("a=b"), row("")]).unwrap());
    assert_eq!((told[0][4].as_str(), told[1][4].as_str()), ("a=b", ""));
}

#[test]
fn whatever_stands_in_a_cell_comes_back_as_it_was() {
    let name = "张, \"三\"\r\n第二行; '";
    let mut one = row(name);
    one.changes = vec![AttributeChange {
        attribute: "title".to_owned(),
        before: None,
        after: Some(json!("工程师, \"A\"")),
    }];
    let told = read(&table(&[one]).unwrap());
    assert_eq!(told[0][4], name);
    let changes: serde_json::Value = serde_json::from_str(&told[0][10]).unwrap();
    let expected = json!([{ "attribute": "title", "before": null, "after": "工程师, \"A\"" }]);
    assert_eq!(changes, expected);
}
