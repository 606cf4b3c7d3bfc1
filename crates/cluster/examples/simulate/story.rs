//! What happens to a cluster of a given size, in order: it runs, is restarted worker by worker, loses a rack, gets it
//! back, and loses its Redis for a minute.

use crate::costs;
use crate::figures::Figures;
use crate::world::{SECOND, World};
use cluster::Pace;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Everything, at the pace that workers keep.
    Whole,
    /// Only the outage, and everybody comes back at once.
    Herd,
}

pub struct Told {
    pub channels: usize,
    pub places: usize,
    pub nodes: usize,
    pub phases: Vec<Figures>,
    pub violations: Vec<String>,
}

/// Workers for so many channels, with some to spare.
pub fn places(channels: usize) -> usize {
    let needed = channels as f64 / (costs::WORKER_CHANNELS.value * (1.0 - costs::SPARE.value));
    (needed.ceil() as usize).max(3)
}

/// Redis masters for leases and traffic.
pub fn nodes(operations: f64) -> usize {
    (operations / (costs::REDIS_OPS.value * costs::REDIS_USE.value)).ceil().max(1.0) as usize
}

pub fn tell(channels: usize, plot: Plot, seed: u64) -> Told {
    let places = places(channels);
    let nodes = nodes(crate::sizing::redis_operations(channels, places));
    let pace = match plot {
        Plot::Whole => Pace::DEFAULT,
        Plot::Herd => Pace::NONE,
    };
    // What it takes to bring everybody up, twice; nobody waits longer, and for the herd no longer than it takes to see.
    let twice = (channels as f64 / Pace::DEFAULT.in_all.min(50.0 * places as f64) * 2.0) as u64 + 120;
    let patience = match plot {
        Plot::Whole => twice,
        Plot::Herd => twice.min(600),
    };
    let mut world = World::new(channels, places, nodes, Pace::NONE, seed);
    let mut phases = Vec::new();

    world.free = true;
    (0..places).for_each(|place| world.start(place));
    until(&mut world, patience, |world| world.down_now == 0);
    let began = world.now;
    let _ = world.close_phase("the beginning", began);
    world.free = false;
    world.set_pace(pace);
    if plot == Plot::Whole {
        phase(&mut world, &mut phases, "an hour in which nothing happens (60 s of it)", |world| world.run(60 * SECOND));
        phase(&mut world, &mut phases, "rolling restart of all workers", |world| restart(world, patience));
        phase(&mut world, &mut phases, "a rack is lost (every fifth worker)", |world| {
            (0..places).step_by(5).for_each(|place| world.kill(place));
            until(world, patience, |world| world.down_now == 0);
        });
        phase(&mut world, &mut phases, "the rack comes back (two minutes at most)", |world| {
            (0..places).step_by(5).for_each(|place| world.start(place));
            world.run(10 * SECOND);
            until(world, 110, |world| world.down_now == 0 && world.misplaced() == 0);
        });
    }
    let name = match plot {
        Plot::Whole => "Redis away for 60 s, then everybody comes back, staggered",
        Plot::Herd => "the same, everybody at once",
    };
    phase(&mut world, &mut phases, name, |world| {
        world.redis.down = true;
        world.run(60 * SECOND);
        world.redis.down = false;
        until(world, patience, |world| world.down_now == 0);
    });
    Told { channels, places, nodes, phases, violations: world.violations }
}

fn phase(world: &mut World, phases: &mut Vec<Figures>, name: &'static str, what: impl FnOnce(&mut World)) {
    let began = world.now;
    what(world);
    phases.push(world.close_phase(name, began));
}

/// One in twenty at a time; the next ones go when these have been back for ten seconds.
fn restart(world: &mut World, patience: u64) {
    let places: Vec<usize> = (0..world.places.len()).collect();
    let grace = Duration::from_secs(60);
    for wave in places.chunks((places.len() / 20).max(1)) {
        wave.iter().for_each(|place| world.drain(*place, grace));
        until(world, 60, |world| wave.iter().all(|place| world.has_left(*place)));
        wave.iter().for_each(|place| world.kill(*place));
        world.run(3 * SECOND);
        wave.iter().for_each(|place| world.start(*place));
        world.run(10 * SECOND);
    }
    until(world, patience, |world| world.down_now == 0 && world.misplaced() == 0);
}

fn until(world: &mut World, seconds: u64, so: impl Fn(&World) -> bool) {
    for _ in 0..seconds {
        if so(world) {
            return;
        }
        world.run(SECOND);
    }
}
