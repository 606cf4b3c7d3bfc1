// What this page was told when its browser was signed in. Asked for anew with every request: another window may have signed in since.
const KEPT_AS = "whatisup-page";

// Where nothing may be kept it holds until the window closes.
let held: string | null = null;

export function kept(): string | null {
  try {
    return held ?? localStorage.getItem(KEPT_AS);
  } catch {
    return held;
  }
}

export function keep(secret: string | null): void {
  held = secret;
  try {
    if (secret === null) localStorage.removeItem(KEPT_AS);
    else {
      localStorage.setItem(KEPT_AS, secret);
      held = null;
    }
  } catch {
    // As said above.
  }
}
