//! Withdrawal-speed controller of the Lumafilm dip lines (LF-7), Halden Optics AS.
//!
//! Turns the depth of a lens below the edge at which it left the bath into the speed at which the carrier is to be pulled, as
//! PS-0417 section 4 prescribes, and stops the line when a condition of that section no longer holds.
//!
//! Restricted: trade secret of Halden Optics AS.
//!
//! Lengths are micrometres, speeds micrometres per second and times milliseconds, all whole numbers, so that two lines
//! given the same lens move alike to the last step. Only the viscosity factor needs a power; it is computed once per lens.

use std::fmt;

/// Speed at which the lens leaves the liquid: faster than 700 µm/s leaves a ring 3 mm below the upper edge.
pub const LIFT_OFF: i64 = 600;
/// Speed at the top of the main stage.
pub const MAIN: i64 = 2_350;
/// Speed at which the lower edge leaves the liquid.
pub const EXIT: i64 = 1_100;
/// How much slower the main stage becomes per metre of depth, in µm/s: 0.0065 mm/s per mm. At a constant speed the lower
/// part, which stays wet longer, would be 7 to 9 nm thicker.
pub const SLOPE_PER_METRE: i64 = 6_500;

/// Depth at which lift-off ends.
const LIFT_OFF_ENDS: i64 = 3_000;
/// Depth at which the rise ends and the main stage begins.
const RISE_ENDS: i64 = 11_000;
/// Length of the exit stage.
const EXIT_LENGTH: i64 = 4_000;
/// Shortest lens for which all four stages fit.
const SHORTEST: i64 = 12_000;
/// Largest lens that fits a carrier.
const LONGEST: i64 = 80_000;

/// Viscosity at which the profile was found, in µPa·s.
const NOMINAL_VISCOSITY: i64 = 1_900;
/// A thinner sol drains faster, and is pulled faster to compensate. Measured on eleven charges; 1.0 was used up to revision 10.
const VISCOSITY_EXPONENT: f64 = 0.88;

/// How long the carrier rests above the bath while the solvent leaves.
pub const REST: i64 = 70_000;
/// Largest change of speed from one tick to the next. A jump draws a line on the film.
const LARGEST_STEP: i64 = 45;

/// What was measured in the morning, and what the sensors say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Viscosity of the aged bath at 20.0 °C, µPa·s.
    pub viscosity: i64,
    /// Relative humidity over the tank, in tenths of a percent.
    pub humidity: i64,
    /// Temperature of the bath, in hundredths of a degree Celsius.
    pub bath: i64,
    /// Deviation of the liquid's level from its mark, µm.
    pub level: i64,
    /// Draught at the lens, mm/s.
    pub draught: i64,
}

/// A reason not to coat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The sol is too thin or too thick for the correction to hold.
    Viscosity(i64),
    /// The air is outside 34 to 42 %.
    Humidity(i64),
    /// The bath is not at 12.0 ± 0.3 °C.
    Bath(i64),
    /// The level is off by more than 1.5 mm.
    Level(i64),
    /// The air moves at 50 mm/s or more.
    Draught(i64),
    /// The lens does not fit the profile.
    Lens(i64),
    /// The encoder reports a lens that moves back into the bath.
    Backwards {
        /// Depth reported before.
        from: i64,
        /// Depth reported now.
        to: i64,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Viscosity(v) => {
                write!(f, "viscosity {v} µPa·s is outside 1860 to 1940: do not coat from this bath")
            }
            Stop::Humidity(h) => write!(f, "humidity {}.{} % is outside 34 to 42 %", h / 10, (h % 10).abs()),
            Stop::Bath(t) => {
                write!(f, "bath at {}.{:02} °C is outside 11.70 to 12.30", t / 100, (t % 100).abs())
            }
            Stop::Level(l) => write!(f, "level is off by {l} µm; at most 1500 are allowed"),
            Stop::Draught(d) => write!(f, "draught of {d} mm/s at the lens; it must stay below 50"),
            Stop::Lens(d) => write!(f, "a lens of {d} µm does not fit the profile (12000 to 80000)"),
            Stop::Backwards { from, to } => {
                write!(f, "encoder went back from {from} to {to} µm: check its coupling")
            }
        }
    }
}

