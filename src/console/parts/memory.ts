/** What the browser keeps for this operator between visits; nothing when it is told to keep nothing. */
export function recall(key: string): string | null {
  try {
    return window.localStorage.getItem(`beckon.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    window.localStorage.setItem(`beckon.${key}`, value);
  } catch {
    // A private window may refuse; the choice then lasts as long as the page.
  }
}

export function forget(key: string): void {
  try {
    window.localStorage.removeItem(`beckon.${key}`);
  } catch {
    // What was refused was never kept.
  }
}
