/** Whoever waits for something to become true. Costs nothing while nobody does. */
export class Watchers {
  readonly #waiting = new Set<Watcher>();

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.add({ condition, resolve, reject }));
  }

  /** Asks every condition again. */
  notify(): void {
    for (const watcher of this.#waiting) {
      if (!watcher.condition()) continue;
      this.#waiting.delete(watcher);
      watcher.resolve();
    }
  }

  close(): void {
    for (const { reject } of this.#waiting) reject(new Error('The sandbox was closed before the condition held.'));
    this.#waiting.clear();
  }
}

interface Watcher {
  readonly condition: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}