impl std::error::Error for Stop {}

impl Conditions {
    /// Holds section 4's limits against what was measured.
    ///
    /// # Errors
    /// The first limit that is not kept.
    pub fn check(&self) -> Result<(), Stop> {
        if !(1_860..=1_940).contains(&self.viscosity) {
            return Err(Stop::Viscosity(self.viscosity));
        }
        if !(340..=420).contains(&self.humidity) {
            return Err(Stop::Humidity(self.humidity));
        }
        if !(1_170..=1_230).contains(&self.bath) {
            return Err(Stop::Bath(self.bath));
        }
        if self.level.abs() > 1_500 {
            return Err(Stop::Level(self.level));
        }
        if self.draught >= 50 {
            return Err(Stop::Draught(self.draught));
        }
        Ok(())
    }

    /// What every speed is multiplied by today, in parts per million: (1.90 mPa·s / viscosity) ^ 0.88.
    fn factor_ppm(&self) -> i64 {
        let ratio = NOMINAL_VISCOSITY as f64 / self.viscosity as f64;
        (ratio.powf(VISCOSITY_EXPONENT) * 1e6).round() as i64
    }
}

/// The speeds for one lens on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    diameter: i64,
    factor_ppm: i64,
}

impl Profile {
    /// Prepares the profile of a lens of `diameter` micrometres.
    ///
    /// # Errors
    /// The lens does not fit, or a condition of coating is not met.
    pub fn new(diameter: i64, today: &Conditions) -> Result<Self, Stop> {
        today.check()?;
        if !(SHORTEST..=LONGEST).contains(&diameter) {
            return Err(Stop::Lens(diameter));
        }
        // Small lenses end before the rise does; they are pulled at the speed of the rise and leave from there.
        Ok(Self { diameter, factor_ppm: today.factor_ppm() })
    }

    /// The speed at `depth`, or 0 once the lens is out.
    #[must_use]
    pub fn speed(&self, depth: i64) -> i64 {
        if depth >= self.diameter {
            return 0;
        }
        let exit_begins = self.diameter - EXIT_LENGTH;
        let nominal = if depth < exit_begins {
            Self::before_exit(depth)
        } else {
            let from = Self::before_exit(exit_begins);
            ease(from, EXIT.min(from), depth - exit_begins, EXIT_LENGTH)
        };
        nominal * self.factor_ppm / 1_000_000
    }

    /// The stages that come before the exit, as if the lens had no end.
    fn before_exit(depth: i64) -> i64 {
        match depth {
            ..LIFT_OFF_ENDS => LIFT_OFF,
            LIFT_OFF_ENDS..RISE_ENDS => {
                ease(LIFT_OFF, MAIN, depth - LIFT_OFF_ENDS, RISE_ENDS - LIFT_OFF_ENDS)
            }
            _ => MAIN - (depth - RISE_ENDS) * SLOPE_PER_METRE / 1_000_000,
        }
    }
}

/// Goes from `from` to `to` over `length` along 3x² − 2x³, which begins and ends level.
fn ease(from: i64, to: i64, at: i64, length: i64) -> i64 {
    let at = at.clamp(0, length);
    let (x, l) = (i128::from(at), i128::from(length));
    let change = i128::from(to - from) * x * x * (3 * l - 2 * x) / (l * l * l);
    // |change| is at most |to - from|, so it fits again.
    from + change as i64
}

/// What the drive shall do until the next tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Pull at this speed.
    Pull(i64),
    /// Stand still above the bath for so many milliseconds more.
    Rest(i64),
    /// The carrier may move on.
    Done,
}

