import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arming, ARMED_AFTER_MS, notByEnter } from "../src/state/arming.svelte";
import { Reading, sightOf } from "../src/state/reading.svelte";
import { Turn } from "../src/state/turn.svelte";

describe("a button that decides something", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const click = (detail = 1) => new MouseEvent("click", { detail });
  const press = () => dispatchEvent(new Event("pointerdown"));

  it("takes no click before a person can have seen what it decides", () => {
    const arming = new Arming();
    const end = arming.watch();
    vi.advanceTimersByTime(ARMED_AFTER_MS - 1);
    press();
    expect([arming.armed, arming.allows(click())]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    // The press was before, only its end is now: it was meant for what lay there.
    expect([arming.armed, arming.allows(click())]).toEqual([true, false]);
    vi.advanceTimersByTime(10);
    press();
    expect(arming.allows(click())).toBe(true);
    end();
  });

  it("waits again when the window comes to the front: the click that raised it decides nothing", () => {
    const arming = new Arming();
    const end = arming.watch();
    vi.advanceTimersByTime(ARMED_AFTER_MS);
    press();
    dispatchEvent(new Event("focus"));
    expect([arming.armed, arming.allows(click())]).toEqual([false, false]);
    vi.advanceTimersByTime(ARMED_AFTER_MS);
    expect(arming.allows(click())).toBe(false);
    vi.advanceTimersByTime(1);
    press();
    expect(arming.allows(click())).toBe(true);
    end();
  });

  it("takes the keyboard once it is armed, by Space and not by Enter", () => {
    const arming = new Arming();
    const end = arming.watch();
    expect(arming.allows(click(0))).toBe(false);
    vi.advanceTimersByTime(ARMED_AFTER_MS);
    expect(arming.allows(click(0))).toBe(true);
    const key = (name: string) => {
      const event = new KeyboardEvent("keydown", { key: name, cancelable: true });
      notByEnter(event);
      return event.defaultPrevented;
    };
    expect([key("Enter"), key(" "), key("Escape")]).toEqual([true, false, false]);
    end();
  });
});

describe("a text that is approved", () => {
  const nothing = { whole: false, end: false };
  const end = { whole: false, end: true };
  const whole = { whole: true, end: true };

  it("is read when all of it is in sight, or its end has been", () => {
    const reading = new Reading();
    // Not looked at yet: nothing can be approved, and nothing is asked of the person.
    expect([reading.done(false), reading.waits(false)]).toEqual([false, false]);
    reading.look(nothing, false);
    expect([reading.done(false), reading.waits(false)]).toEqual([false, true]);
    reading.look(end, false);
    reading.look(nothing, false);
    expect([reading.done(false), reading.waits(false)]).toEqual([true, false]);
    const short = new Reading();
    short.look(whole, false);
    expect(short.done(false)).toBe(true);
    short.look(nothing, false);
    expect(short.done(false)).toBe(false);
  });

  it("stays read when a person changes it, but what they took away unread does not come back as read", () => {
    const read = new Reading();
    read.look(end, false);
    read.look(nothing, true);
    expect(read.done(true)).toBe(true);
    const cut = new Reading();
    cut.look(nothing, false);
    cut.look(whole, true);
    expect(cut.done(true)).toBe(true);
    cut.look(nothing, false);
    expect(cut.done(false)).toBe(false);
    const grown = new Reading();
    grown.look(end, true);
    expect([grown.done(true), grown.done(false)]).toEqual([true, false]);
  });

  it("is in sight as far as its field and what is around it are scrolled", () => {
    const at = (top: number, bottom: number, more = {}) => Object.assign(document.createElement("div"), { getBoundingClientRect: () => ({ top, bottom }) as DOMRect }, more);
    const field = (top: number, bottom: number, text: number, scrolled = 0) => {
      const made = at(top, bottom);
      Object.defineProperties(made, { scrollHeight: { value: text }, clientHeight: { value: bottom - top }, scrollTop: { value: scrolled } });
      return made;
    };
    const view = at(0, 400);
    expect(sightOf(field(100, 300, 200), view)).toEqual({ whole: true, end: true });
    expect(sightOf(field(100, 300, 900), view)).toEqual({ whole: false, end: false });
    expect(sightOf(field(100, 300, 900, 650), view)).toEqual({ whole: false, end: false });
    expect(sightOf(field(100, 300, 900, 700), view)).toEqual({ whole: false, end: true });
    // Below the fold, and partly above it.
    expect(sightOf(field(300, 500, 200), view)).toEqual({ whole: false, end: false });
    expect(sightOf(field(-100, 100, 200), view)).toEqual({ whole: false, end: true });
    expect(sightOf(field(-300, -100, 200), view)).toEqual({ whole: false, end: false });
  });
});

describe("what waits for a person", () => {
  const one = (id: string) => ({ id });

  it("is put one after another, the oldest first", () => {
    const turn = new Turn<{ id: string }, string>();
    turn.see([one("a"), one("b")]);
    expect([turn.shown?.id, turn.behind([one("a"), one("b")])]).toEqual(["a", 1]);
    turn.answered("allowed");
    turn.see([one("b")]);
    expect([turn.shown?.id, turn.result]).toEqual(["a", "allowed"]);
    turn.next([one("b")]);
    expect([turn.shown?.id, turn.result]).toEqual(["b", null]);
  });

  it("is never swapped under the pointer: what is gone says so, and what is new waits", () => {
    const turn = new Turn<{ id: string }, string>();
    turn.see([one("a")]);
    turn.see([one("b"), one("a")]);
    expect(turn.shown?.id).toBe("a");
    turn.see([one("b")]);
    expect([turn.shown?.id, turn.result]).toEqual(["a", "gone"]);
  });

  it("does not come back when a late answer still lists it", () => {
    const turn = new Turn<{ id: string }, string>();
    turn.see([one("a")]);
    turn.answered("denied");
    turn.next([one("a")]);
    expect([turn.shown, turn.behind([one("a")])]).toEqual([null, 0]);
  });

  it("begins with the one that was chosen", () => {
    const turn = new Turn<{ id: string }, string>();
    turn.see([one("a"), one("b")], "b");
    expect(turn.shown?.id).toBe("b");
  });
});
