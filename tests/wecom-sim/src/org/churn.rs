//! A normal day: some people change, a few move, come and go.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::names::POSITIONS;
use super::{Org, PersonNo};
use crate::command::Outcome;

impl Org {
    /// Touches about `percent` of the people: of a hundred touched, 50 change an attribute, 20
    /// move, 12 leave, 3 are disabled or enabled, and 15 come new; at least one of each.
    pub(super) fn churn(&mut self, percent: f64, seed: u64, leavers_max: Option<u32>) -> Outcome {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let touched = share(self.len(), percent);
        let part = |of_hundred: f64| share(touched as usize, of_hundred).max(1);
        let leavers = part(12.0).min(leavers_max.unwrap_or(u32::MAX));
        let (changes, moves, flips) = (part(50.0), part(20.0), part(3.0));
        let mut chosen = self.sample(changes + moves + flips + leavers, random.random());
        // Whoever leaves is drawn first, so that a small organisation loses no more than its share.
        let mut next = |count: u32| -> Vec<PersonNo> {
            let rest = chosen.split_off((count as usize).min(chosen.len()));
            std::mem::replace(&mut chosen, rest)
        };
        let (leave, change, go, flip) = (next(leavers), next(changes), next(moves), next(flips));
        let mut outcome = self.dismiss_numbers(leave);
        outcome.absorb(self.change_attributes(change, &mut random));
        outcome.absorb(self.move_about(go, &mut random));
        outcome.absorb(self.edit_numbers(flip, |person| {
            person.status = if person.status == 2 { 1 } else { 2 };
        }));
        outcome.absorb(self.newcomers(part(15.0), |_| {}));
        outcome
    }

    fn change_attributes(&mut self, numbers: Vec<PersonNo>, random: &mut ChaCha8Rng) -> Outcome {
        self.edit_numbers(numbers, |person| match random.random_range(0..4) {
            0 => person.telephone = format!("010-5551-{:04}", random.random_range(0..10_000)),
            1 => person.alias = format!("A{}", random.random_range(0..100_000)),
            2 => person.address = format!("新示例路{}号", random.random_range(1..1000)),
            _ => {
                let position = POSITIONS[random.random_range(0..POSITIONS.len())];
                // Never the one they had: every change counts.
                let senior = position == person.position;
                person.position = if senior {
                    format!("资深{position}")
                } else {
                    position.to_owned()
                };
            }
        })
    }

    fn move_about(&mut self, numbers: Vec<PersonNo>, random: &mut ChaCha8Rng) -> Outcome {
        let ids: Vec<u32> = self.departments.keys().copied().collect();
        let outcome = self.edit_numbers(numbers, |person| {
            let first = random.random_range(0..ids.len());
            let sits = |id: u32| person.posts.iter().any(|post| post.department == id);
            let elsewhere = ids[first..]
                .iter()
                .chain(&ids[..first])
                .find(|id| !sits(**id));
            if let Some(id) = elsewhere {
                person.seat(&[*id], None);
            }
        });
        Outcome {
            moved: outcome.changed,
            ..Outcome::default()
        }
    }
}

fn share(of: usize, percent: f64) -> u32 {
    let share = of as f64 * percent.clamp(0.0, 100.0) / 100.0;
    // A share of at most a million people fits.
    share.round() as u32
}
