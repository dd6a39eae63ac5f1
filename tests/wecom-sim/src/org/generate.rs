//! The organisation that a seed gives: every fact is a pure function of (seed, number, topic), so
//! nothing about a person has to be kept until somebody changes them.

use std::collections::BTreeMap;

use super::names::{FAMILY, GIVEN, POSITIONS};
use super::{Attribute, Person, PersonNo, Post, ROOT};

/// Gives the people and departments of a seed.
#[derive(Debug, Clone)]
pub(crate) struct Generator {
    pub seed: u64,
    pub people: u32,
    pub departments: u32,
}

/// One topic of a person's draw; each is independent of the others.
#[derive(Debug, Clone, Copy)]
pub(super) enum Topic {
    Name,
    Main,
    Extra,
    Order,
    Leader,
    Status,
    Position,
    Boss,
    Attributes,
    Tree,
}

/// Every 997th person sits in this many departments, WeCom's lower documented maximum.
const MOST_POSTS: usize = 20;
impl Generator {
    /// A well mixed number (the finaliser of SplitMix64). Not a cipher: cheap even unoptimised, and
    /// the same on every machine.
    pub(super) fn draw(&self, no: u32, topic: Topic) -> u64 {
        let mut z = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z ^= (u64::from(no) << 8 | topic as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// (Chinese name, spelling): `("张伟", "ZhangWei")`.
    fn names(&self, no: PersonNo) -> (String, String) {
        let draw = self.draw(no, Topic::Name);
        let family = pick(FAMILY, draw);
        let first = pick(GIVEN, draw >> 16);
        let mut name = format!("{}{}", family.0, first.0);
        let mut spelling = format!("{}{}", family.1, first.1);
        if (draw >> 32) % 5 < 3 {
            let second = pick(GIVEN, draw >> 40);
            name.push_str(second.0);
            spelling.push_str(&second.1.to_lowercase());
        }
        (name, spelling)
    }

    /// `ZhangWei.17` for number 16: the number makes it unique ignoring case, and findable.
    pub(crate) fn userid(&self, no: PersonNo) -> String {
        let (_, spelling) = self.names(no);
        format!("{spelling}.{}", u64::from(no) + 1)
    }

    /// The number whose generated userid is `userid`, ignoring case.
    pub(crate) fn number_of(&self, userid: &str) -> Option<PersonNo> {
        let (_, digits) = userid.rsplit_once('.')?;
        let no = digits.parse::<u32>().ok()?.checked_sub(1)?;
        (no < self.people && self.userid(no).eq_ignore_ascii_case(userid)).then_some(no)
    }

    fn any_department(&self, draw: u64) -> u32 {
        let others = u64::from(self.departments.saturating_sub(1));
        if others == 0 {
            return ROOT;
        }
        // A quarter of the people crowd into an eighth of the departments.
        let among = if draw.is_multiple_of(4) {
            others.div_ceil(8)
        } else {
            others
        };
        ROOT + 1 + low32((draw >> 8) % among)
    }

    fn main_department(&self, no: PersonNo) -> u32 {
        let draw = self.draw(no, Topic::Main);
        if no == 0 || draw.is_multiple_of(2003) {
            ROOT
        } else {
            self.any_department(draw)
        }
    }

    /// The departments of a person, the main one first, each once.
    pub(crate) fn departments_of(&self, no: PersonNo) -> Vec<u32> {
        let extra = self.draw(no, Topic::Extra);
        let wanted = match extra % 100 {
            _ if no % 997 == 500 => MOST_POSTS.min(self.departments as usize),
            0..8 => 2,
            8..10 => 3,
            _ => 1,
        };
        let mut departments = vec![self.main_department(no)];
        for step in 1..wanted {
            // An odd stride visits other departments; those already there are skipped.
            let draw = extra.rotate_left(11 * low32(step as u64)) ^ (step as u64) << 20;
            let department = self.any_department(draw | 1);
            if !departments.contains(&department) {
                departments.push(department);
            }
        }
        departments
    }

    fn is_leader(&self, no: PersonNo) -> bool {
        // About two leaders in a department, at any size.
        let one_in = (self.people / (2 * self.departments.max(1))).max(4);
        self.draw(no, Topic::Leader)
            .is_multiple_of(u64::from(one_in))
    }

    pub(crate) fn posts(&self, no: PersonNo) -> Vec<Post> {
        let order = self.draw(no, Topic::Order);
        let leader = self.is_leader(no);
        let seats = self.departments_of(no).into_iter().zip(0_u32..);
        seats
            .map(|(department, seat)| Post {
                department,
                order: match (order >> seat) % 10 {
                    0 => 0,
                    // Beyond i32, as WeCom's console makes them.
                    1 => u32::MAX - low32(order % 100_000),
                    _ => low32(order % 1_000_000) + 10 * seat,
                },
                leader: leader && seat == 0,
            })
            .collect()
    }

    /// The whole person; numbers from `people` on are newcomers and follow the same rules.
    pub(crate) fn person(&self, no: PersonNo) -> Person {
        let (name, spelling) = self.names(no);
        let draw = self.draw(no, Topic::Position);
        let number = u64::from(no) + 1;
        let mailbox = format!("{}.{number}", spelling.to_lowercase());
        let posts = self.posts(no);
        Person {
            userid: format!("{spelling}.{number}"),
            main_department: posts.first().map(|post| post.department),
            posts,
            status: self.status(no),
            direct_leaders: self.boss(no).into_iter().collect(),
            position: (*pick(POSITIONS, draw)).to_owned(),
            mobile: format!("1390{no:07}"),
            gender: if draw & 256 == 0 { "1" } else { "2" }.to_owned(),
            email: format!("{mailbox}@example.com"),
            biz_mail: format!("{mailbox}@corp.example.com"),
            telephone: if draw & 512 == 0 {
                format!("010-5550-{:04}", no % 10_000)
            } else {
                String::new()
            },
            alias: if draw & 1024 == 0 {
                spelling
            } else {
                String::new()
            },
            address: format!("示例路{}号", draw % 999 + 1),
            avatar: format!("https://avatar.example.com/{no}/0"),
            qr_code: format!("https://qr.example.com/{no}"),
            external_position: if draw & 2048 == 0 {
                "顾问".to_owned()
            } else {
                String::new()
            },
            attributes: self.attributes(no),
            patches: BTreeMap::new(),
            name,
        }
    }

    fn status(&self, no: PersonNo) -> u8 {
        match self.draw(no, Topic::Status) % 1000 {
            0..930 => 1,
            930..970 => 4,
            970..990 => 2,
            _ => 5,
        }
    }

    fn boss(&self, no: PersonNo) -> Option<PersonNo> {
        let draw = self.draw(no, Topic::Boss);
        let above = u64::from(no.min(self.people)) / 10;
        (no > 0 && !draw.is_multiple_of(10)).then(|| low32((draw >> 8) % above.max(1)))
    }

    fn attributes(&self, no: PersonNo) -> Vec<Attribute> {
        let draw = self.draw(no, Topic::Attributes);
        let text = |name: &str, value: String| Attribute::Text {
            name: name.to_owned(),
            value,
        };
        let mut all = vec![text("成本中心", format!("CC-{:04}", draw % 300))];
        if draw & 1024 == 0 {
            all.push(text("工号", format!("E{:07}", u64::from(no) + 1)));
        }
        if (draw >> 16).is_multiple_of(8) {
            all.push(Attribute::Web {
                name: "个人主页".to_owned(),
                url: format!("https://people.example.com/{no}"),
                title: "主页".to_owned(),
            });
        }
        if (draw >> 24).is_multiple_of(16) {
            let value = format!("A-{}", draw % 500);
            all.push(Attribute::Legacy {
                name: "座位".to_owned(),
                value,
            });
        }
        all
    }
}

fn pick<T>(from: &[T], draw: u64) -> &T {
    &from[(draw % from.len() as u64) as usize]
}

/// Keeps the low 32 bits of a number that a modulus has already made small.
pub(super) fn low32(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}
