import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arming, ARMED_AFTER_MS, notByEnter } from "../src/state/arming.svelte";
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