/// Follows one lens out of the bath.
#[derive(Debug)]
pub struct Withdrawal {
    profile: Profile,
    depth: i64,
    speed: i64,
    rested: i64,
}

impl Withdrawal {
    /// Begins with the upper edge at the surface.
    #[must_use]
    pub fn begin(profile: Profile) -> Self {
        let speed = profile.speed(0);
        Self { profile, depth: 0, speed, rested: 0 }
    }

    /// Takes the encoder's depth and the sensors' values after `elapsed` milliseconds, and says what to do next.
    ///
    /// # Errors
    /// A condition failed on the way: the drive must stop, and the carrier is held. Viscosity is not measured during
    /// a withdrawal; the morning's value is carried in `now`.
    pub fn tick(&mut self, depth: i64, elapsed: i64, now: &Conditions) -> Result<Drive, Stop> {
        now.check()?;
        if depth < self.depth {
            return Err(Stop::Backwards { from: self.depth, to: depth });
        }
        self.depth = depth;
        let wanted = self.profile.speed(depth);
        if wanted == 0 {
            self.speed = 0;
            self.rested += elapsed.max(0);
            let left = REST - self.rested;
            return Ok(if left > 0 { Drive::Rest(left) } else { Drive::Done });
        }
        self.speed += (wanted - self.speed).clamp(-LARGEST_STEP, LARGEST_STEP);
        Ok(Drive::Pull(self.speed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Conditions =
        Conditions { viscosity: 1_900, humidity: 380, bath: 1_200, level: 0, draught: 20 };

    #[test]
    fn speeds_are_those_of_the_specification() {
        let lens = Profile::new(80_000, &GOOD).unwrap();
        let at = [(0, 600), (2_999, 600), (7_000, 1_475), (11_000, 2_350), (51_000, 2_090), (80_000, 0)];
        for (depth, speed) in at {
            assert_eq!(lens.speed(depth), speed, "at {depth} µm");
        }
        assert!((1_100..1_105).contains(&lens.speed(79_999)));
    }

    #[test]
    fn a_thin_sol_is_pulled_faster_and_a_thick_one_slower() {
        let thin = Profile::new(25_000, &Conditions { viscosity: 1_860, ..GOOD }).unwrap();
        let thick = Profile::new(25_000, &Conditions { viscosity: 1_940, ..GOOD }).unwrap();
        assert_eq!((thin.speed(11_000), thick.speed(11_000)), (2_394, 2_307));
    }

    #[test]
    fn damp_air_stops_the_line_before_and_during_a_withdrawal() {
        let damp = Conditions { humidity: 421, ..GOOD };
        assert_eq!(Profile::new(25_000, &damp), Err(Stop::Humidity(421)));
        let mut lens = Withdrawal::begin(Profile::new(25_000, &GOOD).unwrap());
        assert_eq!(lens.tick(10, 10, &GOOD), Ok(Drive::Pull(600)));
        assert_eq!(lens.tick(20, 10, &damp), Err(Stop::Humidity(421)));
    }

    #[test]
    fn every_lens_comes_out_without_a_jump_and_then_rests() {
        for diameter in (SHORTEST..=LONGEST).step_by(4_000) {
            let mut lens = Withdrawal::begin(Profile::new(diameter, &GOOD).unwrap());
            let (mut depth, mut speed, mut rests) = (0, 600, 0);
            loop {
                match lens.tick(depth, 10, &GOOD).unwrap() {
                    Drive::Pull(next) => {
                        assert!(
                            (next - speed).abs() <= LARGEST_STEP,
                            "{diameter} µm: {speed} to {next} at {depth}"
                        );
                        speed = next;
                        depth += (speed / 100).max(1);
                    }
                    Drive::Rest(_) => rests += 1,
                    Drive::Done => break,
                }
            }
            assert_eq!(rests, REST / 10 - 1);
        }
    }
}
