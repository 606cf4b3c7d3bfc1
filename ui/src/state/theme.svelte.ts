// Light, dark, or whatever the system says. public/theme.js does the same before the first paint.

export type ThemeChoice = "system" | "light" | "dark";
const KEPT_AS = "whatisup.theme";

class Theme {
  choice = $state<ThemeChoice>(kept());
  #system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    this.#system.addEventListener("change", () => this.#show());
    // Another window of ours may change it.
    addEventListener("storage", (event) => {
      if (event.key === KEPT_AS) {
        this.choice = kept();
        this.#show();
      }
    });
    this.#show();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      if (choice === "system") localStorage.removeItem(KEPT_AS);
      else localStorage.setItem(KEPT_AS, choice);
    } catch {
      // Then it holds until the window closes.
    }
    this.#show();
  }

  #show(): void {
    const dark = this.choice === "dark" || (this.choice === "system" && this.#system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
}

function kept(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEPT_AS);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = new Theme();
