//! What the organisation is now: the seed's people, those who were changed, and the index of both.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::generate::Generator;
use super::{Department, Person, PersonNo, Range, Tag};

/// What became of a person whom the seed no longer describes.
#[derive(Debug, Clone)]
enum Slot {
    Here(Box<Person>),
    /// As they were when they left; `None`: as the seed made them.
    Gone(Option<Box<Person>>),
}

/// One organisation in memory.
#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(super) generator: Generator,
    changed: HashMap<PersonNo, Slot>,
    /// Lower-case userids of the changed people who are here.
    by_userid: HashMap<String, PersonNo>,
    pub(super) next: PersonNo,
    people: usize,
    pub(crate) departments: BTreeMap<u32, Department>,
    pub(crate) tags: BTreeMap<u32, Tag>,
    pub(crate) range: Range,
    /// Fields replaced (`None`: left out) in everybody's body.
    pub(crate) blanket: BTreeMap<String, Option<Value>>,
}

impl Org {
    pub(crate) fn generate(seed: u64, people: u32, departments: u32) -> Self {
        let generator = Generator {
            seed,
            people,
            departments: departments.max(1),
        };
        let mut org = Self {
            departments: generator.tree(),
            generator,
            changed: HashMap::new(),
            by_userid: HashMap::new(),
            next: people,
            people: people as usize,
            tags: BTreeMap::new(),
            range: Range::default(),
            blanket: BTreeMap::new(),
        };
        org.index_everybody();
        org
    }

    /// Numbers rise, so every department's set is built from a sorted list.
    fn index_everybody(&mut self) {
        let mut people = BTreeMap::<u32, (Vec<PersonNo>, Vec<PersonNo>)>::new();
        for no in 0..self.generator.people {
            for post in self.generator.posts(no) {
                let (members, leaders) = people.entry(post.department).or_default();
                members.push(no);
                leaders.extend(post.leader.then_some(no));
            }
        }
        for (id, (members, leaders)) in people {
            if let Some(department) = self.departments.get_mut(&id) {
                department.people = members.into_iter().collect();
                department.leaders = leaders.into_iter().collect();
            }
        }
    }

    /// How many people are here.
    pub(crate) fn len(&self) -> usize {
        self.people
    }

    /// One past the highest number ever given.
    pub(crate) fn numbers(&self) -> std::ops::Range<PersonNo> {
        0..self.next
    }

    pub(crate) fn is_here(&self, no: PersonNo) -> bool {
        match self.changed.get(&no) {
            Some(Slot::Here(_)) => true,
            Some(Slot::Gone(_)) => false,
            None => no < self.generator.people,
        }
    }

    pub(crate) fn person(&self, no: PersonNo) -> Option<Cow<'_, Person>> {
        match self.changed.get(&no) {
            Some(Slot::Here(person)) => Some(Cow::Borrowed(person)),
            Some(Slot::Gone(_)) => None,
            None if no < self.generator.people => Some(Cow::Owned(self.generator.person(no))),
            None => None,
        }
    }

    pub(crate) fn userid(&self, no: PersonNo) -> Option<Cow<'_, str>> {
        match self.changed.get(&no) {
            Some(Slot::Here(person)) => Some(Cow::Borrowed(&person.userid)),
            Some(Slot::Gone(_)) => None,
            None if no < self.generator.people => Some(Cow::Owned(self.generator.userid(no))),
            None => None,
        }
    }

    /// The departments a person sits in, without making the whole person.
    pub(crate) fn departments_of(&self, no: PersonNo) -> Vec<u32> {
        match self.changed.get(&no) {
            Some(Slot::Here(person)) => person.posts.iter().map(|post| post.department).collect(),
            Some(Slot::Gone(_)) => Vec::new(),
            None if no < self.generator.people => self.generator.departments_of(no),
            None => Vec::new(),
        }
    }

    /// Ignores case, as WeCom does.
    pub(crate) fn find(&self, userid: &str) -> Option<PersonNo> {
        if let Some(no) = self.by_userid.get(&userid.to_ascii_lowercase()) {
            return Some(*no);
        }
        let no = self.generator.number_of(userid)?;
        (!self.changed.contains_key(&no)).then_some(no)
    }

    /// The person who left last with this userid.
    pub(super) fn find_departed(&self, userid: &str) -> Option<PersonNo> {
        let left = self.changed.iter().filter_map(|(no, slot)| match slot {
            Slot::Here(_) => None,
            Slot::Gone(Some(person)) => person.userid.eq_ignore_ascii_case(userid).then_some(*no),
            Slot::Gone(None) => self
                .generator
                .userid(*no)
                .eq_ignore_ascii_case(userid)
                .then_some(*no),
        });
        left.max()
    }

    /// The person with this mobile, if the seed or a change gave it to somebody here.
    pub(crate) fn find_mobile(&self, mobile: &str) -> Option<PersonNo> {
        let given = mobile.strip_prefix("1390").and_then(|no| no.parse().ok());
        let here = |no: PersonNo| {
            self.person(no)
                .is_some_and(|person| person.mobile == mobile)
        };
        given
            .filter(|no| here(*no))
            .or_else(|| self.changed.keys().copied().filter(|no| here(*no)).min())
    }

    /// Puts a person into the organisation, or puts the changed person in the place of the old one.
    pub(super) fn put(&mut self, no: PersonNo, person: Person) {
        self.take(no);
        self.index(no, &person);
        self.by_userid
            .insert(person.userid.to_ascii_lowercase(), no);
        self.changed.insert(no, Slot::Here(Box::new(person)));
        self.people += 1;
        self.next = self.next.max(no + 1);
    }

    /// Takes a person out of the organisation, remembering them as they were.
    pub(super) fn take(&mut self, no: PersonNo) -> Option<String> {
        let departments = self.departments_of(no);
        let userid = self.userid(no)?.into_owned();
        for id in departments {
            if let Some(department) = self.departments.get_mut(&id) {
                department.people.remove(&no);
                department.leaders.remove(&no);
            }
        }
        self.by_userid.remove(&userid.to_ascii_lowercase());
        let gone = match self.changed.remove(&no) {
            Some(Slot::Here(person) | Slot::Gone(Some(person))) => Some(person),
            Some(Slot::Gone(None)) | None => None,
        };
        self.changed.insert(no, Slot::Gone(gone));
        self.people -= 1;
        Some(userid)
    }

    /// The person as they were when they left.
    pub(super) fn departed(&self, no: PersonNo) -> Option<Person> {
        match self.changed.get(&no)? {
            Slot::Here(_) => None,
            Slot::Gone(Some(person)) => Some((**person).clone()),
            Slot::Gone(None) => Some(self.generator.person(no)),
        }
    }

    fn index(&mut self, no: PersonNo, person: &Person) {
        for post in &person.posts {
            if let Some(department) = self.departments.get_mut(&post.department) {
                department.people.insert(no);
                if post.leader {
                    department.leaders.insert(no);
                }
            }
        }
    }
}
