//! The one source of chance.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From 0 to one less.
    pub fn below(&mut self, sides: u32) -> u32 {
        self.0.random_range(0..sides)
    }

    pub fn one_in(&mut self, sides: u32) -> bool {
        self.below(sides) == 0
    }

    /// `None` only of nothing.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let sides = u32::try_from(of.len()).unwrap();
        (sides > 0).then(|| of[self.below(sides) as usize].clone())
    }
}
